//! Rows whose time is over are deleted in the background, in batches, and by no request.

use diesel::prelude::*;
use diesel::sql_types::Text;
use iikura::jobs::maintenance::{BATCH, Maintenance};
use iikura::server::Error;

use support::both::{Scratch, on_both};
use support::meeting::{Meeting, OFFICER};
use support::server::{PASSWORD, Server};

on_both!(
    expired_rows_are_deleted_and_others_stay,
    signing_in_deletes_no_row_of_others,
);

/// Each table that gathers rows with an end, with an ended and a current row.
fn fill(meeting: &Meeting) -> [&'static str; 8] {
    let server = &meeting.server;
    let now = server.now();
    let user = format!("(SELECT id FROM users WHERE email = '{OFFICER}')");
    let delegation = "(SELECT min(id) FROM delegations)";
    let slot = "(SELECT min(id) FROM slots)";
    let event = meeting.event.0;
    for (name, end) in [("old", now - 2 * 86_400), ("new", now + 600)] {
        for sql in [
            format!(
                "sign_in_failures (throttle_key, failures, window_ends_at) VALUES ('{name}', 1, {end})"
            ),
            format!(
                "sessions (token_hash, user_id, created_at, last_seen_at, expires_at) VALUES ('{name}', {user}, {end}, {end}, {end})"
            ),
            format!(
                "known_devices (token_hash, user_id, expires_at) VALUES ('{name}', {user}, {end})"
            ),
            format!(
                "sign_in_steps (token_hash, user_id, created_at, expires_at) VALUES ('{name}', {user}, {end}, {end})"
            ),
            format!(
                "sign_on_flows (token_hash, onward, created_at, expires_at) VALUES ('{name}', '', {end}, {end})"
            ),
            format!(
                "link_passes (token_hash, delegation_id, generation, created_at, expires_at) VALUES ('{name}', {delegation}, 0, {end}, {end})"
            ),
            format!("form_posts (key_hash, created_at) VALUES ('{name}', {end})"),
            format!(
                "idempotency_keys (user_id, event_id, request_key, request_hash, slot_id, answer, created_at) VALUES ({user}, {event}, '{name}', '', {slot}, '', {end})"
            ),
        ] {
            server.sql(&format!("INSERT INTO {sql}"));
        }
    }
    [
        "sign_in_failures",
        "sessions",
        "known_devices",
        "sign_in_steps",
        "sign_on_flows",
        "link_passes",
        "idempotency_keys",
        "form_posts",
    ]
}

fn count(server: &Server, table: &str) -> i64 {
    server.count(&format!("SELECT count(*) AS count FROM {table}"))
}

fn expired_rows_are_deleted_and_others_stay(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let tables = fill(&meeting);
    let server = &meeting.server;
    Maintenance::new(&server.app).clean();
    for table in tables {
        assert_eq!(count(server, table), 1, "{table}");
    }
    // More than one batch, and what a clock left that ran ahead.
    let now = server.now();
    server.sql(&format!(
        "INSERT INTO sign_in_failures (throttle_key, failures, window_ends_at) \
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i <= {BATCH}) \
         SELECT 'old' || i, 1, {now} FROM n"
    ));
    server.sql(&format!(
        "INSERT INTO sign_in_failures (throttle_key, failures, window_ends_at) VALUES ('ahead', 9, {now} + 86400)"
    ));
    Maintenance::new(&server.app).clean();
    assert_eq!(count(server, "sign_in_failures"), 1);
}

fn signing_in_deletes_no_row_of_others(scratch: &Scratch) {
    let meeting = Meeting::on(scratch);
    let tables = fill(&meeting);
    let wrong = [("email", OFFICER), ("password", "wrong")];
    assert_eq!(
        meeting.server.browser().post("/sign-in", &wrong).status,
        422
    );
    let right = [("email", OFFICER), ("password", PASSWORD)];
    assert_eq!(
        meeting.server.browser().post("/sign-in", &right).status,
        303
    );
    for table in tables {
        let key = match table {
            "sign_in_failures" => "throttle_key",
            "idempotency_keys" => "request_key",
            "form_posts" => "key_hash",
            _ => "token_hash",
        };
        let old = format!("{table} WHERE {key} = 'old'");
        assert_eq!(count(&meeting.server, &old), 1, "{table}");
    }
}

#[derive(QueryableByName)]
struct Plan {
    #[diesel(sql_type = Text)]
    detail: String,
}

#[test]
fn ended_windows_are_found_by_an_index() {
    let scratch = Scratch::sqlite().migrated();
    let plan: Vec<Plan> = scratch
        .read_here(|conn| {
            let sql = "EXPLAIN QUERY PLAN SELECT throttle_key FROM sign_in_failures \
                       WHERE window_ends_at <= 1 OR window_ends_at > 2 LIMIT 500";
            Ok::<_, Error>(diesel::sql_query(sql).load(conn)?)
        })
        .unwrap();
    let plan: Vec<_> = plan.into_iter().map(|step| step.detail).collect();
    let searched = plan
        .iter()
        .any(|step| step.contains("sign_in_failures_by_end"));
    assert!(
        searched && !plan.iter().any(|step| step.contains("SCAN")),
        "{plan:?}"
    );
}
