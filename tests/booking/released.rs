//! Databases of earlier releases, which stored labels: nothing becomes due, and every change can be undone.

use diesel::prelude::*;
use iikura::change::booking::{self, Notify};
use iikura::change::undo;
use iikura::core::decision::SlotStep;
use iikura::core::due::{due, pending};
use iikura::core::event::EventId;
use iikura::core::notice::News;
use iikura::core::rule::{Reasons, Rule};
use iikura::core::rules::{Candidate, check, in_force};
use iikura::core::slot::{Slot, SlotId, SlotKind, SlotState};
use iikura::db::schema::{audit as audit_rows, events, notices};
use iikura::store::audit;

use crate::test_event::{TestEvent, reason};
use support::both::{Scratch, on_both};
use support::releases::RELEASES;

on_both!(
    upgraded_database_has_no_notice_due_that_was_not_before,
    change_recorded_by_an_earlier_release_is_undone,
    reasons_recorded_by_an_earlier_release_hold_after_undo,
    stored_rows_hold_no_labels,
);

/// The meeting that the latest of the earlier releases has left.
fn upgraded(scratch: &Scratch) -> TestEvent<'_> {
    let release = RELEASES.iter().find(|release| release.last == "0020");
    release.unwrap().load(scratch);
    scratch.migrate().unwrap();
    let test_event = TestEvent::at(scratch, EventId(0));
    let event = test_event.read(|conn| Ok(events::table.select(events::id).first(conn)?));
    TestEvent {
        event,
        ..test_event
    }
}

fn undone(test_event: &TestEvent<'_>, slot: &Slot) -> Slot {
    let (id, version) = (slot.id, slot.version);
    test_event
        .try_book(|tx, post| undo::undo(tx, post, id, version, &Reasons::new()))
        .unwrap();
    Slot::clone(test_event.stored().slot(id).unwrap())
}

fn upgraded_database_has_no_notice_due_that_was_not_before(scratch: &Scratch) {
    let test_event = upgraded(scratch);
    let told: Vec<String> =
        test_event.read(|conn| Ok(notices::table.select(notices::told).load(conn)?));
    assert!(
        told.iter().any(|told| told.contains("\"Ceremony\"")),
        "{told:?}"
    );
    let programme = test_event.stored();
    let due: Vec<_> = pending(&programme)
        .iter()
        .flat_map(|each| each.news.iter().map(|(slot, news)| (slot.id, news.clone())))
        .collect();
    // The release moved this slot and told nobody.
    let arrival = test_event.slot("Arrival");
    let [(slot, News::Changed { before, now })] = due.as_slice() else {
        panic!("{due:?}");
    };
    assert_eq!(*slot, arrival.id);
    assert_eq!((&before.kind, before.starts + 15), (&now.kind, now.starts));
    assert_eq!(before.kind.known(), Some(SlotKind::Ceremony));
}

fn change_recorded_by_an_earlier_release_is_undone(scratch: &Scratch) {
    let test_event = upgraded(scratch);
    let arrival = test_event.slot("Arrival");
    let back = undone(&test_event, &arrival);
    assert_eq!(
        back.details,
        arrival.details.placed(arrival.details.placement.later(-15))
    );
    assert_eq!(due(&test_event.stored(), &back), []);
    let dinner = test_event.slot("Dinner");
    let back = undone(&test_event, &dinner);
    assert_eq!(back.details, dinner.details.in_state(SlotState::Tentative));
    let cancelled = test_event.slot("Uzbekistan");
    assert_eq!(
        undone(&test_event, &cancelled).state(),
        SlotState::Tentative
    );
}

fn reasons_recorded_by_an_earlier_release_hold_after_undo(scratch: &Scratch) {
    let test_event = upgraded(scratch);
    let dinner = test_event.slot("Dinner");
    let earlier = dinner.details.placement.later(-60);
    test_event
        .try_book(|tx, post| {
            booking::alter(
                tx,
                post,
                (dinner.id, dinner.version),
                SlotStep::Place(earlier),
                &Reasons::new(),
                Notify::Later,
            )
        })
        .unwrap();
    // As the release would have recorded that change: its own row of the slot as it was, once more.
    let was: Option<String> = test_event.read(|conn| {
        Ok(audit_rows::table
            .filter(audit_rows::subject_id.eq(dinner.id.0))
            .filter(audit_rows::action.eq("slot.confirmed"))
            .select(audit_rows::after_json)
            .first(conn)?)
    });
    let was = was.unwrap();
    assert!(was.contains("Opening hours: The kitchen stays"), "{was}");
    test_event.sql(&format!(
        "INSERT INTO audit (at, event_id, revision, actor, action, subject_id, subject, before_json, after_json) \
         VALUES (0, {}, 99, 'Officer', 'slot.changed', {}, 'Dinner', '{was}', '{was}')",
        test_event.event.0, dinner.id
    ));
    let back = undone(&test_event, &test_event.slot("Dinner"));
    assert_eq!(back.details, dinner.details);
    let programme = test_event.stored();
    let reasons: Vec<_> = check(&programme, Candidate::stored(&back))
        .iter()
        .filter_map(|conflict| in_force(&programme, conflict))
        .map(|entry| (entry.rule, entry.reason.clone()))
        .collect();
    assert_eq!(reasons, [(Rule::Hours, "The kitchen stays".to_owned())]);
}

fn stored_rows_hold_no_labels(scratch: &Scratch) {
    let test_event = TestEvent::of_empty(scratch);
    let mut hour_too_early = test_event.details(("07:30", 20), "dining", &["KZ"]);
    hour_too_early.content.kind = SlotKind::CourtesyCall;
    hour_too_early.content.title = iikura::core::text::TextLine::parse("x").unwrap();
    hour_too_early.content.interpretation_wanted = true;
    hour_too_early.state = SlotState::Confirmed;
    let id: SlotId = test_event
        .try_book(|tx, post| booking::book(tx, post, hour_too_early.clone(), &reason(Rule::Hours)))
        .unwrap();
    let (told, stored): (Vec<String>, Vec<Option<String>>) = test_event.read(|conn| {
        let told = notices::table
            .filter(notices::slot_id.eq(id))
            .select(notices::told);
        let stored = audit_rows::table
            .filter(audit_rows::subject_id.eq(id.0))
            .select(audit_rows::after_json);
        Ok((told.load(conn)?, stored.load(conn)?))
    });
    let json = |text: &str| -> serde_json::Value { serde_json::from_str(text).unwrap() };
    let [told] = told.as_slice() else {
        panic!("{told:?}");
    };
    assert_eq!(json(told)["kind"], "courtesy_call");
    let [Some(stored)] = stored.as_slice() else {
        panic!("{stored:?}");
    };
    assert_eq!(
        json(stored),
        serde_json::json!({
            "kind": "courtesy_call",
            "title": "x",
            "note": "",
            "room": "dining",
            "starts_at": "2022-12-23T22:30:00Z",
            "ends_at": "2022-12-23T22:50:00Z",
            "delegations": ["KZ"],
            "all_delegations": false,
            "audience": [],
            "interpreters": [],
            "interpretation_wanted": true,
            "state": "confirmed",
            "reasons": [{"rule": "hours", "reason": "It is agreed", "approved": 20}],
        })
    );
    let shown = test_event.read(|conn| Ok(audit::of_subject(conn, id.0)?));
    let zone = test_event.stored().event.time_zone;
    let line = shown[0].line(zone, zone);
    let field = |name: &str| {
        let mut changes = line.changes.iter();
        changes
            .find(|change| change.field == name)
            .unwrap()
            .after
            .clone()
    };
    assert_eq!(field("kind"), SlotKind::CourtesyCall.label());
    assert_eq!(
        field("reasons"),
        format!("{}: It is agreed", Rule::Hours.label())
    );
    assert_eq!(
        (field("starts at"), field("interpretation")),
        ("2022-12-24 07:30".to_owned(), "wanted".to_owned())
    );
}
