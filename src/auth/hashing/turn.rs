//! Turns at hashing: known browsers go first, strangers follow network by network, and too many are refused at once.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use super::MAX_MEMORIES;
use super::queue::{FairQueue, Pushed};
use crate::auth::CryptographyError;
use crate::core::user::UserId;
use crate::runtime::{hang_up, trace};

/// Users that wait at most, and strangers: a second's work for two cores each.
const MAX_WAITING: usize = 64;

/// A ticket in the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueuePlace {
    /// Before all strangers: a browser that the account knows, or a user who is signed in or holds a link to set a
    /// password.
    User(UserId),
    /// Behind the users, in turn with other networks.
    Stranger(IpAddr),
}

impl QueuePlace {
    /// The key that takes turns with others. Networks are taken large here: sharing one costs a turn, not a sign-in.
    fn key(self) -> String {
        match self {
            Self::User(user) => user.0.to_string(),
            Self::Stranger(address) => match address.to_canonical() {
                IpAddr::V4(address) => {
                    let [a, b, c, _] = address.octets();
                    format!("{a}.{b}.{c}.0/24")
                }
                IpAddr::V6(address) => {
                    let [a, b, c, ..] = address.segments();
                    format!("{a:x}:{b:x}:{c:x}::/48")
                }
            },
        }
    }
}

/// Too many users wait to have a password hashed.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("too many wait to have a password hashed")]
pub struct HashingQueueFull;

/// Those who wait to have a password hashed.
#[derive(Clone)]
pub struct HashingQueue(Arc<Mutex<TurnState>>);

struct TurnState {
    /// Turns that are taken.
    taken: usize,
    users: FairQueue<oneshot::Sender<Turn>>,
    strangers: FairQueue<oneshot::Sender<Turn>>,
}

impl TurnState {
    fn queue(&mut self, place: QueuePlace) -> &mut FairQueue<oneshot::Sender<Turn>> {
        match place {
            QueuePlace::User(_) => &mut self.users,
            QueuePlace::Stranger(_) => &mut self.strangers,
        }
    }

    fn next(&mut self) -> Option<oneshot::Sender<Turn>> {
        self.users.pop().or_else(|| self.strangers.pop())
    }
}

impl Default for HashingQueue {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(TurnState {
            taken: 0,
            users: FairQueue::new(MAX_WAITING),
            strangers: FairQueue::new(MAX_WAITING),
        })))
    }
}

impl HashingQueue {
    /// Waits for a turn. Who stops waiting leaves the queue.
    ///
    /// # Errors
    /// At once when too many wait, and later when the place went to a network that had fewer.
    pub async fn turn(&self, place: QueuePlace) -> Result<Turn, HashingQueueFull> {
        let waiting = {
            let mut state = self.lock();
            if state.taken < MAX_MEMORIES {
                state.taken += 1;
                return Ok(Turn {
                    queue: Some(self.clone()),
                });
            }
            let (sender, waiting) = oneshot::channel();
            let queue = state.queue(place);
            if queue.len() >= MAX_WAITING {
                queue.retain(|sender| !sender.is_closed());
            }
            if let Pushed::Full(_) = queue.push(&place.key(), sender) {
                return Err(HashingQueueFull);
            }
            waiting
        };
        match hang_up::while_connected(waiting).await {
            Some(Ok(turn)) => Ok(turn),
            // Displaced by another network, or the client has gone.
            Some(Err(_)) | None => Err(HashingQueueFull),
        }
    }

    /// Counts those who still wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        let mut state = self.lock();
        state.users.retain(|sender| !sender.is_closed());
        state.strangers.retain(|sender| !sender.is_closed());
        state.users.len() + state.strangers.len()
    }

    fn lock(&self) -> MutexGuard<'_, TurnState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to one hash; dropping it passes it on.
pub struct Turn {
    /// `None` once it was passed on.
    queue: Option<HashingQueue>,
}

impl Turn {
    /// Verifies a password against a stored hash, or against none: both take the same time.
    pub async fn verify(self, password: String, stored: Option<String>) -> bool {
        let work = move || {
            let _turn = self;
            super::verify(&password, stored.as_deref())
        };
        trace::block(work).await.unwrap_or(false)
    }

    /// Hashes a password.
    ///
    /// # Errors
    /// When the thread that hashes ends early.
    pub async fn hash(self, password: String) -> Result<String, CryptographyError> {
        let work = move || {
            let _turn = self;
            super::hash(&password)
        };
        trace::block(work).await.map_err(CryptographyError::of)?
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let Some(mut queue) = self.queue.take() else {
            return;
        };
        loop {
            let next = {
                let mut state = queue.lock();
                let next = state.next();
                if next.is_none() {
                    state.taken -= 1;
                }
                next
            };
            let Some(next) = next else { return };
            // One who has gone gives the turn back, for the next.
            match next.send(Self { queue: Some(queue) }) {
                Ok(()) => return,
                Err(mut turn) => match turn.queue.take() {
                    Some(returned) => queue = returned,
                    None => return,
                },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::Pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    type Waiting = Pin<Box<dyn Future<Output = Result<Turn, HashingQueueFull>>>>;

    fn poll<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
        future.poll(&mut Context::from_waker(Waker::noop()))
    }

    /// Asks for a turn; it waits, or is answered.
    fn ask(
        queue: &HashingQueue,
        place: QueuePlace,
    ) -> Result<Result<Turn, HashingQueueFull>, Waiting> {
        let queue = queue.clone();
        let mut waiting: Waiting = Box::pin(async move { queue.turn(place).await });
        match poll(waiting.as_mut()) {
            Poll::Ready(answer) => Ok(answer),
            Poll::Pending => Err(waiting),
        }
    }

    fn stranger(network: u8) -> QueuePlace {
        QueuePlace::Stranger(IpAddr::from([198, 51, network, 7]))
    }

    fn all_turns(queue: &HashingQueue) -> Vec<Turn> {
        (0..MAX_MEMORIES)
            .map(|_| ask(queue, stranger(0)).ok().unwrap().unwrap())
            .collect()
    }

    fn wait(queue: &HashingQueue, place: QueuePlace) -> Waiting {
        ask(queue, place).err().unwrap()
    }

    fn has_turn(waiting: &mut Waiting) -> Option<Turn> {
        match poll(waiting.as_mut()) {
            Poll::Ready(turn) => Some(turn.unwrap()),
            Poll::Pending => None,
        }
    }

    #[test]
    fn known_user_goes_before_strangers_who_came_earlier() {
        let queue = HashingQueue::default();
        let mut turns = all_turns(&queue);
        let mut first = wait(&queue, stranger(1));
        let mut user = wait(&queue, QueuePlace::User(UserId(7)));
        drop(turns.pop());
        assert!(has_turn(&mut first).is_none());
        assert!(has_turn(&mut user).is_some());
        assert!(has_turn(&mut first).is_some(), "the turn is passed on");
    }

    #[test]
    fn strangers_beyond_the_bound_are_refused_at_once() {
        let queue = HashingQueue::default();
        let _turns = all_turns(&queue);
        let mut networks = 0_u8..;
        let waiting: Vec<_> = networks
            .by_ref()
            .take(MAX_WAITING)
            .map(|network| wait(&queue, stranger(network)))
            .collect();
        let refused = ask(&queue, stranger(200)).ok().unwrap();
        assert!(refused.is_err());
        assert!(
            ask(&queue, QueuePlace::User(UserId(7))).is_err(),
            "users still wait"
        );
        drop(waiting);
        assert!(ask(&queue, stranger(200)).is_err(), "who left made room");
    }

    #[test]
    fn network_that_fills_the_queue_makes_room_for_others() {
        let queue = HashingQueue::default();
        let _turns = all_turns(&queue);
        let mut flood: Vec<_> = (0..MAX_WAITING)
            .map(|_| wait(&queue, stranger(1)))
            .collect();
        let _other = wait(&queue, stranger(2));
        let newest = poll(flood.last_mut().unwrap().as_mut());
        assert!(matches!(newest, Poll::Ready(Err(HashingQueueFull))));
    }

    #[test]
    fn turn_of_one_who_left_goes_to_the_next() {
        let queue = HashingQueue::default();
        let turns = all_turns(&queue);
        let gone = wait(&queue, stranger(1));
        let mut next = wait(&queue, stranger(2));
        drop(gone);
        drop(turns);
        assert!(has_turn(&mut next).is_some());
        assert_eq!((queue.waiting(), queue.lock().taken), (0, 0));
    }

    #[test]
    fn turn_that_is_given_to_one_who_leaves_is_not_lost() {
        let queue = HashingQueue::default();
        let turns = all_turns(&queue);
        let gone = wait(&queue, stranger(1));
        // Given, but not looked at yet.
        drop(turns);
        drop(gone);
        assert_eq!(queue.lock().taken, 0);
        assert!(ask(&queue, stranger(2)).is_ok());
    }
}
