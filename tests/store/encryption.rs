//! TLS towards PostgreSQL: a certificate that fits the name is asked for, and nothing less is taken for it.

use diesel::prelude::*;
use diesel::sql_types::Bool;
use iikura::db::{DatabaseUrl, DbError, connect};

use support::postgres::Postgres;

/// Names the file with the certificate that the tests' server shows to `localhost`.
const CERTIFICATE: &str = "IIKURA_TEST_POSTGRES_CA";

#[derive(QueryableByName)]
struct Encrypted {
    #[diesel(sql_type = Bool)]
    ssl: bool,
}

fn is_encrypted(url: &str) -> Result<bool, DbError> {
    let url: DatabaseUrl = url.parse().unwrap();
    let mut connection = connect(&url)?;
    let row: Encrypted =
        diesel::sql_query("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
            .get_result(&mut connection)?;
    Ok(row.ssl)
}

fn refusal(url: &str) -> String {
    match is_encrypted(url) {
        Err(DbError::Connect(error)) => error.to_string(),
        other => panic!("{url}: {other:?}"),
    }
}

#[test]
fn only_a_certificate_that_is_trusted_and_fits_the_name_will_do() {
    let database = Postgres::new();
    let certificate = std::env::var(CERTIFICATE).unwrap_or_else(|_| {
        panic!(
            "{CERTIFICATE} is not set: run the tests by tests/run, or set it to the certificate of a server with ssl=on"
        )
    });
    let by_number = database.url();
    let by_name = by_number.replace("127.0.0.1", "localhost");
    let checked = format!("?sslmode=verify-full&sslrootcert={certificate}");
    assert!(is_encrypted(&format!("{by_name}{checked}")).unwrap());
    let words = refusal(&format!("{by_number}{checked}"));
    assert!(words.contains("does not match host name"), "{words}");
    // Without a root of its own, the system's are asked, and they know nothing of it.
    let words = refusal(&format!("{by_name}?sslmode=verify-full"));
    assert!(words.contains("certificate verify failed"), "{words}");
}
