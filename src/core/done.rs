//! The sentences that follow a change: `?done=WORD` in the address, words from this table only.

/// Every word and what it tells; add yours in alphabetical order.
const SENTENCES: &[(&str, &str)] = &[
    ("added", "Added."),
    (
        "answered",
        "Thank you. The protocol office has your answer; you can change it here.",
    ),
    ("answer-noted", "The answer is noted."),
    ("booked", "The slot is booked."),
    (
        "calendar-link-revoked",
        "The calendar link is revoked; calendars that used it get nothing more.",
    ),
    ("cancelled", "The slot is cancelled."),
    (
        "confirmed",
        "The slot is confirmed and its delegations are told.",
    ),
    (
        "contact-forgotten",
        "The contact is forgotten. The history says a pseudonym instead.",
    ),
    (
        "event-archived",
        "The event is archived: it can be read and not changed.",
    ),
    (
        "event-deleted",
        "The event is deleted, with everything about it.",
    ),
    (
        "event-restored",
        "The event can be changed again. Links that had ended stay so.",
    ),
    (
        "factor-optional",
        "A second factor is everybody's own choice.",
    ),
    (
        "factor-removed",
        "Your second factor is taken away. Other sessions of yours have ended.",
    ),
    (
        "factor-required",
        "Officers and administrators need a second factor: who has none sets one up at the next sign-in.",
    ),
    (
        "factor-reset",
        "The second factor is taken away and the user's sessions have ended. Tell them; their page says so, too.",
    ),
    ("imported", "The event is imported."),
    (
        "letters-sent",
        "The letters are queued; they go out within a minute.",
    ),
    (
        "links-renewed",
        "The private links are made anew; older ones open nothing any more.",
    ),
    (
        "link-withdrawn",
        "The link is withdrawn; it opens nothing any more.",
    ),
    (
        "lockout-lifted",
        "The lock-out is lifted; on other servers within seconds.",
    ),
    ("mail-handled", "Noted as seen to."),
    (
        "mail-paused",
        "All mail is paused: it is written and waits.",
    ),
    ("mail-resumed", "Mail goes out again."),
    ("moved", "The slot is moved."),
    (
        "password-changed",
        "The password is changed. Other sessions and all tokens of this account have ended.",
    ),
    ("password-set", "Your password is set. Sign in with it."),
    ("planned", "The plan is booked, all of it."),
    ("removed", "Removed."),
    ("replaced", "The colleague steps in."),
    (
        "reset-offered",
        "The link to set a new password is queued; it goes out within a minute.",
    ),
    ("retried", "The mail is queued again."),
    ("saved", "The changes are saved."),
    ("sent", "The mail is queued; it goes out within a minute."),
    ("session-ended", "The session has ended."),
    ("signed-out", "You are signed out."),
    ("skipped", "It counts as told; no mail was written."),
    (
        "token-revoked",
        "The token is revoked; what used it is shut out from now on.",
    ),
    ("told", "The delegations are told."),
    ("undone", "The change is undone."),
    (
        "user-deleted",
        "The user is deleted. The history says a pseudonym instead.",
    ),
    (
        "user-disabled",
        "The account is disabled; its sessions and tokens have ended.",
    ),
    ("user-enabled", "The account is enabled again."),
    (
        "user-invited",
        "The invitation is queued; it goes out within a minute.",
    ),
    (
        "withdrawn",
        "The confirmation is withdrawn; the slot is tentative.",
    ),
];

/// Words for changes to a slot that can be undone.
const UNDOABLE: &[&str] = &[
    "booked",
    "cancelled",
    "confirmed",
    "moved",
    "saved",
    "undone",
    "withdrawn",
];

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Done {
    word: &'static str,
    /// The sentence that tells.
    pub sentence: &'static str,
}

impl Done {
    /// What a word stands for; `None` for an unknown one.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        SENTENCES
            .iter()
            .find(|(known, _)| *known == word)
            .map(|&(word, sentence)| Self { word, sentence })
    }

    /// True for changes to a slot that can be undone.
    #[must_use]
    pub fn is_undoable(self) -> bool {
        UNDOABLE.contains(&self.word)
    }
}
