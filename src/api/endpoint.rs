//! One registration an endpoint: its route, its OpenAPI path, its roles and its headers, all from the handler's type.
//!
//! `endpoints![guarded register, public live]` takes method and path from the generated `utoipa::Path`. A guarded
//! handler's first argument is a [`Permit`] or an [`Act`]; anything else does not compile:
//!
//! ```compile_fail
//! use chairside::{api::endpoints, store::Store};
//! #[utoipa::path(get, path = "/x", responses((status = 200)))]
//! async fn open(_store: actix_web::web::Data<Store>) -> actix_web::HttpResponse { actix_web::HttpResponse::Ok().finish() }
//! fn list() -> Vec<chairside::api::Endpoint> { endpoints![guarded open] }
//! ```
//!
//! ```
//! use chairside::{access::{permission::ReadPatient, permit::Permit}, api::endpoints};
//! #[utoipa::path(get, path = "/x", responses((status = 200)))]
//! async fn closed(_permit: Permit<ReadPatient>) -> actix_web::HttpResponse { actix_web::HttpResponse::Ok().finish() }
//! fn list() -> Vec<chairside::api::Endpoint> { endpoints![guarded closed] }
//! ```

use super::edge;
use super::extract::Act;
use super::problem::{ProblemKind, ProblemView};
use crate::access::permission::{Flag, Line, Permission};
use crate::access::permit::Permit;
use crate::domain::id::AuditCaseId;
use actix_web::{FromRequest, Handler, Responder, guard, http::Method, web};
use serde_json::json;
use std::collections::BTreeMap;
use utoipa::openapi::path::{HttpMethod, Operation, Parameter, ParameterBuilder, ParameterIn, PathItem, PathsBuilder};
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{ContentBuilder, Info, OpenApi, OpenApiBuilder, Ref, RefOr, Required, ResponseBuilder};
use utoipa::{PartialSchema as _, ToSchema as _};

/// The first argument of a guarded handler.
pub trait Asks {
    /// What it asks for.
    type Permission: Permission;
    /// Whether it takes headers and a body as well.
    const ACTS: bool;
    /// Whether an `Idempotency-Key` that is none is left out instead of refused.
    const ANY_KEY: bool = false;
}

impl<P: Permission> Asks for Permit<P> {
    type Permission = P;
    const ACTS: bool = false;
}

impl<P: Permission, B> Asks for Act<P, B> {
    type Permission = P;
    const ACTS: bool = true;
}

/// Argument lists that begin with a permit.
pub trait Guarded {
    /// The argument that carries it.
    type First: Asks;
}

macro_rules! guarded {
    ($($argument:ident)*) => { impl<F: Asks $(, $argument)*> Guarded for (F, $($argument,)*) { type First = F; } };
}
guarded!();
guarded!(A);
guarded!(A B);
guarded!(A B C);
guarded!(A B C D);

/// A schema and the name the document refers to it by.
type Named = (String, RefOr<Schema>);

/// One thing a client can do.
pub struct Endpoint {
    /// The path, with `{id}`.
    pub path: String,
    /// The method.
    pub method: Method,
    /// The permission, its roles and flags; none for a public endpoint.
    pub permission: Option<Line>,
    route: actix_web::Route,
    operation: Operation,
    verb: HttpMethod,
    schemas: Vec<Named>,
}

/// What `utoipa::path` generates for a handler.
pub trait Described: utoipa::Path + utoipa::__dev::SchemaReferences + utoipa::__dev::Tags<'static> {}
impl<D: utoipa::Path + utoipa::__dev::SchemaReferences + utoipa::__dev::Tags<'static>> Described for D {}

/// Registers a handler whose first argument is its permit.
pub fn guarded<D: Described, H, Args>(handler: H) -> Endpoint
where
    H: Handler<Args>,
    Args: FromRequest + Guarded + 'static,
    H::Output: Responder + 'static,
{
    type Asked<Args> = <Args as Guarded>::First;
    type Held<Args> = <Asked<Args> as Asks>::Permission;
    let line = Line { id: Held::<Args>::ID, roles: Held::<Args>::ROLES, flags: Held::<Args>::FLAGS };
    let mut endpoint = describe::<D, H, Args>(handler);
    endpoint.permission = Some(line);
    let operation = &mut endpoint.operation;
    if !line.flags.contains(&Flag::Strangers) {
        operation.security = Some(vec![SecurityRequirement::new("bearer", Vec::<String>::new())]);
    }
    let roles: Vec<&str> = line.roles.iter().map(|role| role.as_str()).collect();
    let extensions = operation.extensions.get_or_insert_with(Default::default);
    extensions.insert("x-permission".into(), json!(line.id));
    extensions.insert("x-roles".into(), json!(roles));
    if line.flags.contains(&Flag::Signed) {
        let by = if line.flags.contains(&Flag::Password) { "password" } else { "password or pin" };
        extensions.insert("x-reauth".into(), json!(by));
    }
    if line.flags.contains(&Flag::Cased) {
        extensions.insert("x-audit-case".into(), json!(true));
        let mut case = header("X-Audit-Case", "The open audit case an auditor reads inside of.", false, "");
        case.schema = Some(AuditCaseId::schema());
        operation.parameters.get_or_insert_with(Vec::new).push(RefOr::T(case));
    }
    if <Asked<Args> as Asks>::ACTS {
        let keyed = line.flags.contains(&Flag::Keyed);
        // What cannot be refused takes any key, and leaves out one that is none.
        let form = if <Asked<Args> as Asks>::ANY_KEY { r"^[\s\S]*$" } else { "^[!-~]{16,255}$" };
        let says = "Makes a repeat harmless: a new UUID for each thing you do.";
        let parameters = operation.parameters.get_or_insert_with(Vec::new);
        parameters.push(RefOr::T(header("Idempotency-Key", says, keyed, form)));
        if line.flags.contains(&Flag::Matched) {
            let form = r#"^(W/)?"?[0-9]{1,15}(-[0-9a-f]{0,64})?"?$"#;
            parameters.push(RefOr::T(header("If-Match", "The ETag you read.", true, form)));
        }
    }
    endpoint
}

/// Registers one of the few handlers that need no permission.
pub fn public<D: Described, H, Args>(handler: H) -> Endpoint
where
    H: Handler<Args>,
    Args: FromRequest + 'static,
    H::Output: Responder + 'static,
{
    describe::<D, H, Args>(handler)
}

fn describe<D: Described, H, Args>(handler: H) -> Endpoint
where
    H: Handler<Args>,
    Args: FromRequest + 'static,
    H::Output: Responder + 'static,
{
    let verb = D::methods().into_iter().next().unwrap_or(HttpMethod::Get);
    let method = match verb {
        HttpMethod::Post => Method::POST,
        HttpMethod::Put => Method::PUT,
        HttpMethod::Patch => Method::PATCH,
        HttpMethod::Delete => Method::DELETE,
        _ => Method::GET,
    };
    let route = if method == Method::GET {
        web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
    } else {
        web::method(method.clone())
    };
    let mut schemas = Vec::new();
    D::schemas(&mut schemas);
    let mut operation = D::operation();
    // The generated operation leaves its tag to whoever puts the document together.
    operation.tags = Some(D::tags().into_iter().map(Into::into).collect());
    Endpoint { path: D::path(), method, permission: None, route: route.to(handler), operation, verb, schemas }
}

/// Lists endpoints: `endpoints![guarded register, public live]`.
#[macro_export]
#[doc(hidden)]
macro_rules! chairside_endpoints {
    ($($kind:ident $handler:ident),* $(,)?) => {
        pastey::paste! { vec![$($crate::api::endpoint::$kind::<[<__path_ $handler>], _, _>($handler)),*] }
    };
}

#[doc(inline)]
pub use chairside_endpoints as endpoints;

/// Mounts them. Each path becomes one resource, with a route for each of its methods.
pub fn mount(config: &mut web::ServiceConfig, endpoints: Vec<Endpoint>) {
    let mut paths: BTreeMap<String, Vec<actix_web::Route>> = BTreeMap::new();
    for endpoint in endpoints {
        paths.entry(endpoint.path).or_default().push(endpoint.route);
    }
    // In the order of their names `/patients/search` comes before `/patients/{id}`: a method it does not have is 405,
    // never another path's request about a record called "search".
    for (path, routes) in paths {
        let resource = web::resource(path).default_service(web::to(edge::otherwise));
        config.service(routes.into_iter().fold(resource, actix_web::Resource::route));
    }
}

fn header(name: &str, description: &str, required: bool, pattern: &str) -> Parameter {
    let text = ObjectBuilder::new().schema_type(Type::String).pattern(Some(pattern));
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .required(if required { Required::True } else { Required::False })
        .description(Some(description))
        .schema(Some(RefOr::T(Schema::Object(text.build()))))
        .build()
}

/// The OpenAPI document of these endpoints.
pub fn document(endpoints: &[Endpoint]) -> OpenApi {
    let mut paths = PathsBuilder::new();
    let mut components = utoipa::openapi::ComponentsBuilder::new();
    for endpoint in endpoints {
        let mut operation = endpoint.operation.clone();
        add_problems(&mut operation, endpoint);
        paths = paths.path(&endpoint.path, PathItem::new(endpoint.verb.clone(), operation));
        components = components.schemas_from_iter(endpoint.schemas.iter().cloned());
    }
    let mut problem = vec![(ProblemView::name().into_owned(), ProblemView::schema())];
    ProblemView::schemas(&mut problem);
    let bearer = SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build());
    let components = components.schemas_from_iter(problem).security_scheme("bearer", bearer);
    let mut info = Info::new("Chairside", env!("CARGO_PKG_VERSION"));
    info.description = Some(
        "Session management for ketamine clinics: patients, consent, infusion sessions, dosing and monitoring.".into(),
    );
    info.license =
        Some(utoipa::openapi::info::LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0")).build());
    OpenApiBuilder::new().info(info).paths(paths).components(Some(components.build())).build()
}

/// The problems an endpoint can answer, said once here and not beside every handler.
fn add_problems(operation: &mut Operation, endpoint: &Endpoint) {
    let guarded = endpoint.permission.is_some_and(|line| !line.flags.contains(&Flag::Strangers));
    let acts = endpoint.method != Method::GET;
    let mut statuses = vec![400_u16, 404, 500, 503];
    if guarded || acts {
        statuses.push(401);
    }
    if guarded {
        statuses.push(403);
    }
    let asks = operation
        .parameters
        .iter()
        .flatten()
        .any(|parameter| matches!(parameter, RefOr::T(Parameter { parameter_in: ParameterIn::Query, .. })));
    if asks {
        statuses.push(422);
    }
    if acts {
        statuses.extend([408, 409, 412, 413, 415, 422, 428, 429]);
    }
    for status in statuses {
        let titles: Vec<&str> =
            ProblemKind::ALL.iter().filter(|kind| kind.status() == status).map(|kind| kind.title()).collect();
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(ProblemView::name()))).build();
        let response =
            ResponseBuilder::new().description(titles.join("; ")).content("application/problem+json", content);
        operation.responses.responses.entry(status.to_string()).or_insert_with(|| RefOr::T(response.build()));
    }
}
