//! The published contract: it is the code's, it is complete, and a client can rely on every value's bounds.

use std::collections::{BTreeMap, BTreeSet};

use chairside::api;
use serde_json::Value;

use crate::architecture::source::root;

/// The operations that need no sign-in. The list may only shrink.
const PUBLIC: [&str; 8] = [
    "health_live",
    "health_ready",
    "version_read",
    "auth_login",
    "auth_refresh",
    "auth_factor",
    "auth_link",
    "installation_claim",
];

/// One operation of the document.
pub struct Operation {
    /// Upper case.
    pub method: String,
    /// With `{id}`.
    pub path: String,
    /// Everything else.
    pub value: Value,
}

impl Operation {
    /// Its `operationId`.
    pub fn id(&self) -> &str {
        self.value["operationId"].as_str().unwrap_or_default()
    }

    fn body(&self) -> Option<&Value> {
        self.value["requestBody"]["content"].as_object().and_then(|content| content.values().next())
    }
}

/// The document the code makes.
pub fn document() -> Value {
    serde_json::to_value(api::endpoint::document(&api::all())).expect("a document")
}

/// Its operations.
pub fn operations(document: &Value) -> Vec<Operation> {
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, value) in item.as_object().expect("a path item") {
            if ["get", "post", "put", "patch", "delete"].contains(&method.as_str()) {
                found.push(Operation { method: method.to_uppercase(), path: path.clone(), value: value.clone() });
            }
        }
    }
    found
}

/// What a reference points at.
pub fn resolve<'d>(document: &'d Value, value: &'d Value) -> &'d Value {
    match value["$ref"].as_str() {
        Some(reference) => document.pointer(reference.trim_start_matches('#')).expect("a reference to something"),
        None => value,
    }
}

/// Collects complaints and panics with all of them.
fn complain(complaints: Vec<String>) {
    assert!(complaints.is_empty(), "{} complaints:\n{}", complaints.len(), complaints.join("\n"));
}

#[test]
fn the_committed_contract_is_the_one_the_code_makes() {
    let path = root().join("openapi/openapi.json");
    let made = chairside::cli::openapi().expect("JSON") + "\n";
    if std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(&path, &made).expect("the contract is written");
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    let first = made.lines().zip(committed.lines()).enumerate().find(|(_, (made, committed))| made != committed);
    assert!(
        made == committed,
        "openapi/openapi.json is not what the code makes, first at {first:?}; look at UPDATE=1's diff"
    );
}

#[test]
fn every_operation_has_a_name_of_its_own_a_tag_and_a_summary() {
    let document = document();
    let mut names = BTreeSet::new();
    let mut found = Vec::new();
    for operation in operations(&document) {
        let id = operation.id().to_owned();
        let place = format!("{} {}", operation.method, operation.path);
        let well_named = id.contains('_') && id.chars().all(|c| c.is_ascii_lowercase() || c == '_');
        if !well_named || !names.insert(id.clone()) {
            found.push(format!("{place}: operationId {id:?} is not <resource>_<verb>, once"));
        }
        if operation.value["tags"].as_array().is_none_or(|tags| tags.len() != 1) {
            found.push(format!("{place}: one tag"));
        }
        let summary = operation.value["summary"].as_str().unwrap_or_default();
        if summary.len() < 5 || summary.ends_with('.') || summary.starts_with(char::is_lowercase) {
            found.push(format!("{place}: summary {summary:?}"));
        }
    }
    complain(found);
}

#[test]
fn every_operation_but_the_listed_few_asks_for_a_token_and_names_its_roles() {
    let document = document();
    let mut public = BTreeSet::new();
    for operation in operations(&document) {
        let secured = operation.value["security"].as_array().is_some_and(|security| !security.is_empty());
        if secured {
            assert!(operation.value["x-roles"].is_array(), "{}: x-roles", operation.id());
        } else {
            public.insert(operation.id().to_owned());
        }
    }
    assert!(public.iter().all(|id| PUBLIC.contains(&id.as_str())), "open to everybody: {public:?}");
}

#[test]
fn every_error_is_a_problem_and_every_success_is_described() {
    let document = document();
    let mut found = Vec::new();
    for operation in operations(&document) {
        let responses = operation.value["responses"].as_object().expect("responses");
        let successes = responses.keys().filter(|status| status.starts_with('2')).count();
        if successes == 0 {
            found.push(format!("{}: no success", operation.id()));
        }
        for (status, response) in responses {
            let content = &response["content"];
            if response["description"].as_str().is_none_or(str::is_empty) {
                found.push(format!("{} {status}: no description", operation.id()));
            }
            let problem = content["application/problem+json"]["schema"]["$ref"] == "#/components/schemas/Problem";
            if !status.starts_with(['2', '3']) && !problem {
                found.push(format!("{} {status}: is no problem+json", operation.id()));
            }
            if status.starts_with('2') && status != "204" && !content.is_object() {
                found.push(format!("{} {status}: no schema", operation.id()));
            }
        }
    }
    complain(found);
}

#[test]
fn every_body_has_an_example_and_refuses_what_it_does_not_know() {
    let document = document();
    let mut found = Vec::new();
    for operation in operations(&document) {
        let Some(body) = operation.body() else { continue };
        let schema = resolve(&document, &body["schema"]);
        let has_members = schema["properties"].as_object().is_some_and(|members| !members.is_empty());
        if has_members && example(&document, body).is_none() {
            found.push(format!("{}: no example", operation.id()));
        }
        let open = ["sessions_stop", "sessions_pause"].contains(&operation.id());
        if schema["additionalProperties"] != Value::Bool(false) && !open && schema["type"] == "object" {
            found.push(format!("{}: takes unknown members", operation.id()));
        }
    }
    complain(found);
}

/// The example of a body: on the media type, on its schema, or put together from the examples of its members.
pub fn example(document: &Value, body: &Value) -> Option<Value> {
    if body["example"].is_null() { assembled(document, &body["schema"]) } else { Some(body["example"].clone()) }
}

/// A value of a schema, from what the document says of it.
pub fn assembled(document: &Value, schema: &Value) -> Option<Value> {
    if !schema["example"].is_null() {
        return Some(schema["example"].clone());
    }
    let schema = resolve(document, schema);
    let said = [&schema["example"], &schema["examples"][0], &schema["const"], &schema["enum"][0]];
    if let Some(said) = said.into_iter().find(|said| !said.is_null()) {
        return Some(said.clone());
    }
    for several in ["oneOf", "anyOf", "allOf"] {
        if let Some(first) = schema[several].as_array().and_then(|all| all.iter().find(|one| one["type"] != "null")) {
            return assembled(document, first);
        }
    }
    let kind = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null")?,
        kind => kind.as_str()?,
    };
    match kind {
        "object" => {
            let needed = schema["required"].as_array().map(Vec::as_slice).unwrap_or_default();
            let member = |name: &Value| {
                let name = name.as_str()?;
                Some((name.to_owned(), assembled(document, &schema["properties"][name])?))
            };
            needed.iter().map(member).collect::<Option<serde_json::Map<_, _>>>().map(Value::Object)
        }
        "array" => assembled(document, &schema["items"]).map(|item| Value::Array(vec![item])),
        "boolean" => Some(true.into()),
        "integer" => Some(if schema["minimum"].is_null() { 1.into() } else { schema["minimum"].clone() }),
        _ => match schema["format"].as_str() {
            Some("uuid") => Some("0190a5c0-0000-7000-8000-000000000001".into()),
            Some("date") => Some("2026-03-02".into()),
            Some("date-time") => Some("2026-03-02T15:00:00Z".into()),
            _ => None,
        },
    }
}

#[test]
fn no_amount_is_a_floating_point_number() {
    let document = document();
    let mut found = Vec::new();
    each_schema(&document, &document["components"]["schemas"], "#", &mut |place, schema| {
        if schema["type"] == "number" || schema["type"].as_array().is_some_and(|kinds| kinds.contains(&"number".into()))
        {
            found.push(format!("{place}: a number with a fraction; send a decimal string or a whole number"));
        }
    });
    complain(found);
}

#[test]
fn every_value_a_client_sends_has_bounds() {
    let document = document();
    let mut found = BTreeMap::new();
    for operation in operations(&document) {
        let mut note = |place: &str, schema: &Value| {
            if let Some(missing) = unbounded(schema) {
                found.entry(place.to_owned()).or_insert(missing);
            }
        };
        if let Some(body) = operation.body() {
            let name =
                body["schema"]["$ref"].as_str().and_then(|name| name.rsplit('/').next()).unwrap_or(operation.id());
            each_schema(&document, &body["schema"], name, &mut note);
        }
        for parameter in operation.value["parameters"].as_array().into_iter().flatten() {
            let name = format!("parameter {}", parameter["name"]);
            each_schema(&document, &parameter["schema"], &name, &mut note);
        }
    }
    complain(found.into_iter().map(|(place, missing)| format!("{place}: {missing}")).collect());
}

/// What a schema of one value lacks.
fn unbounded(schema: &Value) -> Option<&'static str> {
    let is = |kind: &str| {
        schema["type"] == kind || schema["type"].as_array().is_some_and(|kinds| kinds.contains(&kind.into()))
    };
    let has = |name: &str| !schema[name].is_null();
    let closed = has("enum") || has("const") || has("format") || has("pattern");
    if is("string") && !closed && !has("maxLength") {
        return Some("a text without maxLength, pattern, format or enum");
    }
    if is("integer") && !has("format") && !(has("minimum") && has("maximum")) {
        return Some("a whole number without format, or minimum and maximum");
    }
    (is("array") && !has("maxItems")).then_some("a list without maxItems")
}

/// Calls `visit` for a schema and every schema inside it, with the way to it; references are followed once each.
fn each_schema(document: &Value, schema: &Value, place: &str, visit: &mut dyn FnMut(&str, &Value)) {
    walk(document, schema, place, &mut BTreeSet::new(), visit);
}

fn walk(
    document: &Value,
    schema: &Value,
    place: &str,
    seen: &mut BTreeSet<String>,
    visit: &mut dyn FnMut(&str, &Value),
) {
    match schema {
        Value::Object(members) => {
            if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
                if seen.insert(reference.to_owned()) {
                    let name = reference.rsplit('/').next().unwrap_or(place);
                    walk(document, resolve(document, schema), name, seen, visit);
                }
                return;
            }
            visit(place, schema);
            for (name, member) in
                members.iter().filter(|(name, _)| !["example", "examples", "default", "enum"].contains(&name.as_str()))
            {
                let inner = if ["properties", "items", "oneOf", "anyOf", "allOf"].contains(&name.as_str()) {
                    place.to_owned()
                } else {
                    format!("{place}.{name}")
                };
                // What is in a list is bounded by the list and by the size of a body.
                let text_in_a_list = name == "items" && member["type"] == "string";
                if name != "propertyNames" && !text_in_a_list {
                    walk(document, member, &inner, seen, visit);
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| walk(document, item, place, seen, visit)),
        _ => {}
    }
}
