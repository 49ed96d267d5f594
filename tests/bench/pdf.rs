//! A day of 600 slots as PDF, beside the same rows as the barest table Typst can set: seconds, in one run.
//!
//! `cargo bench --bench pdf`. Both begin with nothing remembered from the time before, and each is set in turn; the
//! ratio of the medians is what counts: what our columns, names in two languages, heads and feet cost above the table
//! itself. Run as a test, it goes through once, so that it cannot fall behind what it measures.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark that cannot go on says so by ending"
)]

use std::time::{Duration, Instant};

use iikura::core::agenda::{Agenda, Pencilled};
use iikura::core::event::Event;
use iikura::core::programme::Programme;
use iikura::core::slot::{Slot, SlotState};
use iikura::core::time::Moment;
use iikura::documents::pdf;
use support::{rounds, week};
use typst::diag::{FileError, FileResult};
use typst::foundations::{Bytes, Datetime};
use typst::syntax::{FileId, Source};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Library, LibraryExt, World, comemo};
use typst_kit::fonts::{FontStore, embedded};
use typst_layout::PagedDocument;

const SLOTS: usize = week::ROOMS * week::PER_ROOM;
/// What somebody who has pressed a button waits without wondering.
const TARGET: Duration = Duration::from_secs(2);

fn main() {
    let programme = first_day();
    let issued = Moment::from_seconds(1_900_000_000);
    let agenda = Agenda::for_staff(&programme, issued, Pencilled::LeftOut);
    assert_eq!(agenda.entries().count(), SLOTS);
    let bare = Bare::of(&agenda);
    // Fonts are looked for once in the life of a server.
    pdf::render(&agenda).unwrap();

    let rounds = rounds::of(5);
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let mut bytes = 0;
    for _ in 0..rounds {
        theirs.push(seconds(|| drop(bare.set())));
        ours.push(seconds(|| bytes = pdf::render(&agenda).unwrap().len()));
    }
    let (ours, theirs) = (median(ours), median(theirs));
    println!(
        "a day of {SLOTS} slots as PDF, {bytes} bytes, median of {rounds} rounds, nothing remembered"
    );
    println!("  the same rows as a bare table {theirs:>7.2} s");
    println!("  iikura                        {ours:>7.2} s, to be below {TARGET:?}");
    println!("  ratio                         {:>7.2}", ours / theirs);
}

/// The first day of the week, with every slot firm enough to be printed.
fn first_day() -> Programme {
    let week = week::programme();
    let day = week.event.days[0];
    let slots = week.slots().iter().map(|slot| Slot::clone(slot));
    let slots = slots
        .filter(|slot| week.event.time_zone.date(slot.interval().start()) == day.date)
        .map(|mut slot| {
            slot.details.state = SlotState::Confirmed;
            slot
        });
    let slots = slots.collect();
    let event = Event {
        days: vec![day],
        ..Event::clone(&week.event)
    };
    Programme::new(
        event,
        week.delegations.to_vec(),
        week.rooms.to_vec(),
        week.interpreters.to_vec(),
        slots,
    )
}

fn seconds(work: impl FnOnce()) -> f64 {
    comemo::evict(0);
    let began = Instant::now();
    work();
    began.elapsed().as_secs_f64()
}

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}

/// A table with the agenda's columns and nothing else, in a font that comes with Typst.
struct Bare {
    library: LazyHash<Library>,
    fonts: FontStore,
    main: Source,
}

impl Bare {
    fn of(agenda: &Agenda) -> Self {
        let quoted = |text: &str| format!("[#{text:?}]");
        let cells = agenda.entries().flat_map(|entry| {
            let parties = entry.parties.iter().map(|party| party.principal.as_str());
            [
                quoted(&entry.venue.range()),
                quoted(entry.kind.label()),
                quoted(&format!(
                    "{} {}",
                    entry.title,
                    parties.collect::<Vec<_>>().join(" ")
                )),
                quoted(entry.room.as_ref().map_or("", |room| room.name.as_str())),
            ]
        });
        let cells = cells.collect::<Vec<_>>().join(", ");
        let mut fonts = FontStore::new();
        fonts.extend(embedded());
        Self {
            library: LazyHash::new(Library::default()),
            fonts,
            main: Source::detached(format!("#table(columns: (auto, auto, 1fr, auto), {cells})")),
        }
    }

    fn set(&self) -> Vec<u8> {
        let document = typst::compile::<PagedDocument>(self).output.unwrap();
        typst_pdf::pdf(&document, &typst_pdf::PdfOptions::default()).unwrap()
    }
}

impl World for Bare {
    fn library(&self) -> &LazyHash<Library> {
        &self.library
    }

    fn book(&self) -> &LazyHash<FontBook> {
        self.fonts.book()
    }

    fn main(&self) -> FileId {
        self.main.id()
    }

    fn source(&self, _: FileId) -> FileResult<Source> {
        Ok(self.main.clone())
    }

    fn file(&self, _: FileId) -> FileResult<Bytes> {
        Err(FileError::AccessDenied)
    }

    fn font(&self, index: usize) -> Option<Font> {
        self.fonts.font(index)
    }

    fn today(&self, _: Option<typst::foundations::Duration>) -> Option<Datetime> {
        None
    }
}
