//! What keeps clinics apart besides the clinic in every query: the second wall on PostgreSQL, and a server that does not
//! start where it is not whole.

mod cluster;
mod refusal;
mod role;
mod secrets;
mod wall;

use chairside::clock::Clock;
use chairside::store::{DatabaseUrl, Store};
use diesel::connection::SimpleConnection as _;
use diesel::sql_types::Text;
use diesel::{Connection as _, PgConnection, QueryableByName, RunQueryDsl as _, sql_query};

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

/// A connection past the store, with all rights of the URL's login.
fn connect(url: &DatabaseUrl) -> PgConnection {
    let DatabaseUrl::Postgres(url) = url else { panic!("this is about PostgreSQL") };
    PgConnection::establish(url).unwrap()
}

fn run(connection: &mut PgConnection, sql: &str) -> Result<(), String> {
    connection.batch_execute(sql).map_err(|error| error.to_string())
}

/// The rows of a query that gives one text column named `line`.
fn lines(connection: &mut PgConnection, sql: &str) -> Vec<String> {
    let rows: Vec<Line> = sql_query(sql).load(connection).unwrap_or_else(|error| panic!("{error}: {sql}"));
    rows.into_iter().map(|row| row.line).collect()
}

fn number(connection: &mut PgConnection, sql: &str) -> i64 {
    lines(connection, &format!("SELECT CAST(({sql}) AS TEXT) AS line"))[0].parse().unwrap()
}

/// Why a server does not start on this database; empty when it does.
fn refusal(url: &DatabaseUrl) -> String {
    Store::open(url, Clock::real(), "chairside").err().map_or_else(String::new, |error| error.to_string())
}

/// The same database, signed in to as somebody else.
fn as_login(url: &DatabaseUrl, login: &str) -> DatabaseUrl {
    let DatabaseUrl::Postgres(url) = url else { panic!("this is about PostgreSQL") };
    let (_, rest) = url.split_once('@').unwrap();
    DatabaseUrl::Postgres(format!("postgres://{login}@{rest}"))
}
