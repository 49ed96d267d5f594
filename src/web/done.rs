//! The sentences that follow a change: `?done=WORD` in the address, words from this table only.

/// Every word and what it tells; add yours in alphabetical order.
const SENTENCES: &[(&str, &str)] = &[
    ("added", "Added."),
    ("booked", "The slot is booked."),
    ("cancelled", "The slot is cancelled."),
    (
        "confirmed",
        "The slot is confirmed and its delegations are told.",
    ),
    ("imported", "The event is imported."),
    ("moved", "The slot is moved."),
    (
        "password-changed",
        "The password is changed. Other sessions of this account have ended.",
    ),
    ("removed", "Removed."),
    ("replaced", "The colleague steps in."),
    ("retried", "The mail is queued again."),
    ("saved", "The changes are saved."),
    ("sent", "The mail is queued; it goes out within a minute."),
    ("session-ended", "The session has ended."),
    ("signed-out", "You are signed out."),
    ("told", "The delegations are told."),
    ("user-added", "The user is added and can sign in."),
    (
        "user-disabled",
        "The account is disabled and its sessions have ended.",
    ),
    ("user-enabled", "The account is enabled again."),
    (
        "withdrawn",
        "The confirmation is withdrawn; the slot is tentative.",
    ),
];

/// The sentence for a word; `None` for a word of somebody else's making.
#[must_use]
pub fn sentence(word: &str) -> Option<&'static str> {
    SENTENCES
        .iter()
        .find(|(known, _)| *known == word)
        .map(|(_, sentence)| *sentence)
}

/// The sentence that a query string such as `done=saved&day=2` asks for.
#[must_use]
pub fn in_query(query: &str) -> Option<&'static str> {
    url::form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == "done")
        .and_then(|(_, word)| sentence(&word))
}
