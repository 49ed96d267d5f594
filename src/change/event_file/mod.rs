//! The event file: a whole event as one TOML file, both ways.
//!
//! The manual's chapter `event-file` documents its keys. A key may end in `_assumed` to mark a placeholder; it is read
//! the same.

mod encoding;
mod parse;
mod read;
mod read_meeting;
mod read_slots;
mod read_told;
mod store;
mod write;

use serde::{Deserialize, Serialize};
use toml::Spanned;

pub use encoding::decode;
pub use read::{
    EventImportError, FileFault, ImportedEvent, MOST_BYTES, MOST_SLOTS, prepare, prepare_watched,
    too_large,
};
pub use store::{Prepared, import};
pub use write::{export, export_without_notices};

/// The parsed file, before any value is validated.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EventFile {
    meeting: Meeting,
    #[serde(default, alias = "parties_assumed")]
    parties: Vec<Spanned<Party>>,
    #[serde(default, alias = "rooms_assumed")]
    rooms: Vec<Spanned<RoomEntry>>,
    #[serde(default, alias = "interpreters_assumed")]
    interpreters: Vec<Spanned<InterpreterEntry>>,
    #[serde(default, alias = "slots_assumed")]
    slots: Vec<Spanned<SlotEntry>>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Meeting {
    slug: Spanned<String>,
    name: Spanned<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name_ja: Option<Spanned<String>>,
    venue: Spanned<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    venue_ja: Option<Spanned<String>>,
    time_zone: Spanned<String>,
    days: Vec<Spanned<String>>,
    #[serde(alias = "opens_assumed")]
    opens: Spanned<String>,
    #[serde(alias = "closes_assumed")]
    closes: Spanned<String>,
    /// Days with other hours than the rest: day, opening, closing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    other_hours: Vec<Spanned<[String; 3]>>,
    #[serde(
        default,
        alias = "office_assumed",
        skip_serializing_if = "Option::is_none"
    )]
    office: Option<Spanned<OfficeEntry>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    grid_minutes: Option<Spanned<i64>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    minimum_gap_minutes: Option<Spanned<i64>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    chair_run_minutes: Option<Spanned<i64>>,
    #[serde(default)]
    chair_rest_needs_reason: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    interpreter_alone_minutes: Option<Spanned<i64>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    interpreter_team_minutes: Option<Spanned<i64>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    interpreter_rest_minutes: Option<Spanned<i64>>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OfficeEntry {
    name: String,
    email: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    phone: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "the keys of the file")]
struct Party {
    code: Spanned<String>,
    name: Spanned<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name_ja: Option<Spanned<String>>,
    role: Spanned<String>,
    #[serde(alias = "head_assumed")]
    head: Spanned<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    head_ja: Option<Spanned<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    title: Option<Spanned<String>>,
    #[serde(alias = "precedence_assumed")]
    precedence: Spanned<i64>,
    time_zone: Spanned<String>,
    #[serde(default, alias = "languages_assumed")]
    languages: Vec<Spanned<String>>,
    #[serde(alias = "party_size_assumed")]
    party_size: Spanned<i64>,
    #[serde(
        default,
        alias = "presence_assumed",
        skip_serializing_if = "Vec::is_empty"
    )]
    presence: Vec<Spanned<[String; 2]>>,
    #[serde(
        default,
        alias = "contacts_assumed",
        skip_serializing_if = "Vec::is_empty"
    )]
    contacts: Vec<Spanned<ContactEntry>>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ContactEntry {
    name: String,
    email: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    phone: String,
    #[serde(default = "english")]
    language: String,
    #[serde(default)]
    letters_only: bool,
}

fn english() -> String {
    "en".to_owned()
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RoomEntry {
    code: Spanned<String>,
    name: Spanned<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name_ja: Option<Spanned<String>>,
    capacity: Spanned<i64>,
    #[serde(default = "no_turnaround")]
    turnaround_minutes: Spanned<i64>,
    #[serde(
        default,
        alias = "kinds_assumed",
        skip_serializing_if = "Vec::is_empty"
    )]
    kinds: Vec<Spanned<String>>,
    #[serde(
        default,
        alias = "closures_assumed",
        skip_serializing_if = "Vec::is_empty"
    )]
    closures: Vec<Spanned<ClosureEntry>>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ClosureEntry {
    from: String,
    until: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    reason: String,
}

fn no_turnaround() -> Spanned<i64> {
    Spanned::new(0..0, 0)
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct InterpreterEntry {
    code: Spanned<String>,
    name: Spanned<String>,
    pairs: Vec<Spanned<[String; 2]>>,
    #[serde(
        default,
        alias = "presence_assumed",
        skip_serializing_if = "Vec::is_empty"
    )]
    presence: Vec<Spanned<[String; 2]>>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SlotEntry {
    kind: Spanned<String>,
    /// The format that is agreed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    format: Option<Spanned<String>>,
    /// How many people come with each principal.
    #[serde(
        default,
        alias = "accompanying_assumed",
        skip_serializing_if = "Option::is_none"
    )]
    accompanying: Option<Spanned<i64>>,
    title: Spanned<String>,
    #[serde(
        default,
        alias = "room_assumed",
        skip_serializing_if = "Option::is_none"
    )]
    room: Option<Spanned<String>>,
    day: Spanned<String>,
    #[serde(alias = "start_assumed")]
    start: Spanned<String>,
    #[serde(
        default,
        alias = "end_assumed",
        skip_serializing_if = "Option::is_none"
    )]
    end: Option<Spanned<String>>,
    #[serde(
        default,
        alias = "minutes_assumed",
        skip_serializing_if = "Option::is_none"
    )]
    minutes: Option<Spanned<i64>>,
    #[serde(default = "no_parties")]
    parties: Spanned<Parties>,
    /// Those invited to single sessions that take part in a slot for all parties.
    #[serde(default = "no_parties", skip_serializing_if = "names_none")]
    invited: Spanned<Parties>,
    /// Those that a slot for all parties leaves out.
    #[serde(default = "no_parties", skip_serializing_if = "names_none")]
    left_out: Spanned<Parties>,
    #[serde(
        default,
        alias = "interpreters_assumed",
        skip_serializing_if = "Vec::is_empty"
    )]
    interpreters: Vec<Spanned<String>>,
    /// Whether interpretation is wanted.
    #[serde(
        default,
        alias = "interpretation_assumed",
        skip_serializing_if = "std::ops::Not::not"
    )]
    interpretation: bool,
    /// Neither a plan nor the handling of delays moves it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    fixed: bool,
    /// Who sees it without taking part.
    #[serde(default = "no_parties", skip_serializing_if = "names_none")]
    audience: Spanned<Parties>,
    #[serde(default = "tentative")]
    state: Spanned<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    note: Option<Spanned<String>>,
    #[serde(default, skip_serializing_if = "is_zero")]
    sequence: i32,
    /// Overridden rules: the rule's code and the reason.
    #[serde(default, rename = "override", skip_serializing_if = "Vec::is_empty")]
    overrides: Vec<Spanned<OverrideEntry>>,
    /// Notices of the slot.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    told: Vec<Spanned<ToldEntry>>,
}

fn tentative() -> Spanned<String> {
    Spanned::new(0..0, "tentative".to_owned())
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde asks for this signature"
)]
fn is_zero(sequence: &i32) -> bool {
    *sequence == 0
}

/// `"all"`, or a list of codes.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged, expecting = "parties is \"all\" or a list of codes")]
enum Parties {
    Word(String),
    Codes(Vec<String>),
}

fn names_none(parties: &Spanned<Parties>) -> bool {
    matches!(parties.as_ref(), Parties::Codes(codes) if codes.is_empty())
}

fn no_parties() -> Spanned<Parties> {
    Spanned::new(0..0, Parties::Codes(Vec::new()))
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OverrideEntry {
    rule: String,
    reason: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    author: Option<String>,
    /// The most that the reason was given for, in minutes or people; without it, what the file itself has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    approved: Option<i32>,
}

/// A notice: everything that a later mail needs to replace the entry in the delegation's calendar.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ToldEntry {
    party: String,
    method: String,
    sequence: i32,
    uid: String,
    thread: String,
    /// ORGANIZER of its invitations; the office's address where an earlier release has written the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    organizer: Option<String>,
    /// RFC 3339.
    at: String,
    #[serde(flatten, serialize_with = "crate::core::notice::told::write_in_files")]
    slot: crate::core::notice::Told,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    answer: Option<AnswerEntry>,
}

/// A delegation's answer to its notice, the last one or an earlier one.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AnswerEntry {
    reply: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    comment: String,
    via: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    by: String,
    sequence: i32,
    /// RFC 3339.
    at: String,
    /// What they answered to.
    #[serde(serialize_with = "crate::core::notice::told::write_in_files")]
    told: crate::core::notice::Told,
}
