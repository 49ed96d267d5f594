//! Event files: there and back without loss, or refused whole.

use iikura::change::booking::{self, Notify};
use iikura::change::event_file::{self, EventImportError};
use iikura::cli::demo::NINTH_MEETING;
use iikura::core::event::EventId;
use iikura::core::programme::Programme;
use iikura::core::rule::Reasons;
use iikura::core::text::Email;
use iikura::core::user::Actor;
use iikura::db::DbError;
use iikura::store::programme_cache::ProgrammeCache;
use proptest::prelude::*;

use crate::test_event::{NOW, TestEvent, import};
use support::both::{Scratch, on_both};

on_both!(
    the_ninth_meeting_comes_in_whole,
    what_is_exported_comes_back_without_loss,
    a_faulty_file_is_refused_whole_and_every_fault_has_its_line,
    imported_programme_in_memory_is_the_stored_one,
    invitation_that_is_known_already_is_refused_with_its_line,
    reason_for_two_findings_is_written_for_the_worse,
);

/// Everything that is rare: other hours, an ambiguous clock time, midnight, letters only, odd characters.
const RARE: &str = r#"
[meeting]
slug = "rare"
name = "A “rare” event \\ 🕊 \u200Fשלום"
venue = "House"
time_zone = "Europe/Berlin"
days = ["2022-10-29", "2022-10-30"]
opens = "00:00"
closes = "24:00"
other_hours = [["2022-10-29", "10:00", "24:00"]]
office = { name = "Office", email = "office@house.example", phone = "+49 30 0" }
chair_rest_needs_reason = true
interpreter_alone_minutes = 25
interpreter_team_minutes = 90
interpreter_rest_minutes = 10

[[parties]]
code = "DE"
name = "Germany"
role = "chair"
head = "Head"
precedence = 0
time_zone = "Europe/Berlin"
party_size = 2
presence = [["2022-10-29 09:00", "2022-10-30 02:30+01:00"]]
contacts = [{ name = "O'Desk, \"A\"", email = "de@delegations.example", phone = "+49 30 0000", language = "zh-Hant", letters_only = true }]

[[rooms]]
code = "saal"
name = "Saal"
capacity = 2
kinds = ["other", "bilateral"]
closures = [
  { from = "2022-10-29 23:00", until = "2022-10-30 02:30+02:00", reason = "cleaning, \"deep\"" },
  { from = "2022-10-29 09:00", until = "2022-10-29 10:00" },
]

[[interpreters]]
code = "x"
name = "X"
pairs = [["de", "zh-Hant"]]

[[slots]]
kind = "plenary"
format = "expanded"
accompanying = 0
title = "With the chair alone"
day = "2022-10-29"
start = "20:00"
end = "20:30"
parties = ["DE"]

[[slots]]
kind = "break"
title = "Until midnight"
day = "2022-10-29"
start = "23:30"
end = "24:00"

[[slots]]
kind = "other"
title = "Over the turn of the clocks"
room = "saal"
day = "2022-10-30"
start = "02:00+02:00"
end = "02:15+01:00"
parties = ["DE"]
interpreters = ["x"]
interpretation = true
state = "cancelled"
note = "two\nlines"
"#;

fn the_ninth_meeting_comes_in_whole(scratch: &Scratch) {
    scratch.migrate().unwrap();
    let imported = import(scratch, NINTH_MEETING).unwrap();
    assert_eq!(
        (
            imported.slug.as_str(),
            imported.slots,
            imported.remarks.len()
        ),
        ("ca-jad-9", 9, 0)
    );
    // The same file with stand-ins marked and no reason given: taken over, and said.
    let marked = NINTH_MEETING
        .replace("slug = \"ca-jad-9\"", "slug = \"again\"")
        .replace("\nopens =", "\nopens_assumed =")
        .replace("\npresence =", "\npresence_assumed =")
        .replace("[[rooms]]", "[[rooms_assumed]]")
        .replace("\noverride =", "\n# override =");
    let imported = import(scratch, &marked).unwrap();
    assert_eq!(imported.remarks.len(), 1, "{:?}", imported.remarks);
    assert!(
        imported.remarks[0]
            .starts_with("“Working lunch”: Dining Room takes 40 people and 42 are expected.")
    );
}

fn export(scratch: &Scratch, event: EventId) -> String {
    let test_event = TestEvent {
        db: scratch,
        live: ProgrammeCache::default(),
        event,
    };
    event_file::export(&test_event.stored()).unwrap()
}

fn what_is_exported_comes_back_without_loss(scratch: &Scratch) {
    scratch.migrate().unwrap();
    let test_event = TestEvent::of(scratch);
    let lunch = test_event.slot("Working lunch");
    test_event
        .try_book(|tx, post| booking::confirm(tx, post, lunch.id, 1, &Reasons::new()))
        .unwrap();
    let press = test_event.slot("Joint press");
    test_event
        .try_book(|tx, post| booking::cancel(tx, post, press.id, 1, Notify::Now))
        .unwrap();
    let rare = import(scratch, RARE).unwrap().event;
    for event in [test_event.event, rare] {
        let first = export(scratch, event);
        let elsewhere = Scratch::sqlite().migrated();
        let again = import(&elsewhere, &first).unwrap();
        assert_eq!(again.remarks, Vec::<String>::new());
        assert_eq!(export(&elsewhere, again.event), first);
    }
    let file = export(scratch, test_event.event);
    for words in [
        "method = \"REQUEST\"",
        "author = \"Protocol Office\"",
        "state = \"cancelled\"",
    ] {
        assert!(file.contains(words), "{words} in {file}");
    }
}

fn faults(scratch: &Scratch, source: &str) -> Vec<String> {
    match import(scratch, source) {
        Err(EventImportError::Faulty(faults)) => faults.iter().map(ToString::to_string).collect(),
        other => panic!("{other:?}"),
    }
}

/// A fault to put into the file: what is replaced by what, the line it stands in, and what is said of it.
struct Slip {
    from: &'static str,
    to: String,
    line: usize,
    words: &'static str,
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn slips() -> Vec<Slip> {
    let line = |words: &str| {
        NINTH_MEETING
            .lines()
            .position(|line| line.contains(words))
            .unwrap()
            + 1
    };
    let kz = line("code = \"KZ\"");
    let long = format!("title = \"{}\"", "t".repeat(10_000));
    [
        (
            "venue = ",
            "veneu = ",
            line("venue = \"Iikura House\""),
            "unknown field `veneu`",
        ),
        (
            "capacity = 60",
            "capacity = \"big\"",
            line("capacity = 60"),
            "invalid type: string",
        ),
        (
            "capacity = 60",
            "capacity = 0",
            line("capacity = 60"),
            "capacity: is a whole number from 1 to 100000",
        ),
        (
            "days = [\"2022-12-24\"]",
            "days = [\"24 December\"]",
            line("days = "),
            "days: '24 December' is not a date",
        ),
        (
            "code = \"dining\"",
            "kinds = [\"feast\"]\ncode = \"dining\"",
            line("code = \"dining\""),
            "kinds: 'feast' is none of plenary, bilateral, multilateral, meal, press, photo, ceremony, courtesy_call, break, other",
        ),
        (
            "code = \"dining\"",
            "closures = [{ from = \"2022-12-24 12:00\", until = \"2022-12-24 12:00\" }]\ncode = \"dining\"",
            line("code = \"dining\""),
            "closures: the end must be after the start",
        ),
        (
            "code = \"dining\"",
            "closures = [{ from = \"2022-12-24 12:00\", until = \"2022-12-24 13:00\" }, { from = \"2022-12-24 12:30\", until = \"2022-12-24 14:00\" }]\ncode = \"dining\"",
            line("code = \"dining\""),
            "closures: overlaps another closure; join the two",
        ),
        (
            "time_zone = \"Asia/Almaty\"",
            "time_zone = \"Asia/Astana\"",
            line("Asia/Almaty"),
            "is not an IANA time zone",
        ),
        (
            "code = \"KZ\"",
            "code = \"JP\"",
            kz,
            "two entries for party 'JP'",
        ),
        (
            "role = \"guest\"",
            "role = \"chair\"",
            line("role = \"guest\""),
            "there is one chair at most",
        ),
        (
            "name = \"Kazakhstan\"",
            "name = \"Kaz\\r\\nBcc: x\"",
            kz + 6,
            "name: contains a line break",
        ),
        (
            "title = \"Working lunch\"",
            &long,
            line("Working lunch"),
            "title: has 10000 characters; shorten it to 200",
        ),
        (
            "title = \"Working lunch\"",
            "title = \"\u{200B}\"",
            line("Working lunch"),
            "title: is missing; fill it in",
        ),
        (
            "start = \"15:15\"",
            "start = \"31:15\"",
            line("start = \"15:15\""),
            "start: '31:15' is not a time",
        ),
        (
            "end = \"14:20\"",
            "end = \"12:20\"",
            line("end = \"14:20\""),
            "end: the end must be after the start",
        ),
        (
            "parties = [\"JP\", \"KZ\"]",
            "parties = [\"JP\", \"XX\"]",
            line("parties = [\"JP\", \"KZ\"]"),
            "there is no 'XX'",
        ),
        (
            "room = \"dining\"",
            "room = \"kitchen\"",
            line("room = \"dining\""),
            "room: there is no 'kitchen'",
        ),
        (
            "rule = \"capacity\"",
            "rule = \"gravity\"",
            line("rule = \"capacity\""),
            "override: 'gravity' is none of double_booking, interval, shape, hours,",
        ),
        (
            "pairs = [[\"ja\", \"en\"]]",
            "pairs = [[\"ja\", \"ja\"]]",
            line("[[\"ja\", \"en\"]]"),
            "not ja twice",
        ),
        (
            "presence = [[\"2022-12-22 18:00\", \"2022-12-25 12:00\"]]",
            "presence = [[\"2022-12-25 18:00\", \"2022-12-25 12:00\"]]",
            line("presence = "),
            "the departure must be after the arrival",
        ),
    ]
    .map(|(from, to, line, words)| Slip {
        from,
        to: to.to_owned(),
        line,
        words,
    })
    .into()
}

fn a_faulty_file_is_refused_whole_and_every_fault_has_its_line(scratch: &Scratch) {
    scratch.migrate().unwrap();
    for Slip {
        from,
        to,
        line,
        words,
    } in slips()
    {
        assert!(NINTH_MEETING.contains(from), "{from}");
        let found = faults(scratch, &NINTH_MEETING.replacen(from, &to, 1));
        let expected = format!("line {line}: ");
        assert!(
            found
                .iter()
                .any(|fault| fault.starts_with(&expected) && fault.contains(words)),
            "{to}: no “{expected}…{words}” in {found:?}"
        );
    }
    // Two slots that overlap are named, and several faults come at once.
    let found = faults(
        scratch,
        &NINTH_MEETING.replacen("start = \"15:15\"", "start = \"15:00\"", 1),
    );
    let clash = "“Japan–Turkmenistan Foreign Ministers' Meeting”: Japan is in “Japan–Kyrgyz";
    assert!(found.iter().any(|fault| fault.contains(clash)), "{found:?}");
    let two = NINTH_MEETING
        .replacen("capacity = 60", "capacity = 0", 1)
        .replacen("code = \"KZ\"", "code = \"K Z\"", 1);
    assert_eq!(faults(scratch, &two).len(), 2);
    for table in ["events", "rooms", "delegations", "slots", "audit"] {
        let count = scratch.read_here(|conn| {
            use diesel::RunQueryDsl;
            let query = format!("SELECT count(*) AS count FROM {table}");
            Ok::<_, iikura::db::DbError>(
                diesel::sql_query(query)
                    .get_result::<iikura::db::Count>(conn)?
                    .count,
            )
        });
        assert_eq!(count.unwrap(), 0, "{table}");
    }
    import(scratch, NINTH_MEETING).unwrap();
    assert!(faults(scratch, NINTH_MEETING)[0].contains("there is already an event 'ca-jad-9'"));
}

/// What the server goes on with after an import, without reading it.
fn imported_programme_in_memory_is_the_stored_one(scratch: &Scratch) {
    scratch.migrate().unwrap();
    let source = Scratch::sqlite().migrated();
    let test_event = TestEvent::of(&source);
    let lunch = test_event.slot("Working lunch");
    test_event
        .try_book(|tx, post| booking::confirm(tx, post, lunch.id, 1, &Reasons::new()))
        .unwrap();
    let again = export(&source, test_event.event).replace("\noverride =", "\n# override =");
    // Three bilaterals end to end: more than the interpreter's run, taken over without a reason.
    let run = |at: u32| {
        format!(
            "[[slots]]\nkind = \"other\"\ntitle = \"Run {at}\"\nday = \"2022-12-24\"\nstart = \"{:02}:00\"\n\
             minutes = 55\ninterpreters = [\"ru-1\"]\nparties = [\"KZ\", \"KG\"]\n",
            18 + at
        )
    };
    let again = again + &run(0) + &run(1) + &run(2);
    let live = ProgrammeCache::default();
    let office = Email::parse("protocol@iikura.example").unwrap();
    let prepared = event_file::prepare(&again, &office, &Actor::command_line(), NOW).unwrap();
    let imported = scratch
        .write_here(|conn| Ok::<_, DbError>(prepared.store(conn, &live).unwrap()))
        .unwrap();
    assert!(!imported.remarks.is_empty());
    let fresh = TestEvent {
        db: scratch,
        live: ProgrammeCache::default(),
        event: imported.event,
    };
    let stored = fresh.stored();
    let known = live.known(imported.event, stored.version()).unwrap();
    assert_eq!(known.slots(), stored.slots());
    assert_eq!(known.event, stored.event);
    let overrides = |programme: &Programme| {
        let mut all: Vec<String> = programme
            .overrides
            .iter()
            .map(|entry| format!("{entry:?}"))
            .collect();
        all.sort();
        all
    };
    assert!(overrides(&known).len() >= 4, "{:?}", known.overrides);
    assert_eq!(overrides(&known), overrides(&stored));
    assert!(known.ledger.notices().eq(stored.ledger.notices()));
    assert!(known.ledger.notices().next().is_some());
}

fn invitation_that_is_known_already_is_refused_with_its_line(scratch: &Scratch) {
    scratch.migrate().unwrap();
    let test_event = TestEvent::of(scratch);
    let lunch = test_event.slot("Working lunch");
    test_event
        .try_book(|tx, post| booking::confirm(tx, post, lunch.id, 1, &Reasons::new()))
        .unwrap();
    let copy = export(scratch, test_event.event).replace("slug = \"ca-jad-9\"", "slug = \"copy\"");
    let found = faults(scratch, &copy);
    assert!(
        found[0].contains(
            "is there already; to import a copy of the event, export it with --without-notices"
        ),
        "{found:?}"
    );
    let bare = event_file::export_without_notices(&test_event.stored()).unwrap();
    assert!(copy.contains("told") && !bare.contains("told") && !bare.contains("sequence"));
    let bare = bare.replace("slug = \"ca-jad-9\"", "slug = \"bare\"");
    assert_eq!(import(scratch, &bare).unwrap().slug, "bare");
    let uid = copy
        .lines()
        .position(|line| line.starts_with("uid = "))
        .unwrap();
    let line: usize = found[0]["line ".len()..]
        .split(':')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    assert!(uid.abs_diff(line) < 8, "{line} is not by line {uid}");
}

/// The faults of a file that is read without a database.
fn refused(source: &str) -> Vec<String> {
    let office = Email::parse("protocol@iikura.example").unwrap();
    let refused = event_file::prepare(source, &office, &Actor::command_line(), NOW);
    let Err(EventImportError::Faulty(faults)) = refused else {
        panic!("{refused:?}")
    };
    faults.iter().map(ToString::to_string).collect()
}

#[test]
fn every_missing_and_unknown_key_is_named_with_its_line() {
    let source = "[meeting]
slug = \"x\"
nmae = \"X\"
venue = 7
days = [\"2022-12-24\"]
opens = \"09:00\"
closes = \"18:00\"
[[parties]]
code = \"JP\"
name = \"Japan\"
role = \"chair\"
presedence = 0
contacts = [
  { name = \"Desk\" },
  { name = \"Desk\", email = \"a@delegations.example\", fax = \"1\" },
]
[[room]]
code = \"a\"
[[slots]]
kind = \"other\"
override = [{ rule = \"hours\", why = \"x\" }]
";
    let found = refused(source);
    for (line, words) in [
        (1, "missing field `name`"),
        (1, "missing field `time_zone`"),
        (3, "unknown field `nmae`, expected one of"),
        (4, "invalid type: integer `7`"),
        (8, "missing field `head`"),
        (8, "missing field `precedence`"),
        (8, "missing field `time_zone`"),
        (8, "missing field `party_size`"),
        (12, "unknown field `presedence`, expected one of"),
        (14, "missing field `email`"),
        (15, "unknown field `fax`, expected one of"),
        (
            17,
            "unknown field `room`, expected one of `meeting`, `parties`",
        ),
        (19, "missing field `title`"),
        (19, "missing field `day`"),
        (19, "missing field `start`"),
        (21, "missing field `reason`"),
        (21, "unknown field `why`, expected one of"),
    ] {
        let begin = format!("line {line}: {words}");
        let told = found.iter().filter(|fault| fault.starts_with(&begin));
        assert_eq!(told.count(), 1, "{begin} in {found:#?}");
    }
    assert_eq!(found.len(), 17, "{found:#?}");
    assert!(refused("")[0].starts_with("line 1: missing field `meeting`"));
    let syntax = refused("[meeting]\nslug = \n");
    assert!(syntax[0].starts_with("line 2: "), "{syntax:?}");
    let table = refused(&RARE.replacen("[[rooms]]", "[rooms]", 1));
    assert!(table[0].contains("rooms: is a list of tables"), "{table:?}");
}

#[test]
fn native_dates_and_times_are_read_like_texts() {
    let native: Vec<String> = NINTH_MEETING
        .lines()
        .map(|line| match line.split_once(" = \"") {
            Some((key @ ("day" | "start" | "end" | "opens" | "closes"), rest)) => {
                let (value, rest) = rest.split_once('"').unwrap();
                let seconds = if key == "day" { "" } else { ":00" };
                format!("{key} = {value}{seconds}{rest}")
            }
            _ => line.replace("days = [\"2022-12-24\"]", "days = [2022-12-24]"),
        })
        .collect();
    let native = native.join("\n").replace(
        "presence = [[\"2022-12-22 18:00\", \"2022-12-25 12:00\"]]",
        "presence = [[2022-12-22T18:00:00, 2022-12-25 12:00:00]]",
    );
    assert!(native.contains("day = 2022-12-24") && native.contains("start = 15:15:00"));
    let written = |source: &str| {
        let scratch = Scratch::sqlite().migrated();
        let event = import(&scratch, source).unwrap().event;
        export(&scratch, event)
    };
    assert_eq!(written(&native), written(NINTH_MEETING));
    let odd = NINTH_MEETING.replacen("start = \"15:15\"", "start = 15:15:30", 1);
    assert!(
        refused(&odd)[0].contains("start: '15:15:30' is not a time"),
        "{:?}",
        refused(&odd)
    );
}

#[test]
fn event_file_beyond_its_limits_is_refused_with_the_limit() {
    let slot = "[[slots]]\nkind = \"other\"\ntitle = \"x\"\nday = \"2022-12-24\"\nstart = \"10:00\"\nminutes = 5\n";
    let many = RARE.to_owned() + &slot.repeat(event_file::MOST_SLOTS);
    // One of those that are there already is the last that fits: the line after the last that does not count.
    let found = refused(&many);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].ends_with(": slots: there are 10003, and 10000 is the limit"),
        "{found:?}"
    );
    let room = "[[rooms]]\ncode = \"r\"\nname = \"x\"\ncapacity = 1\n";
    let found = refused(&(RARE.to_owned() + &room.repeat(1000)));
    assert!(
        found[0].ends_with(": rooms: there are 1001, and 1000 is the limit"),
        "{found:?}"
    );
    let found = refused(&"#".repeat(event_file::MOST_BYTES + 1));
    assert_eq!(
        found,
        ["line 1: the file has 32 MB; an event file has 32 MB at most"]
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn no_file_makes_the_importer_panic(at in 0..NINTH_MEETING.len(), inserted in "\\PC{0,12}", removed in 0..40_usize) {
        let scratch = Scratch::sqlite().migrated();
        let mut source: Vec<char> = NINTH_MEETING.chars().collect();
        let at = at.min(source.len());
        let end = (at + removed).min(source.len());
        source.splice(at..end, inserted.chars());
        let _ = import(&scratch, &source.into_iter().collect::<String>());
    }
}

/// One stays away for the last hour of a talk, one for the last hour and a half.
fn reason_for_two_findings_is_written_for_the_worse(scratch: &Scratch) {
    const EVENT: &str = r#"
[meeting]
slug = "early"
name = "Early"
venue = "House"
time_zone = "Asia/Tokyo"
days = ["2026-10-23"]
opens = "09:00"
closes = "18:00"

[[parties]]
code = "GB"
name = "United Kingdom"
role = "chair"
head = "The Secretary of State"
party_size = 2
precedence = 0
time_zone = "Europe/London"
presence = [["2026-10-23 09:00", "2026-10-23 12:00"]]

[[parties]]
code = "FR"
name = "France"
role = "guest"
party_size = 2
head = "The Minister"
precedence = 1
time_zone = "Europe/Paris"
presence = [["2026-10-23 09:00", "2026-10-23 11:30"]]

[[slots]]
kind = "other"
title = "Talk"
day = "2026-10-23"
start = "11:00"
end = "13:00"
parties = ["GB", "FR"]
override = [{ rule = "presence", reason = "deputies stay" }]
"#;
    scratch.migrate().unwrap();
    let event = import(scratch, EVENT).unwrap().event;
    let written = export(scratch, event);
    assert!(written.contains("approved = 90"), "{written}");
    let elsewhere = Scratch::sqlite().migrated();
    let event = import(&elsewhere, &written).unwrap().event;
    assert_eq!(export(&elsewhere, event), written);
}
