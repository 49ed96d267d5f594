//! Personal data is found wherever it is, and after its erasure nowhere; the history still verifies.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use iikura::change::archive;
use iikura::core::action::Action;
use iikura::core::event::EventId;
use iikura::core::time::Moment;
use iikura::core::user::{Actor, UserId};
use iikura::db::{Db, DbError};
use iikura::installation::table::{ColumnKind, LEFT, MOVED};
use iikura::mail::outbox;
use iikura::personal::{ErasureError, contact, export, retention, scrub, user};
use iikura::runtime::clock::Clock;
use iikura::store::audit::chain;
use iikura::store::programme_cache::ProgrammeCache;
use iikura::store::{archived, transaction};
use serde_json::json;

use crate::chain::behind_the_guards;
use crate::scene::{GUEST, MEETING, ORCHID, book, count, furnish, is_sqlite, run};
use support::both::{Scratch, on_both};
use support::rows::rows;

on_both!(
    an_address_is_found_in_every_place_and_after_erasure_in_none,
    a_forgotten_contact_leaves_a_pseudonym_and_others_alone,
    forgotten_contact_named_like_data_changes_no_data,
    erasure_in_an_altered_history_changes_nothing,
    a_mail_being_sent_keeps_everything_as_it_is,
    the_last_administrator_and_oneself_cannot_be_deleted,
    an_archived_event_refuses_writes_and_can_be_deleted,
    a_retention_that_is_due_erases_every_contact_once,
    a_leased_mail_of_an_archived_event_is_not_retried,
    an_export_with_letters_has_no_live_link,
    a_search_that_finds_nothing_takes_no_writer,
);

/// In no other row; searches do not care about case.
const ADDRESS: &str = "probe.person@secret.example";
const TYPED: &str = "Probe.Person@secret.example";
const NAME: &str = "Aigul Probe";
const PHONE: &str = "+7 701 5550123";
const NOW: Moment = Moment::from_seconds(1_671_858_000);
const ADMIN: i64 = 501;
const PERSON: i64 = 502;
const SENT: i64 = 701;
const QUEUED: i64 = 702;

/// Columns of text or bytes that hold words of ours, digests, ids, the names of countries and rooms, or an office's own
/// address: nobody's personal data. Everything else is seeded.
const HOLDS_NOTHING_PERSONAL: &[&str] = &[
    "users.password_hash users.zoom second_factors.seed recovery_codes.code_hash known_devices.token_hash",
    "sign_on_identities.issuer sign_in_failures.throttle_key api_tokens.token_hash api_tokens.scope",
    "events.slug events.name events.name_ja events.venue events.venue_ja events.time_zone events.office_name",
    "events.office_email notices.organizer events.office_phone memberships.role calendar_links.token_hash resources.kind",
    "resources.code rooms.name rooms.name_ja delegations.name delegations.name_ja delegations.role",
    "delegations.principal delegations.principal_ja delegations.principal_title delegations.time_zone",
    "delegations.languages interpreters.name interpreters.pairs contacts.language slots.kind slots.format slots.state slots.audience",
    "room_kinds.kind",
    "occupancy.kind overrides.resource_kind overrides.rule idempotency_keys.request_hash notices.uid",
    "idempotency_keys.request_key notices.method notices.thread answers.reply answers.via outbox.method",
    "outbox.message_id outbox.state outbox.lease_owner outbox.envelope_from enclosures.state",
    "invitations.token_hash invitations.kind inbox.dedupe_key inbox.outcome mailboxes.name audit.hash",
    "form_posts.key_hash form_posts.answer",
    "sessions.token_hash sign_in_steps.token_hash sign_on_flows.token_hash link_passes.token_hash",
    "events.revision_key sign_on_identities.subject sign_on_flows.onward audit.action",
];

/// Stores the person in every place; gives the places, as `table.column`.
#[expect(
    clippy::too_many_lines,
    reason = "one row of each table, beside each other"
)]
fn seeded(db: &Scratch) -> BTreeSet<String> {
    db.migrate().unwrap();
    furnish(db);
    book(db, 1, 0, 30, "confirmed", &[GUEST]).unwrap();
    let bytes = if is_sqlite(db) {
        format!("CAST('To: {TYPED}' AS BLOB)")
    } else {
        format!("convert_to('To: {TYPED}', 'UTF8')")
    };
    let told = format!(
        r#"{{"title":"Talk with {TYPED}","kind":"bilateral","starts":27861480,"ends":27861510,"room":null,"delegations":[],"others":[]}}"#
    );
    let mut places = BTreeSet::new();
    let mut insert = |table: &str, values: &[(&str, &str)]| {
        let columns: Vec<&str> = values.iter().map(|(column, _)| *column).collect();
        let written: Vec<&str> = values.iter().map(|(_, value)| *value).collect();
        run(
            db,
            &format!(
                "INSERT INTO {table} ({}) VALUES ({})",
                columns.join(", "),
                written.join(", ")
            ),
        )
        .unwrap();
        let personal = values.iter().filter(|(_, value)| {
            value.contains(TYPED)
                || value.contains(ADDRESS)
                || value.contains(NAME)
                || value.contains(PHONE)
                || *value == bytes
        });
        places.extend(personal.map(|(column, _)| format!("{table}.{column}")));
    };
    let (text, address, name) = (
        format!("'ask {TYPED} or {PHONE}'"),
        format!("'{TYPED}'"),
        format!("'{NAME}'"),
    );
    let (text, address, name) = (text.as_str(), address.as_str(), name.as_str());
    let phone = format!("'{PHONE}'");
    let lower = format!("'{ADDRESS}'");
    for (id, email, called, admin) in [
        ("501", "'admin@iikura.example'", "'Admin'", "TRUE"),
        ("502", lower.as_str(), name, "FALSE"),
    ] {
        insert(
            "users",
            &[
                ("id", id),
                ("email", email),
                ("name", called),
                ("password_hash", "'x'"),
                ("admin", admin),
                ("created_at", "0"),
                ("zoom", "'15'"),
            ],
        );
    }
    insert(
        "api_tokens",
        &[
            ("id", "1"),
            ("user_id", "502"),
            ("token_hash", "'t'"),
            ("name", text),
            ("scope", "'read'"),
            ("created_at", "0"),
        ],
    );
    insert(
        "calendar_links",
        &[
            ("id", "1"),
            ("user_id", "502"),
            ("event_id", "1"),
            ("token_hash", "'c'"),
            ("name", text),
            ("created_at", "0"),
        ],
    );
    insert(
        "sessions",
        &[
            ("token_hash", "'s'"),
            ("user_id", "502"),
            ("created_at", "0"),
            ("last_seen_at", "0"),
            ("expires_at", "9"),
        ],
    );
    insert(
        "delegations",
        &[
            ("id", "11"),
            ("event_id", "1"),
            ("name", "'Kazakhstan'"),
            ("name_ja", "''"),
            ("role", "'guest'"),
            ("principal", "'Minister'"),
            ("principal_ja", "''"),
            ("principal_title", "''"),
            ("precedence", "1"),
            ("time_zone", "'Asia/Almaty'"),
            ("languages", "'ru'"),
            ("party_size", "3"),
        ],
    );
    insert(
        "private_links",
        &[
            ("delegation_id", "11"),
            ("generation", "0"),
            ("issued_at", "0"),
        ],
    );
    insert(
        "link_passes",
        &[
            ("token_hash", "'p'"),
            ("delegation_id", "11"),
            ("generation", "0"),
            ("created_at", "0"),
            ("expires_at", "9"),
        ],
    );
    insert(
        "contacts",
        &[
            ("id", "601"),
            ("delegation_id", "11"),
            ("name", name),
            ("email", address),
            ("phone", phone.as_str()),
            ("language", "'ru'"),
            ("letters_only", "FALSE"),
            ("position", "0"),
        ],
    );
    insert(
        "contacts",
        &[
            ("id", "602"),
            ("delegation_id", "11"),
            ("name", "'Bolat Other'"),
            ("email", "'other@kz.example'"),
            ("phone", "'+7 701 9'"),
            ("language", "'ru'"),
            ("letters_only", "FALSE"),
            ("position", "1"),
        ],
    );
    run(
        db,
        &format!("UPDATE slots SET title = 'Talk with {TYPED}', note = 'ring {PHONE}, {TYPED}'"),
    )
    .unwrap();
    insert(
        "overrides",
        &[
            ("id", "1"),
            ("event_id", "1"),
            ("slot_id", "1"),
            ("slot_placement", "1"),
            ("rule", "'hours'"),
            ("reason", text),
            ("author", name),
            ("created_at", "0"),
        ],
    );
    insert(
        "idempotency_keys",
        &[
            ("user_id", "501"),
            ("event_id", "1"),
            ("request_key", "'k'"),
            ("request_hash", "'h'"),
            ("slot_id", "1"),
            ("answer", &format!("'{{\"title\":\"Talk with {TYPED}\"}}'")),
            ("created_at", "0"),
        ],
    );
    insert(
        "notices",
        &[
            ("slot_id", "1"),
            ("delegation_id", "11"),
            ("event_id", "1"),
            ("uid", "'u'"),
            ("sequence", "0"),
            ("method", "'REQUEST'"),
            ("told", &format!("'{told}'")),
            ("thread", "'th'"),
            ("told_at", "0"),
        ],
    );
    insert(
        "answers",
        &[
            ("slot_id", "1"),
            ("delegation_id", "11"),
            ("event_id", "1"),
            ("reply", "'accepted'"),
            ("comment", text),
            ("via", "'mail'"),
            ("answered_by", address),
            ("sequence", "0"),
            ("told", &format!("'{told}'")),
            ("answered_at", "0"),
        ],
    );
    for (id, state, key) in [
        ("701", "'sent'", "a"),
        ("702", "'queued'", "b"),
        ("703", "'failed'", "c"),
    ] {
        insert(
            "outbox",
            &[
                ("id", id),
                ("dedupe_key", &format!("'{TYPED} {key}'")),
                ("event_id", "1"),
                ("slot_id", "1"),
                ("delegation_id", "11"),
                ("sequence", "0"),
                ("recipient", address),
                ("recipient_name", name),
                ("envelope_from", "'o@x.example'"),
                ("message_id", &format!("'<{key}@x>'")),
                ("subject", text),
                ("raw", &bytes),
                ("state", state),
                ("attempts", "1"),
                ("next_at", "0"),
                ("give_up_at", "0"),
                ("last_code", "250"),
                ("last_error", text),
                ("created_at", "1"),
            ],
        );
        insert(
            "enclosures",
            &[
                ("mail_id", id),
                ("name", text),
                ("state", "'set'"),
                ("says", text),
                ("letter", &bytes),
                ("fault", text),
            ],
        );
    }
    // To another contact, with the address somewhere in its bytes.
    insert(
        "outbox",
        &[
            ("id", "704"),
            ("dedupe_key", "'d'"),
            ("event_id", "1"),
            ("delegation_id", "11"),
            ("sequence", "0"),
            ("recipient", "'other@kz.example'"),
            ("recipient_name", "'Bolat Other'"),
            ("envelope_from", "'o@x.example'"),
            ("message_id", "'<d@x>'"),
            ("subject", "'Your schedule'"),
            ("raw", &bytes),
            ("state", "'sent'"),
            ("attempts", "1"),
            ("next_at", "0"),
            ("give_up_at", "0"),
            ("created_at", "1"),
        ],
    );
    // About the account, to the user.
    insert(
        "outbox",
        &[
            ("id", "705"),
            ("dedupe_key", &format!("'{ADDRESS} account'")),
            ("sequence", "0"),
            ("recipient", &lower),
            ("recipient_name", name),
            ("envelope_from", "'o@x.example'"),
            ("message_id", "'<e@x>'"),
            ("subject", "'Your account'"),
            ("raw", &bytes),
            ("state", "'queued'"),
            ("attempts", "0"),
            ("next_at", "0"),
            ("give_up_at", "0"),
            ("created_at", "1"),
        ],
    );
    insert(
        "inbox",
        &[
            ("id", "1"),
            ("dedupe_key", "'i'"),
            ("event_id", "1"),
            ("delegation_id", "11"),
            ("mail_id", "701"),
            ("outcome", "'person'"),
            ("why", text),
            ("sender", address),
            ("subject", text),
            ("body", text),
            ("received_at", "0"),
            ("handled_by", name),
            ("handled_at", "0"),
        ],
    );
    run(
        db,
        &format!("UPDATE mail_queue SET paused_by = '{NAME}', paused_at = 0"),
    )
    .unwrap();
    insert(
        "mailboxes",
        &[
            ("name", "'box'"),
            ("uid_validity", "1"),
            ("last_uid", "1"),
            ("looked_at", "0"),
            ("last_error", text),
        ],
    );
    // As earlier releases wrote the history.
    let old = format!(
        r#"'{{"code":"KZ","contacts":["{NAME} <{TYPED}, {PHONE}> (ru)","Bolat Other <other@kz.example> (ru)"]}}'"#
    );
    let said = format!(r#"'{{"answer":"accepted","comment":"ring {PHONE}","by":"{TYPED}"}}'"#);
    let account = format!(r#"'{{"name":"{NAME}","email":"{ADDRESS}","administrator":false}}'"#);
    let calendar = format!("'Kazakhstan (calendar of {TYPED})'");
    for (event, actor_id, actor, action, subject_id, subject, before, after) in [
        (
            "1",
            "502",
            name,
            "'delegation.changed'",
            "11",
            "'Kazakhstan'",
            old.as_str(),
            old.as_str(),
        ),
        (
            "1",
            "NULL",
            calendar.as_str(),
            "'notice.answered'",
            "1",
            text,
            "NULL",
            said.as_str(),
        ),
        (
            "1",
            "501",
            "'Admin'",
            "'slot.booked'",
            "1",
            text,
            "NULL",
            "'{\"title\":\"kept\"}'",
        ),
        (
            "NULL",
            "501",
            "'Admin'",
            "'user.added'",
            "502",
            name,
            "NULL",
            account.as_str(),
        ),
        (
            "NULL",
            "502",
            name,
            "'token.made'",
            "502",
            name,
            "NULL",
            "'{\"name\":\"printer\"}'",
        ),
    ] {
        insert(
            "audit",
            &[
                ("at", "5"),
                ("event_id", event),
                ("actor_id", actor_id),
                ("actor", actor),
                ("action", action),
                ("subject_id", subject_id),
                ("subject", subject),
                ("before_json", before),
                ("after_json", after),
            ],
        );
    }
    let (room, event) = (ORCHID.to_string(), MEETING.to_string());
    insert(
        "rooms",
        &[
            ("id", &room),
            ("event_id", &event),
            ("name", "'Orchid'"),
            ("name_ja", "''"),
            ("capacity", "30"),
            ("position", "1"),
        ],
    );
    insert(
        "room_closures",
        &[
            ("room_id", &room),
            ("starts_at", "27861480"),
            ("ends_at", "27861510"),
            ("reason", text),
        ],
    );
    places.extend(["slots.title", "slots.note", "mail_queue.paused_by"].map(str::to_owned));
    assert_eq!(db.write_here(chain::begin).unwrap(), 5);
    places
}

/// The lines of the whole database that have the person's address, name or telephone, in text or in bytes.
fn traces(db: &Db) -> Vec<String> {
    let hex = |text: &str| {
        let mut digits = String::new();
        for byte in text.bytes() {
            write!(digits, "{byte:02x}").unwrap();
        }
        digits
    };
    let terms = [ADDRESS.to_owned(), NAME.to_lowercase(), PHONE.to_owned()];
    let mut found = Vec::new();
    for (table, lines) in rows(db) {
        for line in lines {
            let lower = line.to_lowercase();
            let named = terms.iter().any(|term| lower.contains(term));
            if named || lower.contains(&hex(TYPED)) {
                found.push(format!("{table}: {line}"));
            }
        }
    }
    found
}

fn forget(db: &Db) -> Result<String, ErasureError> {
    forget_address(db, ADDRESS)
}

fn forget_address(db: &Db, address: &str) -> Result<String, ErasureError> {
    write(db, &Actor::command_line(), |tx| {
        contact::forget(tx, address)
    })
}

/// Writes to the meeting in a transaction of its own.
fn write<T, E>(
    db: &Db,
    actor: &Actor,
    work: impl FnOnce(&mut transaction::EventTx<'_>) -> Result<T, E>,
) -> Result<T, E>
where
    E: From<DbError> + From<diesel::result::Error>,
{
    db.write_here(|conn| {
        let written = transaction::write(
            conn,
            &ProgrammeCache::default(),
            EventId(MEETING),
            actor,
            NOW,
            work,
        )?;
        Ok(written.value)
    })
}

fn delete(db: &Db, user: i64, by: &Actor) -> Result<String, ErasureError> {
    db.write_here(|conn| user::delete(conn, UserId(user), by, NOW))
}

fn verify(db: &Db) -> u64 {
    let chains = db.read_here(|conn| chain::verify(conn, &[])).unwrap();
    chains.iter().map(|chain| chain.redacted).sum()
}

fn an_address_is_found_in_every_place_and_after_erasure_in_none(db: &Scratch) {
    let places = seeded(db);
    let mut unseeded = Vec::new();
    for table in MOVED.iter().chain(LEFT) {
        for column in table.columns {
            let place = format!("{}.{}", table.name, column.name);
            let exempt = HOLDS_NOTHING_PERSONAL
                .iter()
                .any(|line| line.split(' ').any(|exempt| exempt == place));
            let holds = matches!(column.kind, ColumnKind::Text | ColumnKind::Binary);
            if holds && !exempt && !places.contains(&place) {
                unseeded.push(place);
            }
        }
    }
    assert!(
        unseeded.is_empty(),
        "seed these, or say why not: {unseeded:?}"
    );
    let found = db
        .read_here(|conn| Ok::<_, DbError>(export::of_address(conn, TYPED)?))
        .unwrap();
    let found = found["found"].as_object().unwrap();
    let tables: BTreeSet<&str> = places
        .iter()
        .map(|place| place.split('.').next().unwrap())
        .collect();
    for table in tables.iter().chain(&["sessions"]) {
        assert!(
            found.contains_key(*table),
            "{table} is missing in {:?}",
            found.keys()
        );
    }
    assert!(!found["users"].to_string().contains("password_hash"));
    assert_eq!(found["audit"].as_array().unwrap().len(), 5);
    assert!(traces(db).len() > 15);

    forget(db).unwrap();
    delete(db, PERSON, &Actor::command_line()).unwrap();
    assert_eq!(traces(db), [""; 0]);
    assert_eq!(verify(db), 5);
    assert_eq!(
        count(db, "audit WHERE after_json LIKE '%other@kz.example%'"),
        1
    );
    assert_eq!(
        count(
            db,
            "audit WHERE action IN ('contact.forgotten', 'user.deleted')"
        ),
        2
    );
    assert!(matches!(forget(db), Err(ErasureError::Unknown)));
}

fn a_forgotten_contact_leaves_a_pseudonym_and_others_alone(db: &Scratch) {
    seeded(db);
    let pseudonym = forget(db).unwrap();
    assert!(pseudonym.starts_with("contact "), "{pseudonym}");
    let kept =
        format!("recipient = '{pseudonym}' AND recipient_name = '' AND wiped_at IS NOT NULL");
    assert_eq!(
        count(db, &format!("outbox WHERE {kept} AND last_code = 250")),
        3
    );
    assert_eq!(
        count(
            db,
            &format!("outbox WHERE id = {QUEUED} AND state = 'superseded'")
        ),
        1
    );
    assert_eq!(
        count(db, &format!("outbox WHERE id = {SENT} AND state = 'sent'")),
        1
    );
    assert_eq!(
        count(
            db,
            "outbox WHERE id = 704 AND recipient = 'other@kz.example'"
        ),
        1
    );
    assert_eq!(count(db, "contacts WHERE id = 602"), 1);
    assert_eq!(count(db, "contacts"), 1);
    assert_eq!(
        count(
            db,
            &format!(
                "answers WHERE answered_by = '{pseudonym}' AND comment = '' AND reply = 'accepted'"
            )
        ),
        1
    );
    assert_eq!(
        count(
            db,
            &format!("inbox WHERE sender = '{pseudonym}' AND body = ''")
        ),
        1
    );
    assert_eq!(count(db, "private_links WHERE generation = 1"), 1);
    assert_eq!(count(db, "link_passes"), 0);
    verify(db);
}

/// Officers type names and telephone numbers of contacts, and must not reach the history with them.
fn forgotten_contact_named_like_data_changes_no_data(db: &Scratch) {
    seeded(db);
    let slot = json!({
        "title": "Talk at 2022-12-22 18:00", "starts_at": "2022-12-22 18:00", "ends_at": "2022-12-22 18:25",
        "room": "27861480", "state": "confirmed", "delegations": ["27861480"],
    });
    let link = Actor {
        user: None,
        name: "Kazakhstan (private link)".to_owned(),
        way: String::new(),
    };
    for actor in [&Actor::command_line(), &link] {
        write(db, actor, |tx| {
            Ok::<_, DbError>(tx.record(
                Action::SlotBooked,
                (1, "Talk"),
                None,
                Some(slot.clone()),
            )?)
        })
        .unwrap();
    }
    let state = || {
        let mut all = rows(db);
        let mut history = all.remove("audit").unwrap();
        history.retain(|row| !row.contains("action=history.") && !row.contains("action=contact."));
        let tables = ["notices", "answers", "outbox", "inbox", "slots"];
        let mut state: Vec<String> = tables
            .iter()
            .flat_map(|table| all[*table].clone())
            .collect();
        state.extend(history);
        state
    };
    let before = state();
    for (id, name, phone) in [
        (603, "command line", "2022-12-22 18:00"),
        (604, "Kazakhstan (private link)", "27861480"),
    ] {
        run(
            db,
            &format!(
                "INSERT INTO contacts (id, delegation_id, name, email, phone, language, letters_only, position)
                 VALUES ({id}, 11, '{name}', 'liar@kz.example', '{phone}', 'ru', FALSE, {id})"
            ),
        )
        .unwrap();
        forget_address(db, "liar@kz.example").unwrap();
    }
    assert_eq!(state(), before);
    verify(db);
}

fn erasure_in_an_altered_history_changes_nothing(db: &Scratch) {
    seeded(db);
    behind_the_guards(
        db,
        "UPDATE audit SET actor = 'forged' WHERE subject = 'Kazakhstan' OR action = 'user.added'",
    );
    let before = rows(db);
    for refused in [forget(db), delete(db, PERSON, &Actor::command_line())] {
        let words = refused.unwrap_err().to_string();
        assert!(
            words.starts_with("the history has been altered at row "),
            "{words}"
        );
    }
    assert_eq!(rows(db), before);
}

fn a_mail_being_sent_keeps_everything_as_it_is(db: &Scratch) {
    seeded(db);
    run(db, &format!("UPDATE outbox SET state = 'sending', lease_owner = 'w', lease_until = 9 WHERE id = {QUEUED}")).unwrap();
    let before = rows(db);
    let refused = forget(db);
    assert!(
        matches!(refused, Err(ErasureError::BeingSent)),
        "{refused:?}"
    );
    assert_eq!(rows(db), before);
    // Nor while a mail to somebody else, which has not left, has the address in it.
    run(
        db,
        &format!("UPDATE outbox SET state = 'sent' WHERE id = {QUEUED}"),
    )
    .unwrap();
    run(db, "UPDATE outbox SET state = 'queued' WHERE id = 704").unwrap();
    let before = rows(db);
    let refused = forget(db);
    assert!(
        matches!(refused, Err(ErasureError::NamedInWaitingMail(_))),
        "{refused:?}"
    );
    assert_eq!(rows(db), before);
}

fn the_last_administrator_and_oneself_cannot_be_deleted(db: &Scratch) {
    seeded(db);
    let before = rows(db);
    let own = Actor {
        user: Some(PERSON),
        ..Actor::command_line()
    };
    assert!(matches!(
        delete(db, PERSON, &own),
        Err(ErasureError::OwnAccount)
    ));
    let last = delete(db, ADMIN, &Actor::command_line());
    assert!(matches!(last, Err(ErasureError::Account(_))), "{last:?}");
    assert!(matches!(delete(db, 7, &own), Err(ErasureError::Account(_))));
    assert_eq!(rows(db), before);
}

fn an_archived_event_refuses_writes_and_can_be_deleted(db: &Scratch) {
    seeded(db);
    let (live, actor) = (ProgrammeCache::default(), Actor::command_line());
    let event = EventId(MEETING);
    let remove = |slug: &str| {
        db.write_here(|conn| {
            Ok::<_, DbError>(
                archive::delete(conn, event, slug, &actor, NOW).map_err(|error| error.to_string()),
            )
        })
        .unwrap()
    };
    assert!(remove("ca-jad-9").unwrap_err().contains("archive it first"));
    db.write_here(|conn| {
        transaction::write(conn, &live, event, &actor, NOW, |tx| {
            Ok::<_, DbError>(archive::archive(tx)?)
        })
    })
    .unwrap();
    assert_eq!(
        count(
            db,
            "outbox WHERE event_id = 1 AND state IN ('queued', 'failed')"
        ),
        0
    );
    assert_eq!(count(db, "calendar_links"), 0);
    let before = rows(db);
    let refused = db.write_here(|conn| {
        transaction::write(conn, &live, event, &actor, NOW, |tx| {
            Ok::<_, DbError>(tx.record(Action::SlotBooked, (1, "x"), None, None)?)
        })
    });
    assert!(
        matches!(&refused, Err(DbError::Query(error)) if archived::Archived::refused(error)),
        "{:?}",
        refused.map(|written| written.revision)
    );
    assert_eq!(rows(db), before);
    assert!(remove("other").unwrap_err().contains("ca-jad-9"));
    assert_eq!(rows(db), before);
    remove("ca-jad-9").unwrap();
    let after = rows(db);
    for table in MOVED.iter().chain(LEFT) {
        if table.columns.iter().any(|column| column.name == "event_id") && table.name != "audit" {
            let left = after[table.name]
                .iter()
                .filter(|row| row.contains("event_id=1\n"));
            assert_eq!(left.count(), 0, "{}", table.name);
        }
    }
    assert_eq!(
        count(
            db,
            "audit WHERE event_id = 1 AND (subject <> '' OR after_json IS NOT NULL) AND action <> 'history.redacted'"
        ),
        0
    );
    assert_eq!(count(db, "audit WHERE action = 'event.deleted'"), 1);
    verify(db);
    // The history of an event that is gone still lets go of a user.
    delete(db, PERSON, &actor).unwrap();
    // A complaint of the mailbox belongs to no event.
    run(db, "DELETE FROM mailboxes").unwrap();
    assert_eq!(traces(db), [""; 0]);
    verify(db);
}

fn a_retention_that_is_due_erases_every_contact_once(db: &Scratch) {
    seeded(db);
    run(
        db,
        "INSERT INTO event_days VALUES (1, '2022-12-24', 510, 1260)",
    )
    .unwrap();
    run(db, "UPDATE outbox SET state = 'sent'").unwrap();
    let (live, actor) = (ProgrammeCache::default(), Actor::command_line());
    db.write_here(|conn| {
        transaction::write(conn, &live, EventId(MEETING), &actor, NOW, |tx| {
            Ok::<_, DbError>(retention::set(tx, Some(30))?)
        })
    })
    .unwrap();
    let due = db
        .read_here(|conn| Ok::<_, DbError>(retention::of_event(conn, EventId(MEETING))?))
        .unwrap()
        .due
        .unwrap();
    // 30 days after the day after the last one.
    assert_eq!(due, Moment::from_seconds(1_671_840_000 + 32 * 86_400));
    let erase = |at: Moment| retention::erase_due(db, &live, &Clock::from_fn(move || at)).unwrap();
    let before = rows(db);
    assert_eq!(erase(due.plus(-1)), 0);
    assert_eq!(rows(db), before);
    let overdue = |at: Moment| {
        db.read_here(|conn| Ok::<_, DbError>(retention::overdue(conn, at)?))
            .unwrap()
    };
    assert_eq!(overdue(due.plus(86_400)), [""; 0]);
    assert_eq!(overdue(due.plus(2 * 86_400)), ["ca-jad-9"]);
    assert_eq!((erase(due), erase(due)), (1, 0));
    assert_eq!(overdue(due.plus(2 * 86_400)), [""; 0]);
    assert_eq!(count(db, "contacts"), 0);
    assert_eq!(
        count(db, "outbox WHERE event_id = 1 AND recipient LIKE '%@%'"),
        0
    );
    assert_eq!(
        count(
            db,
            "audit WHERE action = 'event.contacts_erased' AND actor = 'retention'"
        ),
        1
    );
    verify(db);
}

fn a_leased_mail_of_an_archived_event_is_not_retried(db: &Scratch) {
    seeded(db);
    run(db, "UPDATE outbox SET state = 'sent' WHERE id = 705").unwrap();
    run(
        db,
        "UPDATE mail_queue SET paused_at = NULL, paused_by = NULL",
    )
    .unwrap();
    let late = NOW.plus(86_400).seconds();
    run(db, &format!("UPDATE outbox SET give_up_at = {late}")).unwrap();
    let mail = db
        .write_here(|conn| Ok::<_, DbError>(outbox::claim(conn, "worker", NOW)?))
        .unwrap()
        .unwrap();
    assert_eq!(mail.id.0, QUEUED);
    db.write_here(|conn| {
        let (live, actor) = (ProgrammeCache::default(), Actor::command_line());
        transaction::write(conn, &live, EventId(MEETING), &actor, NOW, |tx| {
            Ok::<_, DbError>(archive::archive(tx)?)
        })
    })
    .unwrap();
    db.write_here(|conn| {
        Ok::<_, DbError>(outbox::retry_later(conn, &mail, Some(421), "busy", NOW)?)
    })
    .unwrap();
    let superseded =
        "state = 'superseded' AND last_error = 'the event was archived before it left'";
    assert_eq!(
        count(db, &format!("outbox WHERE id = {QUEUED} AND {superseded}")),
        1
    );
}

fn an_export_with_letters_has_no_live_link(db: &Scratch) {
    const TOKEN: &str = "AQAAAAAAAAAAAAAAAAAAAAAA-_xQWERTY";
    seeded(db);
    let store = |column: &str, condition: &str, letter: &str| {
        let bytes = if is_sqlite(db) {
            format!("CAST('{letter}' AS BLOB)")
        } else {
            format!("convert_to('{letter}', 'UTF8')")
        };
        let (table, column) = column.split_once('.').unwrap();
        let sql = format!("UPDATE {table} SET {column} = {bytes} WHERE {condition}");
        run(db, &sql).unwrap();
    };
    let (half, rest) = TOKEN.split_at(9);
    let packed = STANDARD.encode(format!(
        "https://iikura.example/d/{TOKEN}\r\nwords in base64"
    ));
    let letter = format!(
        "To: {TYPED}\r\nContent-Type: multipart/alternative;\r\n boundary=\"b\"\r\n\r\n\
         --b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\
         words in quotes https://iikura.example/d/{half}=\r\n{rest}\r\n\
         --b\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n\
         {packed}\r\n--b--\r\n"
    );
    let about_account = format!("To: {TYPED}\r\n\r\nhttps://iikura.example/password/{TOKEN}");
    store("outbox.raw", &format!("id = {SENT}"), &letter);
    store("enclosures.letter", &format!("mail_id = {SENT}"), &letter);
    run(
        db,
        "INSERT INTO enclosures (mail_id, name, state, says, letter) \
         SELECT 705, name, state, says, letter FROM enclosures WHERE mail_id = 703",
    )
    .unwrap();
    store("outbox.raw", "id = 705", &about_account);
    store("enclosures.letter", "mail_id = 705", &about_account);
    let found = db
        .read_here(|conn| Ok::<_, DbError>(export::of_address(conn, TYPED)?))
        .unwrap();
    let found = &found["found"];
    for (table, column, id) in [("outbox", "raw", "id"), ("enclosures", "letter", "mail_id")] {
        let shown = |mail: i64| {
            let rows = found[table].as_array().unwrap();
            let row = rows.iter().find(|row| row[id] == mail).unwrap();
            row[column].as_str().unwrap().to_owned()
        };
        assert_eq!(shown(705), "not shown: letters about accounts", "{table}");
        let letter = shown(SENT);
        assert_eq!(letter.matches("/d/…").count(), 2, "{letter}");
        for words in [TYPED, "words in quotes", "words in base64"] {
            assert!(letter.contains(words), "{letter}");
        }
        assert!(
            !letter.contains(rest) && !letter.contains(&packed),
            "{letter}"
        );
    }
    assert!(!found.to_string().contains(TOKEN));
}

fn a_search_that_finds_nothing_takes_no_writer(db: &Scratch) {
    seeded(db);
    let (sender, receiver) = mpsc::channel();
    let other = Db::clone(db);
    let searching = db
        .write_here(|_| {
            let searching = thread::spawn(move || {
                let (live, actor) = (ProgrammeCache::default(), Actor::command_line());
                let done =
                    contact::forget_everywhere(&other, &live, &actor, NOW, "nobody@x.example");
                sender.send(done.unwrap()).unwrap();
            });
            let found = receiver.recv_timeout(Duration::from_secs(10));
            Ok::<_, DbError>((searching, found))
        })
        .unwrap();
    searching.0.join().unwrap();
    assert_eq!(searching.1, Ok(Vec::new()));
    // Of two events, only the one that stores something is written to.
    let erased = contact::forget_everywhere(
        db,
        &ProgrammeCache::default(),
        &Actor::command_line(),
        NOW,
        ADDRESS,
    );
    assert_eq!(erased.unwrap(), ["ca-jad-9"]);
    assert_eq!(count(db, "events WHERE id = 2 AND revision = 1"), 1);
}

/// SQLite's file and its log hold nothing of what was erased; PostgreSQL has `VACUUM` for that.
#[test]
fn an_erased_person_is_in_no_page_of_the_sqlite_file() {
    let db = Scratch::sqlite();
    seeded(&db);
    let path = db.url().trim_start_matches("sqlite:").to_owned();
    let holds = |suffix: &str| {
        std::fs::read(format!("{path}{suffix}")).is_ok_and(|bytes| {
            let text = String::from_utf8_lossy(&bytes).to_lowercase();
            text.contains(ADDRESS)
        })
    };
    db.write_here(|conn| Ok::<_, DbError>(scrub(conn)?))
        .unwrap();
    assert!(holds(""));
    forget(&db).unwrap();
    delete(&db, PERSON, &Actor::command_line()).unwrap();
    db.write_here(|conn| Ok::<_, DbError>(scrub(conn)?))
        .unwrap();
    assert!(!holds("") && !holds("-wal"));
}
