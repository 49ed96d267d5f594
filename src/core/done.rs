//! The sentences that follow a change: `?done=WORD` in the address, words from this table only.

/// Every word with its message; add yours in alphabetical order.
const SENTENCES: &[(&str, &str)] = &[
    ("added", "Added."),
    (
        "answered",
        "Thank you. The protocol office has your answer; you can change it here.",
    ),
    ("answer-noted", "The answer is recorded."),
    ("booked", "The slot is booked."),
    (
        "calendar-link-revoked",
        "The calendar link is revoked; calendars that used it receive no more updates.",
    ),
    ("cancelled", "The slot is cancelled."),
    (
        "confirmed",
        "The slot is confirmed and its delegations are notified.",
    ),
    (
        "contact-forgotten",
        "The contact is forgotten. The history shows a pseudonym instead.",
    ),
    (
        "delegation-joined",
        "The delegation is added. Below are the slots for all delegations that it has joined.",
    ),
    (
        "event-archived",
        "The event is archived: it can be read but not changed.",
    ),
    ("event-deleted", "The event is deleted with all its data."),
    (
        "event-restored",
        "The event can be changed again. Expired links stay expired.",
    ),
    (
        "extended",
        "The slot is extended, and what follows has moved. Undo takes back this slot alone.",
    ),
    ("factor-optional", "A second factor is now optional."),
    (
        "factor-removed",
        "Your second factor is removed. Your other sessions have ended.",
    ),
    (
        "factor-required",
        "Officers and administrators now need a second factor: users without one set it up at their next sign-in.",
    ),
    (
        "factor-reset",
        "The second factor is removed and the user's sessions have ended. Inform the user; the account page says so, \
         too.",
    ),
    ("imported", "The event is imported."),
    (
        "letters-sent",
        "The letters are queued and will be sent within a minute.",
    ),
    (
        "links-renewed",
        "The private links are replaced; the old links are invalid.",
    ),
    (
        "link-withdrawn",
        "The link is withdrawn and no longer valid.",
    ),
    (
        "lockout-lifted",
        "The lock-out is removed; on other servers within seconds.",
    ),
    ("mail-handled", "Marked as handled."),
    (
        "mail-paused",
        "All mail is paused: new mail is written and waits.",
    ),
    ("mail-resumed", "Mail is sent again."),
    ("moved", "The slot is moved."),
    (
        "password-changed",
        "The password is changed. Other sessions and all tokens of this account have ended.",
    ),
    ("password-set", "Your password is set. Sign in with it."),
    ("planned", "The plan is booked, all of it."),
    ("removed", "Removed."),
    ("replaced", "The interpreter is replaced."),
    (
        "reset-offered",
        "The link to set a new password is queued and will be sent within a minute.",
    ),
    ("retried", "The mail is queued again."),
    ("saved", "The changes are saved."),
    (
        "sent",
        "The mail is queued and will be sent within a minute.",
    ),
    ("session-ended", "The session has ended."),
    ("signed-out", "You are signed out."),
    ("skipped", "Marked as notified; no mail was sent."),
    (
        "token-revoked",
        "The token is revoked; programs that used it have no access any more.",
    ),
    ("told", "The delegations are notified."),
    ("undone", "The change is undone."),
    (
        "user-deleted",
        "The user is deleted. The history shows a pseudonym instead.",
    ),
    (
        "user-disabled",
        "The account is disabled; its sessions and tokens have ended.",
    ),
    ("user-enabled", "The account is enabled again."),
    (
        "user-invited",
        "The invitation is queued and will be sent within a minute.",
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
    "extended",
    "moved",
    "saved",
    "undone",
    "withdrawn",
];

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Done {
    word: &'static str,
    /// The message.
    pub sentence: &'static str,
}

impl Done {
    /// Returns the message of a word; `None` for an unknown one.
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
