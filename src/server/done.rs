//! The sentence that an address asks for: `?done=WORD`.

use crate::core::done::Done;

/// What a query string such as `done=saved&day=2` says was done.
#[must_use]
pub fn in_query(query: &str) -> Option<Done> {
    url::form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == "done")
        .and_then(|(_, word)| Done::of_word(&word))
}
