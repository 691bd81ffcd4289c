//! A clinic that holds a record of every kind, and how to call any operation about one of them.

use std::collections::BTreeMap;

use serde_json::Value;
use uuid::Uuid;

use crate::contract::{Operation, assembled, example};
use crate::schema::catalogue::{Catalogue, Database};
use crate::support::{Actor, Answer, Clinic, Kind, canary};

/// Tables whose rows a denied call may add: the trail, and what sign-ins leave.
const MAY_GROW: [&str; 8] = [
    "sign_in_limits",
    "audit_heads",
    "audit_events",
    "audit_subjects",
    "audit_details",
    "login_sessions",
    "refresh_tokens",
    "signing_tokens",
];

/// The clinic, and the records in it.
pub struct World {
    pub clinic: Clinic,
    /// The patient whose records were planted.
    pub patient: String,
    /// An open audit case about that patient.
    pub case: String,
    /// An open audit case about somebody else.
    pub other_case: String,
    catalogue: Catalogue,
    ids: BTreeMap<String, String>,
    /// The table of every record of this clinic, and one record next door for each table.
    kinds: BTreeMap<Uuid, String>,
    next_door: BTreeMap<String, Uuid>,
}

/// How to call one operation.
#[derive(Clone)]
pub struct Call {
    pub method: String,
    pub path: String,
    query: Vec<(String, String)>,
    body: Option<Value>,
}

/// Where an id stands in a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    Path,
    /// Which parameter.
    Query(usize),
    /// A pointer to it.
    Body(String),
}

impl World {
    pub fn with_a_record_of_every_kind(kind: Kind) -> Self {
        let mut clinic = Clinic::open(kind);
        // A refusal must show nothing of one's own clinic either.
        clinic.marks = true;
        let planted = super::plant::everything(&clinic);
        super::plant::everything(clinic.next_door());
        let [here, there] = [&clinic, clinic.next_door()].map(canary::every_id);
        canary::own(clinic.id, here.iter().map(|(_, id)| *id));
        canary::own(clinic.next_door().id, there.iter().map(|(_, id)| *id));
        let kinds = here.into_iter().map(|(table, id)| (id, table)).collect();
        let next_door = there.into_iter().collect();
        let mut database = Database::of(&clinic.url);
        let catalogue = database.catalogue();
        let mut ids = BTreeMap::new();
        for table in catalogue
            .iter()
            .filter(|(_, table)| table.columns.contains_key("id") && table.columns.contains_key("clinic_id"))
        {
            let name = table.0;
            let id = match database {
                Database::Sqlite(_) => "lower(hex(id))",
                Database::Postgres(_) => "replace(id::text, '-', '')",
            };
            let found = database.lines(&format!(
                "SELECT {id} AS line FROM {name} WHERE clinic_id = {} ORDER BY id LIMIT 1 OFFSET {}",
                literal(&database, &clinic),
                // The first of the staff is one of those who ask: a change to their own membership would end the test.
                i64::from(name == "staff")
            ));
            if let Some(row) = found.first() {
                ids.insert(name.clone(), hyphenated(&row[0]));
            }
        }
        let [patient, case, other_case] = planted;
        Self { clinic, patient, case, other_case, catalogue, ids, kinds, next_door }
    }

    /// A record next door of the kind that stands in this place of a request.
    pub fn foreign(&self, call: &Call, place: &Place) -> String {
        let own = if *place == Place::Path { self.own_id(call) } else { call.at(place) };
        let kind = Uuid::parse_str(&own).ok().and_then(|id| self.kinds.get(&id));
        let there = kind.and_then(|kind| self.next_door.get(kind)).copied();
        there.unwrap_or_else(|| self.clinic.next_door().staff_id("nurse").uuid()).to_string()
    }

    /// A record of the kind this operation is about; for an operation about none, an id that is not used.
    pub fn own_id(&self, call: &Call) -> String {
        call.table().and_then(|table| self.ids.get(&table).cloned()).unwrap_or_else(|| super::UNKNOWN.into())
    }

    /// Whether there is a record for this operation to be about: without one, nothing would be proved.
    pub fn holds_what_it_needs(&self, call: &Call) -> bool {
        call.table().is_none_or(|table| self.ids.contains_key(&table))
    }

    /// How to call an operation with the published examples, about the records planted here.
    pub fn call(&self, document: &Value, operation: &Operation) -> Call {
        let mut call = Call::of(document, operation);
        if let Some(body) = &mut call.body {
            self.name_planted_records(body);
            // The rows of a batch are decided one by one; one is enough to tell who may.
            if let Some(rows) =
                body.get_mut("items").and_then(Value::as_array_mut).filter(|_| call.path.ends_with("/batch"))
            {
                rows.truncate(1);
            }
        }
        for (name, value) in &mut call.query {
            if let Some(id) = self.planted(name) {
                *value = id;
            }
        }
        call
    }

    /// The planted record that a member such as `patient_id` can name.
    fn planted(&self, member: &str) -> Option<String> {
        let noun = member.strip_suffix("_id")?;
        self.ids.get(&format!("{noun}s")).cloned()
    }

    fn name_planted_records(&self, body: &mut Value) {
        match body {
            Value::Object(members) => {
                for (name, value) in members.iter_mut() {
                    match self.planted(name) {
                        Some(id) if value.is_string() => *value = id.into(),
                        _ => self.name_planted_records(value),
                    }
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.name_planted_records(item)),
            _ => {}
        }
    }

    /// Everything this clinic and the one next door hold, apart from what a refusal may add.
    pub fn content(&self) -> Vec<Vec<String>> {
        let mut database = Database::of(&self.clinic.url);
        let mut found = Vec::new();
        for (name, table) in &self.catalogue {
            if MAY_GROW.contains(&name.as_str()) || !table.columns.contains_key("clinic_id") {
                continue;
            }
            let text: Vec<_> = table
                .columns
                .keys()
                .map(|column| match database {
                    Database::Sqlite(_) => format!("quote({column})"),
                    Database::Postgres(_) => format!("quote_nullable({column}::text)"),
                })
                .collect();
            let clinics = [&self.clinic, self.clinic.next_door()].map(|clinic| literal(&database, clinic)).join(", ");
            let sql = format!(
                "SELECT {} AS line FROM {name} WHERE clinic_id IN ({clinics}) ORDER BY 1",
                text.join(" || ';' || ")
            );
            found.extend(database.lines(&sql).into_iter().map(|mut row| {
                row.insert(0, name.clone());
                row
            }));
        }
        found
    }
}

/// Resources whose table has another name.
const TABLES: [(&str, &str); 0] = [];

fn literal(database: &Database, clinic: &Clinic) -> String {
    match database {
        Database::Sqlite(_) => format!("x'{}'", clinic.id.uuid().simple()),
        Database::Postgres(_) => format!("'{}'", clinic.id),
    }
}

fn hyphenated(hex: &str) -> String {
    uuid::Uuid::parse_str(hex).expect("an id").to_string()
}

impl Call {
    pub fn of(document: &Value, operation: &Operation) -> Self {
        let content = operation.value["requestBody"]["content"].as_object();
        let body = content.and_then(|content| content.values().next());
        let body = body.map(|body| example(document, body).unwrap_or_else(|| serde_json::json!({})));
        let parameters = operation.value["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
        let needed = parameters.iter().filter(|parameter| parameter["in"] == "query" && parameter["required"] == true);
        let query = needed
            .map(|parameter| {
                let said = Some(&parameter["example"]).filter(|said| !said.is_null()).cloned();
                let value = said.or_else(|| assembled(document, &parameter["schema"]));
                let value = value
                    .unwrap_or_else(|| panic!("{}: parameter {} has no example", operation.id(), parameter["name"]));
                let text = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
                (parameter["name"].as_str().unwrap_or_default().to_owned(), text)
            })
            .collect();
        Self { method: operation.method.clone(), path: operation.path.clone(), query, body }
    }

    /// Where ids stand in it. The id and the key a client gives a new record are no reference.
    pub fn places(&self) -> Vec<Place> {
        let mut found = if self.has_id() { vec![Place::Path] } else { Vec::new() };
        let is_id = |text: &str| Uuid::parse_str(text).is_ok();
        found.extend((0..self.query.len()).filter(|at| is_id(&self.query[*at].1)).map(Place::Query));
        let mut open: Vec<(String, &Value)> = self.body.iter().map(|body| (String::new(), body)).collect();
        while let Some((pointer, value)) = open.pop() {
            match value {
                Value::String(text) if is_id(text) && pointer != "/id" && !pointer.ends_with("/key") => {
                    found.push(Place::Body(pointer));
                }
                Value::Object(members) => {
                    open.extend(members.iter().map(|(name, value)| (format!("{pointer}/{name}"), value)));
                }
                Value::Array(items) => {
                    open.extend(items.iter().enumerate().map(|(at, value)| (format!("{pointer}/{at}"), value)));
                }
                _ => {}
            }
        }
        found
    }

    /// What stands in a place.
    fn at(&self, place: &Place) -> String {
        match place {
            Place::Path => String::new(),
            Place::Query(at) => self.query[*at].1.clone(),
            Place::Body(pointer) => {
                let value = self.body.as_ref().and_then(|body| body.pointer(pointer));
                value.and_then(Value::as_str).unwrap_or_default().to_owned()
            }
        }
    }

    /// The same call with another id in this place; that of the path is given when it is sent.
    pub fn with(&self, place: &Place, id: &str) -> Self {
        let mut other = self.clone();
        match place {
            Place::Path => {}
            Place::Query(at) => id.clone_into(&mut other.query[*at].1),
            Place::Body(pointer) => {
                if let Some(value) = other.body.as_mut().and_then(|body| body.pointer_mut(pointer)) {
                    *value = id.into();
                }
            }
        }
        other
    }

    pub fn has_id(&self) -> bool {
        self.path.contains("{id}")
    }

    /// The table of the record it is about: the noun before the id.
    fn table(&self) -> Option<String> {
        let noun = self.path.split("/{id}").next().filter(|_| self.has_id())?.rsplit('/').next()?.replace('-', "_");
        let table = TABLES.iter().find(|(resource, _)| *resource == noun).map_or(noun.as_str(), |(_, table)| table);
        Some(table.to_owned())
    }

    /// Sends the published example about this record.
    pub fn send(&self, actor: &Actor<'_>, id: &str) -> Answer {
        self.send_body(actor, id, self.body.as_ref().map(|body| body.to_string().into_bytes()))
    }

    /// Sends a body that nobody would accept.
    pub fn send_empty(&self, actor: &Actor<'_>, id: &str) -> Answer {
        self.send_body(actor, id, self.body.as_ref().map(|_| b"{\"".to_vec()))
    }

    fn send_body(&self, actor: &Actor<'_>, id: &str, body: Option<Vec<u8>>) -> Answer {
        let path = self.path.replace("{id}", id);
        let escaped = |text: &str| text.replace('%', "%25").replace(':', "%3A").replace('+', "%2B");
        let query: Vec<_> = self.query.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect();
        let path = if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) };
        actor.if_match(1).send(&self.method, &path, body)
    }
}
