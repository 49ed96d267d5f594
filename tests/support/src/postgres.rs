//! An empty PostgreSQL database for one test, gone when the test is over.

use diesel::prelude::*;
use iikura::runtime::random::fresh_id;

/// Names the administrator's URL of the server that lends the databases.
const SERVER: &str = "IIKURA_TEST_POSTGRES_URL";

/// A database of its own; dropped, whoever is still connected, when this value is.
pub struct Postgres {
    server: String,
    name: String,
    url: String,
}

impl Postgres {
    /// Creates the database.
    pub fn new() -> Self {
        let server = std::env::var(SERVER).unwrap_or_else(|_| {
            panic!(
                "{SERVER} is not set: run the tests by tests/run, which starts a throw-away PostgreSQL, \
                 or set it to a server whose databases may come and go, \
                 as in postgres://postgres@127.0.0.1:5432/postgres"
            )
        });
        let name = format!("iikura_test_{:x}", fresh_id());
        let mut url = url::Url::parse(&server).unwrap();
        url.set_path(&name);
        // template0: nobody can be connected to it, so many tests may copy it at once.
        administer(
            &server,
            &format!("CREATE DATABASE {name} TEMPLATE template0"),
        );
        Self {
            server,
            name,
            url: url.into(),
        }
    }

    /// The database's URL, as `IIKURA_DATABASE_URL` takes it.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let drop = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        // A second panic would end the whole run and hide the first.
        if std::thread::panicking() {
            let _ = std::panic::catch_unwind(|| administer(&self.server, &drop));
        } else {
            administer(&self.server, &drop);
        }
    }
}

fn administer(server: &str, statement: &str) {
    let mut connection = PgConnection::establish(server)
        .unwrap_or_else(|error| panic!("{SERVER}={server} gives no connection: {error}"));
    diesel::sql_query(statement)
        .execute(&mut connection)
        .unwrap();
}
