//! Event files, there and back: what was argued, told and stands side by side comes back as it was.

use iikura::change::answer;
use iikura::change::booking::{self, Notify};
use iikura::change::event_file::{self, EventImportError};
use iikura::core::decision::SlotStep;
use iikura::core::due::due;
use iikura::core::event::EventId;
use iikura::core::notice::News;
use iikura::core::notice::answer::{AnswerOutcome, IncomingAnswer, NoticeReply, Via};
use iikura::core::rule::{Level, Reasons, Rule};
use iikura::core::rules::{check_all, in_force};
use iikura::core::slot::{SlotDetails, SlotState};
use iikura::core::text::TextLine;

use crate::test_event::{NOW, TestEvent, import, reason};
use support::both::{Scratch, on_both};

on_both!(
    a_reason_at_the_earlier_of_two_slots_comes_back,
    a_reason_may_stand_at_either_of_two_slots,
    reasons_for_a_long_run_of_the_chair_come_back,
    slots_side_by_side_come_back_in_one_order,
    notices_survive_a_round_trip_and_continue,
    notices_belong_to_one_event,
    many_import_at_once,
);

/// Exports, imports into other databases, and exports again; gives the file.
fn there_and_back(test_event: &TestEvent<'_>) -> String {
    let first = event_file::export(&test_event.stored()).unwrap();
    for elsewhere in Scratch::each() {
        let elsewhere = elsewhere.migrated();
        let again = import(&elsewhere, &first).unwrap();
        assert_eq!(again.remarks, Vec::<String>::new());
        let again = TestEvent::at(&elsewhere, again.event);
        assert_eq!(event_file::export(&again.stored()).unwrap(), first);
        assert_eq!(unreasoned(&again), 0);
    }
    first
}

/// What needs a reason and has none.
fn unreasoned(test_event: &TestEvent<'_>) -> usize {
    let programme = test_event.stored();
    check_all(&programme)
        .iter()
        .filter(|conflict| conflict.level == Level::NeedsReason)
        .filter(|conflict| in_force(&programme, conflict).is_none())
        .count()
}

fn with_reason(test_event: &TestEvent<'_>, details: &SlotDetails, rule: Rule) {
    test_event
        .try_book(|tx, post| booking::book(tx, post, details.clone(), &reason(rule)))
        .unwrap();
}

fn a_reason_at_the_earlier_of_two_slots_comes_back(scratch: &Scratch) {
    let test_event = TestEvent::of_empty(scratch);
    test_event
        .book(&test_event.details(("18:50", 20), "salon", &[]))
        .unwrap();
    with_reason(
        &test_event,
        &test_event.details(("18:30", 20), "salon", &[]),
        Rule::Turnaround,
    );
    let file = there_and_back(&test_event);
    assert!(
        file.contains("It is agreed") && file.contains("author = \"Officer\""),
        "{file}"
    );
}

fn a_reason_may_stand_at_either_of_two_slots(scratch: &Scratch) {
    scratch.migrate().unwrap();
    let talk = |start: &str, words: &str| {
        format!(
            "\n[[slots]]\nkind = \"other\"\ntitle = \"Talk\"\nroom = \"salon\"\nday = \"2022-12-24\"\nstart = \"{start}\"\nminutes = 20\n{words}\n"
        )
    };
    let given = "override = [{ rule = \"turnaround\", reason = \"Nothing to tidy\", author = \"Ms. Sato\" }]";
    for (slug, first, second) in [("one", given, ""), ("two", "", given)] {
        let source = iikura::cli::demo::NINTH_MEETING.replacen(
            "slug = \"ca-jad-9\"",
            &format!("slug = \"{slug}\""),
            1,
        ) + &talk("18:30", first)
            + &talk("18:50", second);
        let imported = import(scratch, &source).unwrap();
        assert_eq!(imported.remarks, Vec::<String>::new());
        let programme = TestEvent::at(scratch, imported.event).stored();
        let entry = programme
            .overrides
            .iter()
            .find(|entry| entry.rule == Rule::Turnaround)
            .unwrap();
        assert_eq!(
            (entry.reason.as_str(), entry.author.as_str()),
            ("Nothing to tidy", "Ms. Sato")
        );
    }
}

fn reasons_for_a_long_run_of_the_chair_come_back(scratch: &Scratch) {
    let test_event = TestEvent::of_empty(scratch);
    test_event.sql("UPDATE events SET chair_rest_needs_reason = TRUE, chair_run_minutes = 265, revision = revision + 1");
    for (start, minutes) in [("18:00", 60), ("19:05", 60), ("20:10", 20)] {
        test_event
            .book(&test_event.details((start, minutes), "salon", &["JP"]))
            .unwrap();
    }
    // It joins the afternoon and the evening: the reason stands early in a run that grows too long only later.
    with_reason(
        &test_event,
        &test_event.details(("17:50", 5), "salon", &["JP"]),
        Rule::ChairRest,
    );
    let file = there_and_back(&test_event);
    assert_eq!(file.matches("chair_rest\"").count(), 2, "{file}");
    // The run grows once more, for another reason.
    let last = test_event.details(("20:35", 20), "salon", &["JP"]);
    let mut reasons = reason(Rule::ChairRest);
    for given in reasons.values_mut() {
        "The guests asked for it".clone_into(&mut given.text);
    }
    test_event
        .try_book(|tx, post| booking::book(tx, post, last.clone(), &reasons))
        .unwrap();
    let file = there_and_back(&test_event);
    assert_eq!(file.matches("It is agreed").count(), 2, "{file}");
    assert_eq!(file.matches("The guests asked for it").count(), 1, "{file}");
}

fn slots_side_by_side_come_back_in_one_order(scratch: &Scratch) {
    let test_event = TestEvent::of_empty(scratch);
    let interpreters: Vec<_> = test_event
        .stored()
        .interpreters
        .iter()
        .map(|each| each.id)
        .collect();
    for (room, title) in [
        ("salon", "C"),
        ("dining", "A"),
        ("hall", "B"),
        ("press", "Ａ “🕊” \\ ' שלום 会談"),
    ] {
        for state in [SlotState::Tentative, SlotState::Pencilled] {
            let mut details = test_event.details(("18:30", 30), room, &[]);
            details.content.title = TextLine::parse(title).unwrap();
            "two\n\tlines, '''three''' and \"\"\"four\"\"\" \\u0041"
                .clone_into(&mut details.content.note);
            details.state = state;
            if state == SlotState::Pencilled {
                details.content.interpreters.clone_from(&interpreters);
            }
            test_event.book(&details).unwrap();
        }
    }
    let cancelled = test_event.slot("Ａ “🕊”");
    test_event
        .try_book(|tx, post| {
            booking::cancel(tx, post, cancelled.id, cancelled.version, Notify::Later)
        })
        .unwrap();
    there_and_back(&test_event);
}

/// A slot without a room that was confirmed, answered, and has another title since.
fn told(test_event: &TestEvent<'_>) {
    let mut nowhere = test_event.details(("18:30", 30), "salon", &["JP", "KZ", "UZ"]);
    nowhere.placement.room = None;
    let id = test_event.book(&nowhere).unwrap();
    test_event
        .try_book(|tx, post| booking::confirm(tx, post, id, 1, &Reasons::new()))
        .unwrap();
    for (code, reply, via, by) in [
        ("KZ", NoticeReply::Declined, Via::Office, "Officer"),
        ("UZ", NoticeReply::Accepted, Via::Link, ""),
    ] {
        let party = test_event.programme().delegation_by_code(code).unwrap().id;
        let said = IncomingAnswer {
            reply,
            comment: "Two lines:\nand “quotes”".to_owned(),
            via,
            by: by.to_owned(),
            sequence: 0,
            at: NOW,
        };
        let taken =
            test_event.try_book(|tx, _| Ok(answer::receive(tx, (id, party), said.clone())?));
        assert_eq!(taken.unwrap(), AnswerOutcome::Taken);
    }
    let mut renamed = nowhere;
    renamed.content.title = TextLine::parse("Another talk").unwrap();
    test_event
        .try_book(|tx, post| {
            booking::alter(
                tx,
                post,
                (id, 2),
                SlotStep::Change(renamed.clone()),
                &Reasons::new(),
                Notify::Later,
            )
        })
        .unwrap();
}

fn notices_survive_a_round_trip_and_continue(scratch: &Scratch) {
    let test_event = TestEvent::of_empty(scratch);
    told(&test_event);
    let file = there_and_back(&test_event);
    let elsewhere = Scratch::sqlite().migrated();
    let there = TestEvent::at(&elsewhere, import(&elsewhere, &file).unwrap().event);
    let news = |test_event: &TestEvent<'_>| -> Vec<News> {
        let slot = test_event.slot("Another talk");
        due(&test_event.stored(), &slot)
            .into_iter()
            .map(|(_, news)| news)
            .collect()
    };
    assert_eq!(news(&there), news(&test_event));
    assert_eq!(news(&there).len(), 3);
    let replies = |test_event: &TestEvent<'_>| -> Vec<(NoticeReply, Via, String)> {
        let (programme, slot) = (test_event.stored(), test_event.slot("Another talk").id);
        let parties = programme.delegations.iter();
        parties
            .filter_map(|party| programme.ledger.valid_answer(slot, party.id))
            .map(|answer| (answer.reply, answer.via, answer.comment.clone()))
            .collect()
    };
    assert_eq!(replies(&there), replies(&test_event));
    assert_eq!(replies(&there).len(), 2);
}

fn notices_belong_to_one_event(scratch: &Scratch) {
    let test_event = TestEvent::of_empty(scratch);
    told(&test_event);
    let copy = event_file::export(&test_event.stored())
        .unwrap()
        .replacen("ca-jad-9", "copy", 1);
    let faults = faults(import(scratch, &copy));
    assert_eq!(faults.len(), 3, "one for each delegation: {faults:?}");
    for fault in faults {
        assert!(
            fault.ends_with(
                "is there already; to import a copy of the event, export it with --without-notices"
            ),
            "{fault}"
        );
    }
    assert_eq!(test_event.count("events"), 1);
}

fn faults<T: std::fmt::Debug>(outcome: Result<T, EventImportError>) -> Vec<String> {
    match outcome {
        Err(EventImportError::Faulty(faults)) => faults.iter().map(ToString::to_string).collect(),
        other => panic!("{other:?}"),
    }
}

/// As several command lines beside a server: each process has a queue of its own, and none may find the file locked.
fn many_import_at_once(scratch: &Scratch) {
    scratch.migrate().unwrap();
    let processes: Vec<_> = (0..8).map(|_| scratch.another_process()).collect();
    let line = std::sync::Barrier::new(8);
    let outcomes: Vec<Result<EventId, EventImportError>> = std::thread::scope(|scope| {
        let importers: Vec<_> = (0..8)
            .map(|number| {
                let (line, db) = (&line, &processes[number]);
                scope.spawn(move || {
                    // Three events, of which each is wanted by two or three.
                    let slug = format!("slug = \"event-{}\"", number % 3);
                    let source =
                        iikura::cli::demo::NINTH_MEETING.replacen("slug = \"ca-jad-9\"", &slug, 1);
                    line.wait();
                    import(db, &source).map(|imported| imported.event)
                })
            })
            .collect();
        importers
            .into_iter()
            .map(|importer| importer.join().unwrap())
            .collect()
    });
    let (stored, refused): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
    assert_eq!(stored.len(), 3);
    for outcome in refused {
        let faults = faults(outcome);
        assert!(
            faults[0].contains("there is already an event 'event-"),
            "{faults:?}"
        );
    }
}
