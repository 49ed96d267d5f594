//! Data of a request for the log: its id, and its sender.

use std::future::Future;
use std::sync::{Arc, OnceLock};

use actix_web::error::BlockingError;
use actix_web::web;

use crate::core::user::UserId;
use crate::runtime::random::fresh_id;

tokio::task_local! {
    static CURRENT: Trace;
}

/// Letters that can be distinguished on the telephone: no I, L, O, U (Crockford's base 32).
const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// A request on its way.
#[derive(Debug, Clone)]
pub struct Trace(Arc<Noted>);

#[derive(Debug)]
struct Noted {
    id: String,
    user: OnceLock<UserId>,
}

impl Trace {
    /// Of a request that has just come in.
    #[must_use]
    pub fn fresh() -> Self {
        Self(Arc::new(Noted {
            id: draw_id(),
            user: OnceLock::new(),
        }))
    }

    /// Its id, as `7k3m-q9xt`: in the log, in the answer's header, and on error pages.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.0.id
    }

    /// Who sent it, once that is known.
    #[must_use]
    pub fn user(&self) -> Option<UserId> {
        self.0.user.get().copied()
    }

    /// Does the work as this request's.
    pub async fn of<F: Future>(self, work: F) -> F::Output {
        CURRENT.scope(self, work).await
    }
}

/// Eight letters drawn by chance: forty bits.
#[must_use]
pub fn draw_id() -> String {
    let bits = fresh_id();
    let letter = |place: i64| {
        let index = usize::try_from((bits >> (5 * place)) & 31).unwrap_or_default();
        char::from(LETTERS[index])
    };
    let half = |from: i64| (from..from + 4).map(letter).collect::<String>();
    format!("{}-{}", half(0), half(4))
}

/// The id of the request that is being answered here, if one is.
#[must_use]
pub fn current_id() -> Option<String> {
    CURRENT.try_with(|trace| trace.id().to_owned()).ok()
}

/// Notes who sent the request that is being answered here.
pub fn note_user(user: UserId) {
    let _ = CURRENT.try_with(|trace| trace.0.user.set(user));
}

/// Does blocking work on the pool for it, still as the same request's.
pub async fn block<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, BlockingError> {
    match CURRENT.try_with(Clone::clone) {
        Ok(trace) => web::block(move || CURRENT.sync_scope(trace, work)).await,
        Err(_) => web::block(work).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix_web::test]
    async fn a_request_is_the_same_on_the_pool() {
        assert_eq!(current_id(), None);
        let trace = Trace::fresh();
        let (id, known) = (trace.id().to_owned(), trace.clone());
        let seen = trace
            .of(async {
                block(|| {
                    note_user(UserId(7));
                    current_id()
                })
                .await
                .unwrap()
            })
            .await;
        assert_eq!(seen.as_deref(), Some(id.as_str()));
        assert_eq!(known.user(), Some(UserId(7)));
        assert_eq!(current_id(), None);
    }

    #[test]
    fn an_id_is_two_times_four_letters() {
        let id = draw_id();
        let (first, second) = id.split_once('-').unwrap();
        for half in [first, second] {
            assert_eq!(half.len(), 4);
            assert!(half.bytes().all(|letter| LETTERS.contains(&letter)), "{id}");
        }
        assert_ne!(id, draw_id());
    }
}
