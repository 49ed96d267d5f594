//! Watching: whose pages show an event right now, at which revision it is, and who has which slot's form open.
//!
//! Watchers get a state, not a list of events: one that was away for a moment gets the current state.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::core::event::{EventId, ProgrammeVersion};
use crate::core::slot::SlotId;
use crate::core::user::UserId;
use crate::runtime::random::fresh_id;

/// How many pages of one person may watch at once.
const MOST_STREAMS: usize = 40;

/// State of an event for its watchers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventStatus {
    /// The latest version of the programme that is known.
    pub version: ProgrammeVersion,
    /// Who has a slot's form open, here and on other servers.
    pub editors: Vec<Editor>,
    /// The server stops.
    pub closing: bool,
}

/// A user who has a slot's form open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Editor {
    /// The slot.
    pub slot: i64,
    /// Who.
    pub user: i64,
    /// Their name.
    pub name: String,
}

/// All watchers, by event. Shared by all threads of a server.
#[derive(Clone)]
pub struct Watchers {
    state: Arc<Mutex<WatchState>>,
    /// Announces to other servers who edits here; unused on SQLite.
    changed: watch::Sender<u64>,
}

#[derive(Default)]
struct WatchState {
    events: HashMap<EventId, Watched>,
    streams: HashMap<UserId, usize>,
    announcements: u64,
    here: HashMap<EventId, Vec<(i64, Editor)>>,
    elsewhere: HashMap<(i64, EventId), Vec<Editor>>,
    closing: bool,
}

/// An event that is watched.
struct Watched {
    standing: watch::Sender<EventStatus>,
    /// When the version last sent to the watchers was known.
    told_at: Instant,
}

impl Default for Watchers {
    fn default() -> Self {
        Self {
            state: Arc::default(),
            changed: watch::Sender::new(0),
        }
    }
}

/// One page that watches; watching ends when it is dropped.
pub struct Watching {
    watchers: Watchers,
    event: EventId,
    user: UserId,
    editing: Option<i64>,
    /// Signals that something has changed.
    pub standing: watch::Receiver<EventStatus>,
}

impl Watchers {
    /// Begins to watch an event whose stored version the caller has just read; with `editing`, as a user who has that
    /// slot's form open. `None` when this person watches with too many pages already.
    #[must_use]
    pub fn watch(
        &self,
        event: EventId,
        version: ProgrammeVersion,
        (user, name): (UserId, &str),
        editing: Option<SlotId>,
    ) -> Option<Watching> {
        let mut state = self.lock();
        let streams = state.streams.entry(user).or_default();
        if *streams >= MOST_STREAMS {
            return None;
        }
        *streams += 1;
        let editing = editing.map(|slot| {
            let id = fresh_id();
            let editor = Editor {
                slot: slot.0,
                user: user.0,
                name: name.to_owned(),
            };
            state.here.entry(event).or_default().push((id, editor));
            id
        });
        let standing = state.sender(event, version).subscribe();
        state.tell(event, Some((version, None)));
        drop(state);
        self.publish(editing.is_some());
        Some(Watching {
            watchers: self.clone(),
            event,
            user,
            editing,
            standing,
        })
    }

    /// Sends the watchers a version of an event's programme that was stored at `known_at` or later.
    pub fn version_is(&self, event: EventId, version: ProgrammeVersion, known_at: Instant) {
        self.lock().tell(event, Some((version, Some(known_at))));
    }

    /// The version last sent to the watchers of an event; `None` without watchers.
    #[must_use]
    pub fn version_of(&self, event: EventId) -> Option<ProgrammeVersion> {
        let state = self.lock();
        let watched = state.events.get(&event)?;
        Some(watched.standing.borrow().version)
    }

    /// How many pages watch.
    #[must_use]
    pub fn pages(&self) -> usize {
        self.lock().streams.values().sum()
    }

    /// Revisions announced to pages so far, each counted once however many pages there were.
    #[must_use]
    pub fn announcements(&self) -> u64 {
        self.lock().announcements
    }

    /// Takes over who edits on another server.
    pub fn editing_elsewhere(&self, server: i64, event: EventId, editors: Vec<Editor>) {
        let mut state = self.lock();
        if editors.is_empty() {
            state.elsewhere.remove(&(server, event));
        } else {
            state.elsewhere.insert((server, event), editors);
        }
        state.tell(event, None);
    }

    /// Forgets a server that has fallen silent.
    pub fn forget_server(&self, server: i64) {
        let mut state = self.lock();
        let events: Vec<EventId> = state.events.keys().copied().collect();
        state.elsewhere.retain(|(known, _), _| *known != server);
        for event in events {
            state.tell(event, None);
        }
    }

    /// Who edits on this server, for the others.
    #[must_use]
    pub fn editing_here(&self) -> Vec<(EventId, Vec<Editor>)> {
        let state = self.lock();
        let editors =
            |all: &[(i64, Editor)]| all.iter().map(|(_, editor)| editor.clone()).collect();
        state
            .here
            .iter()
            .map(|(event, all)| (*event, editors(all)))
            .collect()
    }

    /// Counts the changes of [`Watchers::editing_here`].
    #[must_use]
    pub fn editing_changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// The events that a user watches.
    #[must_use]
    pub fn events(&self) -> Vec<EventId> {
        self.lock().events.keys().copied().collect()
    }

    /// Sends every watcher away: the server stops.
    pub fn close(&self) {
        let mut state = self.lock();
        state.closing = true;
        let events: Vec<EventId> = state.events.keys().copied().collect();
        for event in events {
            state.tell(event, None);
        }
    }

    fn lock(&self) -> MutexGuard<'_, WatchState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn publish(&self, editors_changed: bool) {
        if editors_changed {
            self.changed.send_modify(|count| *count += 1);
        }
    }
}

impl WatchState {
    fn sender(&mut self, event: EventId, version: ProgrammeVersion) -> &watch::Sender<EventStatus> {
        let watched = self.events.entry(event).or_insert_with(|| Watched {
            standing: watch::Sender::new(EventStatus {
                version,
                editors: Vec::new(),
                closing: false,
            }),
            told_at: Instant::now(),
        });
        &watched.standing
    }

    /// Brings what the watchers of an event see up to date. A revision goes back only when it is known to have been read
    /// after the one that was sent last: then the database was restored.
    fn tell(&mut self, event: EventId, news: Option<(ProgrammeVersion, Option<Instant>)>) {
        let here = self.here.get(&event).into_iter().flatten();
        let elsewhere = self
            .elsewhere
            .iter()
            .filter(|((_, of), _)| *of == event)
            .flat_map(|(_, editors)| editors);
        let editors: Vec<Editor> = here
            .map(|(_, editor)| editor)
            .chain(elsewhere)
            .cloned()
            .collect();
        let closing = self.closing;
        let announcements = &mut self.announcements;
        if let Some(Watched { standing, told_at }) = self.events.get_mut(&event) {
            standing.send_if_modified(|standing| {
                let newer = |(version, known_at): &(ProgrammeVersion, Option<Instant>)| {
                    version.revision > standing.version.revision
                        || known_at.is_some_and(|known_at| known_at > *told_at)
                };
                let version = news.filter(newer).map(|(version, _)| version);
                let now = EventStatus {
                    version: version.unwrap_or(standing.version),
                    editors,
                    closing,
                };
                let modified = *standing != now;
                if now.version != standing.version {
                    *announcements += 1;
                    *told_at = Instant::now();
                }
                *standing = now;
                modified
            });
        }
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let mut state = self.watchers.lock();
        if let Some(streams) = state.streams.get_mut(&self.user) {
            *streams -= 1;
            if *streams == 0 {
                state.streams.remove(&self.user);
            }
        }
        if let Some(id) = self.editing
            && let Some(editors) = state.here.get_mut(&self.event)
        {
            editors.retain(|(known, _)| *known != id);
        }
        let event = self.event;
        state.tell(event, None);
        // This one still counts itself.
        if state
            .events
            .get(&event)
            .is_some_and(|watched| watched.standing.receiver_count() <= 1)
        {
            state.events.remove(&event);
        }
        drop(state);
        self.watchers.publish(self.editing.is_some());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::event::{Revision, RevisionKey};

    const EVENT: EventId = EventId(1);
    const MORI: (UserId, &str) = (UserId(7), "Mori");

    fn version(revision: i64) -> ProgrammeVersion {
        ProgrammeVersion::new(Revision(revision), RevisionKey(fresh_id()))
    }

    #[test]
    fn version_is_announced_once_and_never_goes_back() {
        let (watchers, before) = (Watchers::default(), Instant::now());
        let mut page = watchers.watch(EVENT, version(3), MORI, None).unwrap();
        page.standing.mark_unchanged();
        let (latest, late) = (version(5), Instant::now());
        watchers.version_is(EVENT, latest, before);
        watchers.version_is(EVENT, version(4), late);
        watchers.version_is(EVENT, version(5), late);
        assert!(page.standing.has_changed().unwrap());
        assert_eq!(page.standing.borrow_and_update().version, latest);
        watchers.version_is(EVENT, latest, Instant::now());
        watchers.version_is(EventId(2), version(9), Instant::now());
        assert!(!page.standing.has_changed().unwrap());
    }

    #[test]
    fn later_version_is_announced_despite_a_lower_revision() {
        let watchers = Watchers::default();
        let page = watchers.watch(EVENT, version(3), MORI, None).unwrap();
        watchers.version_is(EVENT, version(5), Instant::now());
        for stored in [version(4), version(4), version(5)] {
            let told = Instant::now();
            while Instant::now() == told {}
            watchers.version_is(EVENT, stored, Instant::now());
            assert_eq!(page.standing.borrow().version, stored);
            assert_eq!(watchers.version_of(EVENT), Some(stored));
        }
    }

    #[test]
    fn who_edits_is_known_until_the_form_is_left() {
        let watchers = Watchers::default();
        let page = watchers
            .watch(EVENT, version(1), (UserId(8), "Sato"), None)
            .unwrap();
        let form = watchers
            .watch(EVENT, version(1), MORI, Some(SlotId(4)))
            .unwrap();
        let names = || -> Vec<String> {
            let standing = page.standing.borrow();
            standing
                .editors
                .iter()
                .map(|editor| editor.name.clone())
                .collect()
        };
        assert_eq!(names(), ["Mori"]);
        let other = Editor {
            slot: 4,
            user: 9,
            name: "Abe".to_owned(),
        };
        watchers.editing_elsewhere(2, EVENT, vec![other]);
        assert_eq!(names(), ["Mori", "Abe"]);
        drop(form);
        assert_eq!(names(), ["Abe"]);
        watchers.forget_server(2);
        assert_eq!(names(), Vec::<String>::new());
        drop(page);
        assert_eq!(watchers.events(), []);
    }

    #[test]
    fn watching_pages_per_user_are_limited() {
        let watchers = Watchers::default();
        let pages: Vec<_> = (0..MOST_STREAMS)
            .map(|_| watchers.watch(EVENT, version(1), MORI, None).unwrap())
            .collect();
        assert!(watchers.watch(EVENT, version(1), MORI, None).is_none());
        assert!(
            watchers
                .watch(EVENT, version(1), (UserId(8), "Sato"), None)
                .is_some()
        );
        drop(pages);
        assert!(watchers.watch(EVENT, version(1), MORI, None).is_some());
    }
}
