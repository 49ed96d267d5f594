//! What each column may hold: a file's values pass the same constructors as those that people type, before any of them
//! reaches the database.
//!
//! A column is `Any` only where the database itself leaves no other choice: keys that lead to another row, and words and
//! numbers whose every value is read.

use std::ops::RangeInclusive;

use crate::auth::token::TokenScope;
use crate::auth::{account, hashing};
use crate::core::delegation::{self, Delegation, PrincipalRole};
use crate::core::event::{EventSettings, RETENTION_DAYS, RevisionKey};
use crate::core::interpreter::LanguagePair;
use crate::core::notice::answer::{NoticeReply, Via};
use crate::core::notice::{Method, Told};
use crate::core::room::Room;
use crate::core::rule::Rule;
use crate::core::slot::{self, AudienceKind, MeetingFormat, MeetingStyle, SlotState};
use crate::core::text::{self, Code, Email, TextLine, optional_line, quoted};
use crate::core::text_enum::TextEnum;
use crate::core::time::interval::Interval;
use crate::core::time::{LATEST_CLOSE, Zone, parse_date};
use crate::core::timetable::Zoom;
use crate::core::user::{EventRole, InvitationKind};
use crate::mail::outbox::{EnclosureReadiness, MailState};
use crate::mail::{enclosure, inbox};
use crate::store::audit::pseudonym;

use super::cell::Cell;

/// Seconds from 1970 to the end of the year 9999: later moments cannot be written down.
const LAST_MOMENT: i64 = 253_402_300_799;
/// Minutes from 1970 to the beginning of 2000 and the end of 2200, with a day on either side for time zones.
const PROGRAMME_TIMES: std::ops::RangeInclusive<i64> = 15_776_640..=121_495_680;
/// Characters of a text that no form limits.
const LONGEST_TEXT: usize = 20_000;

/// How a value is checked.
enum Check {
    /// Every value of its type.
    Any,
    /// A whole number within these.
    Number(i64, i64),
    /// Text that this parser accepts unchanged: text that a form would change was not stored by one.
    Text(fn(&str) -> Result<String, String>),
    /// Text that can be read.
    Readable(fn(&str) -> Result<(), String>),
}
use Check::{Any, Number, Readable, Text};

/// Checks one value.
///
/// # Errors
/// With a sentence that says what is wrong with it.
pub(super) fn check(table: &str, column: &str, cell: &Cell) -> Result<(), String> {
    match (rule(table, column).unwrap_or(Readable(text)), cell) {
        (Number(least, most), Cell::Number(number)) if !(least..=most).contains(number) => {
            Err(format!("{number} is not from {least} to {most}"))
        }
        (Text(parse), Cell::Text(raw)) => match parse(raw) {
            Ok(parsed) if parsed == *raw => Ok(()),
            Ok(parsed) => Err(format!("{} is stored as {}", quoted(raw), quoted(&parsed))),
            Err(fault) => Err(format!("{} {fault}", quoted(raw))),
        },
        (Readable(read), Cell::Text(raw)) => {
            read(raw).map_err(|fault| format!("{} {fault}", quoted(raw)))
        }
        (_, Cell::Day(day)) => parse_date(&day.to_string()).map(drop),
        _ => Ok(()),
    }
}

/// Checks what the values of one row say together.
///
/// # Errors
/// With the column, and a sentence that says what is wrong with it.
pub(super) fn check_row<'c>(
    table: &str,
    cell: impl Fn(&str) -> Option<&'c Cell>,
) -> Result<(), (&'static str, String)> {
    let is_empty = |column: &str| matches!(cell(column), None | Some(Cell::Nothing));
    let word = |column: &str| match cell(column) {
        Some(Cell::Text(word)) => word.as_str(),
        _ => "",
    };
    match table {
        "outbox" if word("state") == "sending" && is_empty("lease_until") => Err((
            "lease_until",
            "a mail that is being sent has a lease".to_owned(),
        )),
        "outbox" if is_empty("lease_owner") != is_empty("lease_until") => {
            Err(("lease_owner", "a lease has an owner and an end".to_owned()))
        }
        "outbox" if word("state") == "sent" && is_empty("sent_at") => Err((
            "sent_at",
            "a mail that was sent has a time of sending".to_owned(),
        )),
        "enclosures" if word("state") == "set" && !word("says").is_empty() => Err((
            "says",
            "an enclosure that is set says nothing more".to_owned(),
        )),
        _ => Ok(()),
    }
}

/// A number that the forms and the event file accept.
fn within(range: RangeInclusive<i32>) -> Check {
    Number(i64::from(*range.start()), i64::from(*range.end()))
}

/// Returns the rule for a column; a test fails for a column that has none.
#[expect(
    clippy::match_same_arms,
    clippy::too_many_lines,
    reason = "a table: columns stand by what they belong to"
)]
fn rule(table: &str, column: &str) -> Option<Check> {
    Some(match (table, column) {
        ("users", "email") => Text(|raw| Ok(account::account_email(&Email::parse(raw)?))),
        ("users", "password_hash") => Readable(password_hash),
        ("users", "zoom") => word::<Zoom>(),
        ("second_factors", "seed") => Readable(base64_url),
        ("second_factors", "last_step") => Number(0, LAST_MOMENT),
        ("sign_on_identities", "issuer") => Readable(identifier),
        // What others typed or sent, whatever that was.
        ("sign_on_identities", "subject")
        | ("sign_in_failures", "throttle_key")
        | ("inbox", "dedupe_key") => Readable(text),
        ("sign_in_failures", "failures") => Number(0, i64::from(i32::MAX)),
        ("api_tokens", "scope") => word::<TokenScope>(),
        ("memberships", "role") => word::<EventRole>(),
        ("invitations", "kind") => word::<InvitationKind>(),
        ("idempotency_keys", "request_key") => Readable(graphic),
        ("idempotency_keys", "answer") => Readable(json),
        (_, "token_hash" | "code_hash" | "request_hash") => Readable(sha256),
        ("audit", "hash") => Readable(sha256),

        ("events", "slug") | ("resources", "code") => Text(|raw| Ok(Code::parse(raw)?.to_string())),
        ("events" | "delegations", "time_zone") => {
            Text(|raw| Ok(raw.parse::<Zone>()?.name().to_owned()))
        }
        ("events", "office_email") | ("contacts", "email") | ("notices", "organizer") => {
            Text(|raw| Ok(Email::parse(raw)?.to_string()))
        }
        ("events", "grid_minutes") => within(EventSettings::GRID),
        ("events", "minimum_gap_minutes") => within(EventSettings::MINIMUM_GAP),
        ("events", "chair_run_minutes") => within(EventSettings::CHAIR_RUN),
        ("events", "interpreter_alone_minutes" | "interpreter_team_minutes") => {
            within(EventSettings::INTERPRETER_RUN)
        }
        ("events", "interpreter_rest_minutes") => within(EventSettings::INTERPRETER_REST),
        (_, "revision") => Number(0, i64::MAX),
        ("events", "revision_key") => Number(0, RevisionKey::RANGE - 1),
        ("event_lifecycles", "erase_after_days") => within(RETENTION_DAYS),
        ("event_days", "opens") => Number(0, 1440),
        ("event_days", "closes") => Number(0, i64::from(LATEST_CLOSE)),
        ("event_days", "day") => Any,
        ("slots", "audience") => word::<AudienceKind>(),
        ("resources" | "occupancy", "kind") | ("overrides", "resource_kind") => {
            Readable(|raw| one_of(raw, &["delegation", "room", "interpreter"]))
        }
        (_, "turnaround_minutes") => within(Room::TURNAROUND),
        ("rooms", "capacity") => within(Room::CAPACITY),
        ("delegations", "role") => word::<PrincipalRole>(),
        ("delegations", "precedence") => within(Delegation::PRECEDENCE),
        ("delegations", "party_size") => within(Delegation::PARTY_SIZE),
        ("delegations", "languages") => Text(languages),
        ("interpreters", "pairs") => Text(pairs),
        ("contacts", "language") => Text(delegation::language),
        (_, "position") => Number(0, i64::from(i32::MAX)),
        ("presences", "arrives_at" | "departs_at")
        | ("slots" | "occupancy" | "room_closures", "starts_at" | "ends_at") => {
            Number(*PROGRAMME_TIMES.start(), *PROGRAMME_TIMES.end())
        }

        ("slots" | "room_kinds", "kind") => word::<slot::SlotKind>(),
        ("slots", "state") => word::<SlotState>(),
        ("slots", "note") | ("answers", "comment") => Text(|raw| text::note(raw).map_err(words)),
        (_, "version" | "placement" | "slot_placement" | "other_placement") => {
            Number(1, i64::from(i32::MAX))
        }
        (_, "sequence" | "generation" | "attempts") => Number(0, i64::from(i32::MAX)),
        ("overrides", "rule") => word::<Rule>(),
        ("notices" | "outbox", "method") => word::<Method>(),
        ("notices" | "answers", "told") => Readable(told),
        ("notices", "uid" | "thread") | ("outbox", "message_id") => Readable(graphic),
        ("answers", "reply") => word::<NoticeReply>(),
        ("answers", "via") => word::<Via>(),

        ("outbox", "state") => word::<MailState>(),
        ("outbox", "dedupe_key") => Readable(identifier),
        ("outbox", "recipient") => Readable(recipient),
        ("outbox", "envelope_from") => Readable(address),
        ("outbox", "last_code") => Number(0, 999),
        ("outbox", "raw") | ("enclosures", "letter") => Any,
        ("enclosures", "state") => word::<EnclosureReadiness>(),
        ("enclosures", "says") => Readable(schedule),
        ("inbox", "outcome") => word::<inbox::InboxOutcome>(),
        ("mailboxes", "uid_validity" | "last_uid") => Number(0, i64::from(u32::MAX)),

        ("audit", "action") => Readable(action),
        ("audit", "before_json" | "after_json") => Readable(json),

        (
            "users" | "events" | "rooms" | "delegations" | "interpreters" | "contacts"
            | "api_tokens" | "calendar_links",
            "name",
        )
        | ("events", "venue" | "office_name")
        | ("delegations", "principal")
        | ("slots", "title")
        | ("overrides", "reason" | "author") => Text(|raw| {
            TextLine::parse(raw)
                .map(|line| line.to_string())
                .map_err(words)
        }),
        ("events" | "rooms" | "delegations", "name_ja")
        | ("events", "venue_ja" | "office_phone")
        | ("delegations", "principal_ja" | "principal_title")
        | ("contacts", "phone")
        | ("room_closures", "reason")
        | ("answers", "answered_by") => Text(|raw| text::optional_line(raw).map_err(words)),
        // Names as mail and mailboxes give them, and what a relay or the program said.
        ("outbox", "recipient_name" | "subject" | "lease_owner" | "last_error")
        | ("enclosures", "name" | "fault")
        | ("inbox", "why" | "sender" | "subject" | "body" | "handled_by")
        | ("mail_queue", "paused_by")
        | ("mailboxes", "name" | "last_error")
        | ("audit", "actor" | "subject") => Readable(text),

        // What the database refers to, and truths.
        (
            _,
            "id"
            | "redaction"
            | "admin"
            | "second_factor_required"
            | "chair_rest_needs_reason"
            | "letters_only",
        ) => Any,
        (
            _,
            "holds" | "all_delegations" | "interpretation_wanted" | "fixed" | "turnaround_waived",
        ) => Any,
        ("slots", "format") => word::<MeetingStyle>(),
        ("slots", "accompanying") => Number(
            i64::from(*MeetingFormat::ACCOMPANYING.start()),
            i64::from(*MeetingFormat::ACCOMPANYING.end()),
        ),
        ("overrides", "approved") => Number(0, i64::from(i32::MAX)),
        (_, column) if column.ends_with("_id") => Any,
        (_, "at") => Number(0, LAST_MOMENT),
        (_, column) if column.ends_with("_at") || column.ends_with("_until") => {
            Number(0, LAST_MOMENT)
        }
        _ => return None,
    })
}

fn word<E: TextEnum>() -> Check {
    Readable(|raw| {
        if E::from_word(raw).is_some() {
            return Ok(());
        }
        let words: Vec<&str> = E::ALL.iter().map(|variant| variant.as_str()).collect();
        Err(format!("is no {}: {}", E::NOUN, words.join(", ")))
    })
}

fn words(error: impl std::fmt::Display) -> String {
    error.to_string()
}

fn fits(fits: bool, fault: &str) -> Result<(), String> {
    if fits { Ok(()) } else { Err(fault.to_owned()) }
}

fn one_of(raw: &str, words: &[&str]) -> Result<(), String> {
    fits(
        words.contains(&raw),
        &format!("is none of {}", words.join(", ")),
    )
}

/// Text of any lines, as letters and relays have it.
fn text(raw: &str) -> Result<(), String> {
    fits(
        !raw.contains('\0') && raw.chars().count() <= LONGEST_TEXT,
        &format!("holds a NUL, or more than {LONGEST_TEXT} characters"),
    )
}

fn identifier(raw: &str) -> Result<(), String> {
    fits(
        (1..=2000).contains(&raw.len()) && !raw.chars().any(char::is_control),
        "is empty, too long, or has an invisible character",
    )
}

fn graphic(raw: &str) -> Result<(), String> {
    fits(
        (1..=255).contains(&raw.len()) && raw.bytes().all(|byte| byte.is_ascii_graphic()),
        "takes 1 to 255 visible ASCII characters",
    )
}

fn sha256(raw: &str) -> Result<(), String> {
    fits(
        raw.len() == 64
            && raw
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')),
        "is not an SHA-256 in 64 hexadecimal digits",
    )
}

fn base64_url(raw: &str) -> Result<(), String> {
    fits(
        !raw.is_empty()
            && raw
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'),
        "is not base64 of an encrypted seed",
    )
}

/// A hash, or empty: an account without a password, which cannot be used to sign in.
fn password_hash(raw: &str) -> Result<(), String> {
    fits(
        raw.is_empty() || hashing::is_hash(raw),
        "is not an Argon2 hash of a password",
    )
}

fn action(raw: &str) -> Result<(), String> {
    let of_action = |byte: u8| byte.is_ascii_lowercase() || b"._- ".contains(&byte);
    fits(
        (1..=100).contains(&raw.len()) && raw.bytes().all(of_action),
        "is not an action, such as slot.booked",
    )
}

fn json(raw: &str) -> Result<(), String> {
    serde_json::from_str::<serde_json::Value>(raw)
        .map(drop)
        .map_err(|error| format!("is not JSON: {error}"))
}

/// The last notice of a delegation, which its next letter repeats.
fn told(raw: &str) -> Result<(), String> {
    let mut told: Told =
        serde_json::from_str(raw).map_err(|error| format!("cannot be read: {error}"))?;
    Interval::new(told.starts_at(), told.ends_at()).map_err(words)?;
    if !PROGRAMME_TIMES.contains(&told.starts.into()) {
        return Err("is not a time from 2000 to 2200".to_owned());
    }
    let names = told.room.iter().chain(&told.delegations);
    for line in [told.title.as_str(), told.kind.label()]
        .into_iter()
        .chain(names.map(String::as_str))
    {
        TextLine::parse(line).map_err(words)?;
    }
    for text in told.event.iter_mut().flat_map(|event| event.texts()) {
        optional_line(text).map_err(words)?;
    }
    Ok(())
}

/// Empty once the letter is finished or wiped.
fn schedule(raw: &str) -> Result<(), String> {
    if raw.is_empty() {
        return Ok(());
    }
    enclosure::check(raw).map_err(|error| format!("cannot be rendered as PDF: {error}"))
}

/// An address, or none: a bounce has no sender, and what was forgotten has no recipient.
/// An address, or the pseudonym of an erased contact in its place.
fn recipient(raw: &str) -> Result<(), String> {
    if pseudonym::is_pseudonym(raw) {
        return Ok(());
    }
    address(raw)
}

fn address(raw: &str) -> Result<(), String> {
    if raw.is_empty() {
        return Ok(());
    }
    Email::parse(raw).map(drop)
}

fn languages(raw: &str) -> Result<String, String> {
    let tags: Vec<String> = raw
        .split_whitespace()
        .map(delegation::language)
        .collect::<Result<_, _>>()?;
    Ok(tags.join(" "))
}

fn pairs(raw: &str) -> Result<String, String> {
    let pairs: Vec<String> = raw
        .split_whitespace()
        .map(|pair| {
            let (one, other) = pair
                .split_once('>')
                .ok_or_else(|| format!("has no pair in {}; write ja>ru", quoted(pair)))?;
            let pair = LanguagePair::new(one, other).map_err(words)?;
            Ok(pair.languages().join(">"))
        })
        .collect::<Result<_, String>>()?;
    Ok(pairs.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::installation::table::MOVED;

    #[test]
    fn every_column_that_moves_has_a_rule() {
        let missing: Vec<String> = MOVED
            .iter()
            .flat_map(|table| {
                table
                    .columns
                    .iter()
                    .map(move |column| (table.name, column.name))
            })
            .filter(|(table, column)| rule(table, column).is_none())
            .map(|(table, column)| format!("{table}.{column}"))
            .collect();
        assert_eq!(missing, Vec::<String>::new());
    }

    fn refused(table: &str, column: &str, cell: &Cell) -> String {
        match check(table, column, cell) {
            Err(fault) => fault,
            Ok(()) => format!("{cell:?} is taken"),
        }
    }

    #[test]
    fn value_that_no_form_takes_is_refused_by_kind() {
        let text = |text: &str| Cell::Text(text.to_owned());
        for (table, column, cell, words) in [
            (
                "events",
                "time_zone",
                text("Mars/Olympus"),
                "is not an IANA time zone",
            ),
            ("events", "slug", text("a b"), "takes 1 to 40 letters"),
            ("events", "name", text(""), "is missing"),
            ("events", "name", text(" Meeting"), "is stored as"),
            (
                "events",
                "office_email",
                text("nobody"),
                "is not an e-mail address",
            ),
            (
                "events",
                "office_email",
                text("a@B.example"),
                "is stored as",
            ),
            (
                "events",
                "grid_minutes",
                Cell::Number(0),
                "0 is not from 1 to 60",
            ),
            (
                "event_days",
                "day",
                Cell::Day(chrono::NaiveDate::from_ymd_opt(1066, 10, 14).unwrap()),
                "is not a date",
            ),
            ("users", "email", text("Aki@iikura.example"), "is stored as"),
            (
                "users",
                "password_hash",
                text("letmein"),
                "is not an Argon2 hash",
            ),
            ("users", "zoom", text("7"), "is no "),
            ("api_tokens", "token_hash", text("ABC"), "is not an SHA-256"),
            ("memberships", "role", text("king"), "is no "),
            (
                "delegations",
                "languages",
                text("ja klingonese-x"),
                "is not a language",
            ),
            ("delegations", "languages", text("ja  ru"), "is stored as"),
            ("interpreters", "pairs", text("ja-ru"), "has no pair in"),
            ("contacts", "phone", text("1\u{202e}2"), "contains"),
            ("slots", "note", text("a\u{0}b"), "contains"),
            ("slots", "title", text(&"x".repeat(201)), "201 characters"),
            (
                "slots",
                "starts_at",
                Cell::Number(i64::from(i32::MAX)),
                "is not from",
            ),
            ("overrides", "rule", text("gravity"), "is no "),
            ("overrides", "resource_kind", text("planet"), "is none of"),
            ("notices", "told", text("{}"), "cannot be read"),
            ("notices", "uid", text("a b"), "visible ASCII"),
            (
                "notices",
                "told_at",
                Cell::Number(LAST_MOMENT + 1),
                "is not from",
            ),
            ("answers", "reply", text("perhaps"), "is no "),
            (
                "outbox",
                "recipient",
                text("kz"),
                "is not an e-mail address",
            ),
            ("outbox", "state", text("lost"), "is no "),
            (
                "enclosures",
                "says",
                text("{}"),
                "cannot be rendered as PDF",
            ),
            ("idempotency_keys", "answer", text("{"), "is not JSON"),
            ("audit", "after_json", text("["), "is not JSON"),
            ("audit", "action", text("Slot booked"), "is not an action"),
            ("audit", "actor", text("A\u{0}"), "holds a NUL"),
            ("second_factors", "seed", text("!"), "is not base64"),
        ] {
            let found = refused(table, column, &cell);
            assert!(found.contains(words), "{table}.{column}: {found}");
        }
    }

    #[test]
    fn row_whose_values_belie_each_other_is_refused() {
        let sending = Cell::Text("sending".to_owned());
        let sent = Cell::Text("sent".to_owned());
        for (state, column) in [(&sending, "lease_until"), (&sent, "sent_at")] {
            let cell = |name: &str| (name == "state").then_some(state);
            assert_eq!(check_row("outbox", cell).unwrap_err().0, column);
        }
        let owner = Cell::Text("x".to_owned());
        let cell = |name: &str| (name == "lease_owner").then_some(&owner);
        assert_eq!(check_row("outbox", cell).unwrap_err().0, "lease_owner");
    }
}
