//! The database: reachable, of this program, intact, and without double bookings.

use std::path::Path;

use diesel::prelude::*;
use diesel::sql_types::Text;

use super::DoctorFinding;
use super::around::is_open_to_all;
use crate::db::{self, Conn, DatabaseUrl, DbError, schema_check};
use crate::documents::pdf::script::{self, MissingScript};
use crate::installation;
use crate::personal::retention;
use crate::runtime::clock::Clock;
use crate::store::audit::chain;
use crate::store::programme_cache::ProgrammeCache;
use crate::store::{backup, event};

pub(super) fn examine(url: &DatabaseUrl) -> Vec<DoctorFinding> {
    if let DatabaseUrl::Sqlite(path) = url
        && !Path::new(path).exists()
    {
        // Opening would make an empty one.
        return vec![DoctorFinding::fault(
            "database",
            format!("there is none at {path}"),
            "run 'iikura migrate', or set --database-url (IIKURA_DATABASE_URL) to where it is",
        )];
    }
    let opened = db::connect(url).and_then(|mut conn| {
        db::check_schema(&mut conn)?;
        Ok(conn)
    });
    let mut conn = match opened {
        Ok(conn) => conn,
        Err(error) => {
            return vec![DoctorFinding::fault(
                "database",
                error.to_string(),
                advice(&error),
            )];
        }
    };
    let mut found = schema(&mut conn, url);
    let looked = match &mut conn {
        Conn::Sqlite(sqlite) => of_sqlite(sqlite, url),
        #[cfg(feature = "postgres")]
        Conn::Postgres(postgres) => super::postgres::examine(postgres, url),
    };
    match looked {
        Ok(more) => {
            found.extend(more);
            found.push(history(&mut conn));
            found.extend(values(&mut conn));
        }
        Err(error) => found.push(DoctorFinding::fault(
            "database",
            error.to_string(),
            "check the database's own log",
        )),
    }
    match retention::overdue(&mut conn, Clock::system().now()) {
        Ok(slugs) if slugs.is_empty() => {}
        Ok(slugs) => found.push(DoctorFinding::warning(
            "retention",
            format!(
                "contacts of {} should have been erased by now",
                slugs.join(", ")
            ),
            "start the server, which erases them within an hour, and check its log",
        )),
        Err(error) => found.push(DoctorFinding::fault(
            "retention",
            error.to_string(),
            "check the database's own log",
        )),
    }
    found
}

/// The scripts of all events that documents have no font for; none where the events cannot be read, which is found above.
pub(super) fn missing_scripts(url: &DatabaseUrl) -> Vec<MissingScript> {
    if matches!(url, DatabaseUrl::Sqlite(path) if !Path::new(path).exists()) {
        return Vec::new();
    }
    let read = || {
        let mut conn = db::connect(url)?;
        db::check_schema(&mut conn)?;
        let mut missing: Vec<MissingScript> = Vec::new();
        for event in event::all_ids(&mut conn)? {
            let programme = ProgrammeCache::default().programme(&mut conn, event)?;
            for script in programme.iter().flat_map(|it| script::missing_scripts(it)) {
                if missing.iter().all(|known| known.name != script.name) {
                    missing.push(script);
                }
            }
        }
        Ok::<_, DbError>(missing)
    };
    read().unwrap_or_default()
}

fn schema(conn: &mut Conn, url: &DatabaseUrl) -> Vec<DoctorFinding> {
    let differences = match schema_check::compare(conn) {
        Ok(differences) => differences,
        Err(error) => {
            return vec![DoctorFinding::fault(
                "database",
                error.to_string(),
                advice(&error),
            )];
        }
    };
    let mut found: Vec<DoctorFinding> = differences
        .faults
        .iter()
        .map(|fault| {
            DoctorFinding::fault(
                "schema",
                fault,
                "find out who changed it; undo the change, or restore the last valid backup with 'iikura restore FILE'",
            )
        })
        .collect();
    if found.is_empty() {
        let words = format!(
            "{url:?} has this program's schema, with every table, trigger, index and constraint"
        );
        found.push(DoctorFinding::ok("database", words));
    }
    found.extend(differences.unknown.iter().map(|name| {
        DoctorFinding::warning(
            "schema",
            format!("{name} is not Iikura's"),
            "leave it if you added it on purpose; backups include it, 'iikura export --everything' does not",
        )
    }));
    found
}

/// Values that no form would have stored: whatever reads them may fail.
fn values(conn: &mut Conn) -> Vec<DoctorFinding> {
    const CHECK: &str = "stored values";
    const NEXT: &str =
        "correct it by hand, after a backup; until then its page may fail and no import accepts it";
    match installation::faults(conn) {
        Ok((faults, _)) if faults.is_empty() => {
            vec![DoctorFinding::ok(CHECK, "every value is valid")]
        }
        Ok((mut faults, more)) => {
            if more > 0 {
                faults.push(format!("and {more} more"));
            }
            let finding = |fault: String| DoctorFinding::fault(CHECK, fault, NEXT);
            faults.into_iter().map(finding).collect()
        }
        Err(error) => vec![DoctorFinding::fault(
            CHECK,
            error.to_string(),
            "check the database's own log",
        )],
    }
}

fn history(conn: &mut Conn) -> DoctorFinding {
    match chain::verify(conn, &[]) {
        Ok(chains) => DoctorFinding::ok(
            "history",
            format!(
                "{} chain(s) verify from the first row to the last",
                chains.len()
            ),
        ),
        Err(fault) => damaged(&fault.to_string()),
    }
}

fn advice(error: &DbError) -> &'static str {
    match error {
        DbError::OlderSchema(_) => "run 'iikura migrate'",
        DbError::NewerSchema(_) => "install the newer iikura",
        DbError::Migration(_) | DbError::Query(_) => {
            "check that the file is an Iikura database; restore a backup with 'iikura restore FILE'"
        }
        _ => {
            "check that the database runs and accepts this user; set --database-url (IIKURA_DATABASE_URL)"
        }
    }
}

#[derive(QueryableByName)]
struct Version {
    #[diesel(sql_type = Text)]
    version: String,
}

fn of_sqlite(sqlite: &mut SqliteConnection, url: &DatabaseUrl) -> QueryResult<Vec<DoctorFinding>> {
    let version: Version =
        diesel::sql_query("SELECT sqlite_version() AS version").get_result(sqlite)?;
    let mut found = vec![DoctorFinding::ok(
        "SQLite",
        format!("{}, bundled", version.version),
    )];
    found.push(match backup::faults(sqlite)? {
        None => DoctorFinding::ok(
            "what is stored",
            "every page intact, every reference valid, no double bookings",
        ),
        Some(fault) => damaged(&fault),
    });
    if let DatabaseUrl::Sqlite(path) = url
        && is_open_to_all(Path::new(path))
    {
        found.push(DoctorFinding::warning(
            "database",
            "other users of this machine can read it",
            format!("chmod 600 {path}, and start the server with umask 077"),
        ));
    }
    Ok(found)
}

pub(super) fn damaged(fault: &str) -> DoctorFinding {
    DoctorFinding::fault(
        "what is stored",
        fault,
        "stop the server, move the database away, and restore the last valid backup with 'iikura restore FILE'",
    )
}
