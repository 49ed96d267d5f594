//! Watching: whose pages show an event right now, at which revision it is, and who has which slot's form open.
//!
//! What is told is a state, not a list of happenings: a watcher that was away for a moment learns how things stand.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::{EventId, Revision};
use crate::auth::UserId;
use crate::db::fresh_id;
use crate::slot::SlotId;

/// How many pages of one person may watch at once.
const MOST_STREAMS: usize = 40;

/// How an event stands for those who watch it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The latest revision that is known.
    pub revision: Revision,
    /// Who has a slot's form open, here and on other servers.
    pub editors: Vec<Editor>,
    /// The server stops.
    pub closing: bool,
}

/// Somebody who has a slot's form open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Editor {
    /// The slot.
    pub slot: i64,
    /// Who.
    pub user: i64,
    /// Their name.
    pub name: String,
}

/// Everybody who watches, by event. Shared by all threads of a server.
#[derive(Clone)]
pub struct Watchers {
    state: Arc<Mutex<State>>,
    /// Tells other servers who edits here; nobody listens on SQLite.
    changed: watch::Sender<u64>,
}

#[derive(Default)]
struct State {
    events: HashMap<EventId, watch::Sender<Standing>>,
    streams: HashMap<UserId, usize>,
    announcements: u64,
    here: HashMap<EventId, Vec<(i64, Editor)>>,
    elsewhere: HashMap<(i64, EventId), Vec<Editor>>,
    closing: bool,
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
    /// Tells when something has changed.
    pub standing: watch::Receiver<Standing>,
}

impl Watchers {
    /// Begins to watch an event whose stored revision the caller has just read; with `editing`, as somebody who has that
    /// slot's form open. `None` when this person watches with too many pages already.
    #[must_use]
    pub fn watch(
        &self,
        event: EventId,
        revision: Revision,
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
        let standing = state.sender(event, revision).subscribe();
        state.tell(event, Some(revision));
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

    /// Tells whoever watches that an event has a newer revision.
    pub fn revision_is(&self, event: EventId, revision: Revision) {
        self.lock().tell(event, Some(revision));
    }

    /// How many pages watch.
    #[must_use]
    pub fn pages(&self) -> usize {
        self.lock().streams.values().sum()
    }

    /// How many revisions pages were told of so far, each counted once however many pages there were.
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

    /// The events that somebody watches.
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

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn publish(&self, editors_changed: bool) {
        if editors_changed {
            self.changed.send_modify(|count| *count += 1);
        }
    }
}

impl State {
    fn sender(&mut self, event: EventId, revision: Revision) -> &watch::Sender<Standing> {
        self.events.entry(event).or_insert_with(|| {
            watch::Sender::new(Standing {
                revision,
                editors: Vec::new(),
                closing: false,
            })
        })
    }

    /// Brings what the watchers of an event see up to date; a revision never goes back.
    fn tell(&mut self, event: EventId, revision: Option<Revision>) {
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
        if let Some(sender) = self.events.get(&event) {
            sender.send_if_modified(|standing| {
                let now = Standing {
                    revision: revision.map_or(standing.revision, |new| new.max(standing.revision)),
                    editors,
                    closing,
                };
                let modified = *standing != now;
                *announcements += u64::from(now.revision > standing.revision);
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
            .is_some_and(|sender| sender.receiver_count() <= 1)
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

    const EVENT: EventId = EventId(1);
    const MORI: (UserId, &str) = (UserId(7), "Mori");

    #[test]
    fn a_revision_is_told_once_and_never_goes_back() {
        let watchers = Watchers::default();
        let mut page = watchers.watch(EVENT, Revision(3), MORI, None).unwrap();
        page.standing.mark_unchanged();
        watchers.revision_is(EVENT, Revision(5));
        watchers.revision_is(EVENT, Revision(4));
        assert!(page.standing.has_changed().unwrap());
        assert_eq!(page.standing.borrow_and_update().revision, Revision(5));
        watchers.revision_is(EVENT, Revision(5));
        watchers.revision_is(EventId(2), Revision(9));
        assert!(!page.standing.has_changed().unwrap());
    }

    #[test]
    fn who_edits_is_known_until_the_form_is_left() {
        let watchers = Watchers::default();
        let page = watchers
            .watch(EVENT, Revision(1), (UserId(8), "Sato"), None)
            .unwrap();
        let form = watchers
            .watch(EVENT, Revision(1), MORI, Some(SlotId(4)))
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
    fn nobody_watches_with_endlessly_many_pages() {
        let watchers = Watchers::default();
        let pages: Vec<_> = (0..MOST_STREAMS)
            .map(|_| watchers.watch(EVENT, Revision(1), MORI, None).unwrap())
            .collect();
        assert!(watchers.watch(EVENT, Revision(1), MORI, None).is_none());
        assert!(
            watchers
                .watch(EVENT, Revision(1), (UserId(8), "Sato"), None)
                .is_some()
        );
        drop(pages);
        assert!(watchers.watch(EVENT, Revision(1), MORI, None).is_some());
    }
}
