//! Statements that store plain rows, with every column named: a new column with a default changes none of them.

/// Stores an event in Tokyo.
pub fn event(id: i64, slug: &str) -> String {
    format!(
        "INSERT INTO events (id, slug, name, name_ja, venue, venue_ja, time_zone, office_name, office_email,
           office_phone, grid_minutes, minimum_gap_minutes, chair_run_minutes, chair_rest_needs_reason,
           interpreter_alone_minutes, interpreter_team_minutes, interpreter_rest_minutes, revision, created_at,
           revision_key)
         VALUES ({id}, '{slug}', 'Meeting {slug}', '', 'House', '', 'Asia/Tokyo', 'Office', 'office@iikura.example',
           '', 5, 5, 150, FALSE, 40, 210, 30, 1, 0, 0);"
    )
}

/// Stores what can be double-booked: `kind` is `delegation`, `room` or `interpreter`.
pub fn resource(id: i64, event: i64, kind: &str, turnaround: i32) -> String {
    format!(
        "INSERT INTO resources (id, event_id, kind, code, turnaround_minutes)
         VALUES ({id}, {event}, '{kind}', 'R{id}', {turnaround});"
    )
}

/// Stores a delegation, which is a resource already.
pub fn delegation(id: i64, event: i64, name: &str, role: &str) -> String {
    format!(
        "INSERT INTO delegations (id, event_id, name, name_ja, role, principal, principal_ja, principal_title,
           precedence, time_zone, languages, party_size)
         VALUES ({id}, {event}, '{name}', '', '{role}', 'H.E.', '', '', {id}, 'Asia/Almaty', 'kk', 6);"
    )
}

/// Stores a bilateral without delegations, from and to these minutes of UTC.
pub fn slot(id: i64, event: i64, (starts, ends): (i32, i32), state: &str) -> String {
    let holds = matches!(state, "tentative" | "confirmed");
    format!(
        "INSERT INTO slots (id, event_id, kind, title, note, starts_at, ends_at, state, holds,
           interpretation_wanted, version, sequence, placement, created_at, updated_at)
         VALUES ({id}, {event}, 'bilateral', 'Slot {id}', '', {starts}, {ends}, '{state}', {holds}, FALSE, 1, 0, 1,
           0, 0);"
    )
}
