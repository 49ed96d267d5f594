//! The database's server: recent enough, safely reached, and without double bookings.

use diesel::prelude::*;
use diesel::sql_types::{Bool, Integer, Text};

use super::DoctorFinding;
use super::store::damaged;
use crate::db::DatabaseUrl;
use crate::store::backup;

/// The oldest PostgreSQL that is tried out, as it numbers itself.
const OLDEST_POSTGRES: i32 = 130_000;

#[derive(QueryableByName)]
struct Server {
    #[diesel(sql_type = Text)]
    version: String,
    #[diesel(sql_type = Integer)]
    number: i32,
    #[diesel(sql_type = Bool)]
    encrypted: bool,
}

pub(super) fn examine(
    postgres: &mut PgConnection,
    url: &DatabaseUrl,
) -> QueryResult<Vec<DoctorFinding>> {
    let server: Server = diesel::sql_query(
        "SELECT current_setting('server_version') AS version, current_setting('server_version_num')::int AS number, \
         coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false) AS encrypted",
    )
    .get_result(postgres)?;
    let mut found = vec![if server.number < OLDEST_POSTGRES {
        DoctorFinding::fault(
            "PostgreSQL",
            format!("{} is too old", server.version),
            "install 13 or later",
        )
    } else {
        DoctorFinding::ok("PostgreSQL", server.version)
    }];
    found.push(if url.is_open_to_others() {
        DoctorFinding::warning(
            "way to the database",
            "attackers on the network may read or alter the connection",
            "write sslmode=verify-full in IIKURA_DATABASE_URL",
        )
    } else if server.encrypted {
        DoctorFinding::ok(
            "way to the database",
            "TLS with a verified certificate beyond this machine",
        )
    } else {
        DoctorFinding::ok("way to the database", "in the clear, on this machine")
    });
    let overlaps = backup::overlaps(postgres)?;
    found.push(if overlaps == 0 {
        DoctorFinding::ok("what is stored", "no double bookings")
    } else {
        damaged(&format!("{overlaps} double bookings"))
    });
    Ok(found)
}
