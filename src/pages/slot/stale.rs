//! Two officers at one slot: the one who comes second sees both versions and decides.

use askama::Template;

use super::PageOutcome;
use super::show::{also_shown_to, interpretation, participants};
use crate::core::by_slot::BySlot;
use crate::core::slot::{Slot, SlotDetails};
use crate::core::timetable::slot_view;
use crate::server::Error;
use crate::server::context::EventContext;
use crate::server::form::Fields;
use crate::server::page::{Section, Shell, conflict};
use crate::store::audit;

#[derive(Template)]
#[template(path = "slot/stale.html")]
struct StalePage {
    shell: Shell,
    id: i64,
    author: String,
    rows: Vec<StaleRow>,
    fields: Vec<(String, String)>,
}

/// One fact, as this officer typed it and as it is stored now.
struct StaleRow {
    label: &'static str,
    mine: String,
    theirs: String,
    differs: bool,
}

pub(super) async fn answer(
    context: &EventContext,
    current: &Slot,
    mine: &SlotDetails,
    sent: &Fields,
) -> PageOutcome {
    let subject = current.id.0;
    let latest = context
        .app
        .db
        .read(move |conn| Ok::<_, Error>(audit::of_subject(conn, subject)?))
        .await?;
    // Sent again, the form replaces the version that its sender has now seen.
    let version = current.version.to_string();
    let fields = sent
        .iter()
        .filter(|(name, _)| *name != "version")
        .chain([("version", version.as_str())])
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    conflict(&StalePage {
        shell: context
            .access
            .shell("Another user has changed this slot", Section::Timetable),
        id: subject,
        author: latest
            .first()
            .map(|record| record.actor.clone())
            .unwrap_or_default(),
        rows: rows(context, current, mine),
        fields,
    })
}

fn rows(context: &EventContext, current: &Slot, mine: &SlotDetails) -> Vec<StaleRow> {
    let programme = &context.programme;
    let zone = programme.event.time_zone;
    let mine = Slot {
        details: mine.clone(),
        ..current.clone()
    };
    let words = |slot: &Slot| {
        let view = slot_view(programme, slot, &BySlot::default());
        let day = zone.day_in_words(slot.interval().start());
        let note = slot.content().note.clone();
        let parties = participants(&view, slot);
        [
            view.title,
            view.kind_label,
            day,
            view.time,
            view.room,
            parties,
            also_shown_to(programme, slot),
            interpretation(programme, slot),
            view.state_label.to_owned(),
            if slot.details.fixed { "Yes" } else { "No" }.to_owned(),
            note,
        ]
    };
    let labels = [
        "Title",
        "Kind",
        "Day",
        "Time",
        "Room",
        "Delegations",
        "Also shown to",
        "Interpretation",
        "State",
        "Fixed",
        "Internal note",
    ];
    labels
        .into_iter()
        .zip(words(&mine).into_iter().zip(words(current)))
        .map(|(label, (mine, theirs))| StaleRow {
            label,
            differs: mine != theirs,
            mine,
            theirs,
        })
        .collect()
}
