//! What large documents do to the memory of a server: a process of its own, since only a whole process can be measured.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on says so by ending"
)]

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use iikura::core::agenda::{Notes, Pencilled};
use iikura::core::event::{Event, Revision};
use iikura::core::programme::Programme;
use iikura::core::slot::Slot;
use iikura::core::time::Moment;
use iikura::core::visibility::Viewer;
use iikura::documents::format::Format;
use iikura::documents::queue::{Document, Documents};
use iikura::documents::render::Options;
use iikura::runtime::queue::Owner;

use support::week;

/// Memory in MB that may stay beyond what there was before: the cache, and what the allocator keeps.
const KEPT: u64 = 96;
/// Memory in MB of the server and of what it has started, at any moment.
const PEAK: u64 = 512;
/// How often the memory is looked at.
const LOOK: Duration = Duration::from_millis(20);

fn agenda(format: Format) -> Document {
    Document::Agenda {
        viewer: Viewer::Staff,
        pencilled: Pencilled::LeftOut,
        notes: Notes::Included,
        day: None,
        format,
        options: Options::default(),
    }
}

#[test]
fn memory_returns_after_agendas_of_thousands_of_slots() {
    let documents = Documents::default().with_program(Path::new(env!("CARGO_BIN_EXE_iikura")));
    let week = week::programme();
    let before = resident("self");
    let peak = std::thread::scope(|scope| {
        // Dropped at the end of the work, also where it fails.
        let (at_work, ended) = mpsc::channel::<()>();
        let watch = scope.spawn(move || {
            let mut peak = 0;
            while ended.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
                peak = peak.max(resident("self") + children());
            }
            peak
        });
        for (revision, slots, format) in [
            (1, 600, Format::Pdf),
            (2, 600, Format::Pdf),
            (3, 3000, Format::Pdf),
            (4, 3000, Format::Xlsx),
            (5, 3000, Format::Html),
            (6, 3000, Format::Json),
        ] {
            let changed = Arc::new(at_revision(&week, revision, slots));
            let issued = Moment::from_seconds(1_900_000_000);
            let made = documents.file(Owner::User(1), &changed, agenda(format), issued);
            let made = actix_web::rt::System::new().block_on(made).unwrap();
            assert!(made.bytes.len() > 500_000, "{format:?}");
            assert!(format != Format::Pdf || made.bytes.starts_with(b"%PDF-"));
        }
        drop(at_work);
        watch.join().unwrap()
    });
    let after = resident("self");
    assert_eq!(documents.counts().done, 6);
    same_bytes(&documents, &week);
    given_up(&documents, &week);
    assert!(
        after <= before + KEPT,
        "{before} MB before, {after} MB after"
    );
    assert!(peak <= PEAK, "{peak} MB at once");
    assert!(
        peak > before + KEPT,
        "{peak} MB: the process that sets the document was not seen"
    );
}

/// The same document, set by a process of its own and in this one.
fn same_bytes(documents: &Documents, week: &Programme) {
    let small = at_revision(week, 7, 210);
    let (small, here) = (Arc::new(small), Documents::default());
    let issued = Moment::from_seconds(1_900_000_000);
    actix_web::rt::System::new().block_on(async {
        let mut files = Vec::new();
        let mut pictures = Vec::new();
        for documents in [documents, &here] {
            let (owner, document) = (Owner::User(1), agenda(Format::Pdf));
            let file = documents.file(owner, &small, document.clone(), issued);
            files.push(file.await.unwrap().bytes);
            let picture = documents.picture(owner, &small, document, 2, issued);
            pictures.push(picture.await.unwrap());
        }
        assert!(files[0].starts_with(b"%PDF-") && files[0] == files[1]);
        assert!(pictures[0].starts_with(b"<svg") && pictures[0] == pictures[1]);
    });
}

/// A large document that nobody waits for any more: its process is killed.
fn given_up(documents: &Documents, week: &Programme) {
    let changed = Arc::new(at_revision(week, 9, 3000));
    let issued = Moment::from_seconds(1_900_000_000);
    let made = documents.file(Owner::User(1), &changed, agenda(Format::Pdf), issued);
    actix_web::rt::System::new().block_on(async {
        tokio::select! {
            _ = made => panic!("it took no time"),
            () = until(|| children() > 0) => {}
        }
        until(|| children() == 0).await;
    });
    assert_eq!(documents.counts().abandoned, 1);
}

async fn until(is: impl Fn() -> bool) {
    while !is() {
        tokio::time::sleep(LOOK).await;
    }
}

/// The first slots of the week.
fn at_revision(week: &Programme, revision: i64, slots: usize) -> Programme {
    let first = week.slots().iter().take(slots);
    let event = Event {
        revision: Revision(revision),
        ..Event::clone(&week.event)
    };
    Programme::new(
        event,
        week.delegations.to_vec(),
        week.rooms.to_vec(),
        week.interpreters.to_vec(),
        first.map(|slot| Slot::clone(slot)).collect(),
    )
}

/// Memory of a process in MB; 0 once it has ended.
fn resident(process: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_ascii_whitespace().nth(1)?.parse().ok());
    kilobytes.unwrap_or(0_u64) / 1024
}

/// Memory in MB of all that this process has started.
fn children() -> u64 {
    let threads = std::fs::read_dir("/proc/self/task").unwrap();
    let lists = threads
        .filter_map(|thread| std::fs::read_to_string(thread.ok()?.path().join("children")).ok());
    lists
        .flat_map(|list| {
            let ids = list.split_ascii_whitespace().map(resident);
            ids.collect::<Vec<_>>()
        })
        .sum()
}
