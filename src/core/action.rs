//! What the history records, by the words that are stored.

use crate::core::text_enum::TextEnum;

/// What was done. The words are part of the hashes of rows, so a word that was in use never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// A slot was booked.
    SlotBooked,
    /// A slot got other details.
    SlotChanged,
    /// A slot was confirmed.
    SlotConfirmed,
    /// A confirmation was taken back.
    SlotWithdrawn,
    /// A slot was cancelled.
    SlotCancelled,
    /// The latest change of a slot was undone.
    SlotUndone,
    /// A slot got another interpreter in the place of one.
    SlotInterpreterReplaced,
    /// An interpreter was removed from a slot.
    SlotInterpreterRemoved,
    /// A delegation answered.
    NoticeAnswered,
    /// A notice counts as sent without a mail.
    NoticeSkipped,
    /// The final schedule was sent to everyone.
    SchedulesSent,
    /// A correction was marked as known to the delegations.
    NoticesCorrected,
    /// The private links of a delegation were replaced.
    NoticeLinksRenewed,
    /// A delegation was added.
    DelegationAdded,
    /// A delegation was changed.
    DelegationChanged,
    /// A delegation was removed.
    DelegationRemoved,
    /// A room was added.
    RoomAdded,
    /// A room was changed.
    RoomChanged,
    /// A room was removed.
    RoomRemoved,
    /// An interpreter was added.
    InterpreterAdded,
    /// An interpreter was changed.
    InterpreterChanged,
    /// An interpreter was removed.
    InterpreterRemoved,
    /// The personal data of a contact was erased.
    ContactForgotten,
    /// An event was added.
    EventAdded,
    /// An event was imported from a file.
    EventImported,
    /// An event got other settings.
    EventChanged,
    /// The time until contacts are erased was changed.
    EventRetentionChanged,
    /// Contacts were erased at the end of that time.
    EventContactsErased,
    /// An event was archived.
    EventArchived,
    /// An event was taken out of the archive.
    EventRestored,
    /// An event was deleted.
    EventDeleted,
    /// An account was added.
    UserAdded,
    /// An account got another name or other roles.
    UserChanged,
    /// An account was disabled.
    UserDisabled,
    /// An account was enabled.
    UserEnabled,
    /// An account was deleted.
    UserDeleted,
    /// A user signed in.
    UserSignedIn,
    /// A sign-in was refused.
    UserSignInRefused,
    /// A code of a second factor was refused.
    UserCodeRefused,
    /// An identity of single sign-on was linked to an account.
    UserSignOnKnown,
    /// All sessions of a user were ended.
    UserSessionsEnded,
    /// A password was changed.
    UserPasswordChanged,
    /// A password was set by a reset link.
    UserPasswordReset,
    /// A user was invited.
    UserInvited,
    /// An invitation was accepted.
    UserInvitationAccepted,
    /// An invitation was withdrawn.
    UserInvitationWithdrawn,
    /// A reset link was made.
    UserResetOffered,
    /// A reset link was withdrawn.
    UserResetWithdrawn,
    /// A user set up a second factor.
    UserFactorSet,
    /// A user removed their second factor.
    UserFactorRemoved,
    /// An administrator removed a second factor.
    UserFactorReset,
    /// A user got new recovery codes.
    UserRecoveryCodesRenewed,
    /// Whether second factors are required was changed.
    UsersSecondFactorRequired,
    /// An API token was made.
    TokenMade,
    /// An API token was revoked.
    TokenRevoked,
    /// A calendar link was made.
    CalendarLinkMade,
    /// A calendar link was revoked.
    CalendarLinkRevoked,
    /// A lockout was lifted.
    LockoutLifted,
    /// The mail queue was paused.
    MailPaused,
    /// The mail queue was resumed.
    MailResumed,
    /// Personal data was taken out of earlier rows.
    HistoryRedacted,
}

impl TextEnum for Action {
    const ALL: &'static [Self] = &[
        Self::SlotBooked,
        Self::SlotChanged,
        Self::SlotConfirmed,
        Self::SlotWithdrawn,
        Self::SlotCancelled,
        Self::SlotUndone,
        Self::SlotInterpreterReplaced,
        Self::SlotInterpreterRemoved,
        Self::NoticeAnswered,
        Self::NoticeSkipped,
        Self::SchedulesSent,
        Self::NoticesCorrected,
        Self::NoticeLinksRenewed,
        Self::DelegationAdded,
        Self::DelegationChanged,
        Self::DelegationRemoved,
        Self::RoomAdded,
        Self::RoomChanged,
        Self::RoomRemoved,
        Self::InterpreterAdded,
        Self::InterpreterChanged,
        Self::InterpreterRemoved,
        Self::ContactForgotten,
        Self::EventAdded,
        Self::EventImported,
        Self::EventChanged,
        Self::EventRetentionChanged,
        Self::EventContactsErased,
        Self::EventArchived,
        Self::EventRestored,
        Self::EventDeleted,
        Self::UserAdded,
        Self::UserChanged,
        Self::UserDisabled,
        Self::UserEnabled,
        Self::UserDeleted,
        Self::UserSignedIn,
        Self::UserSignInRefused,
        Self::UserCodeRefused,
        Self::UserSignOnKnown,
        Self::UserSessionsEnded,
        Self::UserPasswordChanged,
        Self::UserPasswordReset,
        Self::UserInvited,
        Self::UserInvitationAccepted,
        Self::UserInvitationWithdrawn,
        Self::UserResetOffered,
        Self::UserResetWithdrawn,
        Self::UserFactorSet,
        Self::UserFactorRemoved,
        Self::UserFactorReset,
        Self::UserRecoveryCodesRenewed,
        Self::UsersSecondFactorRequired,
        Self::TokenMade,
        Self::TokenRevoked,
        Self::CalendarLinkMade,
        Self::CalendarLinkRevoked,
        Self::LockoutLifted,
        Self::MailPaused,
        Self::MailResumed,
        Self::HistoryRedacted,
    ];
    const NOUN: &'static str = "action";

    fn as_str(self) -> &'static str {
        match self {
            Self::SlotBooked => "slot.booked",
            Self::SlotChanged => "slot.changed",
            Self::SlotConfirmed => "slot.confirmed",
            Self::SlotWithdrawn => "slot.withdrawn",
            Self::SlotCancelled => "slot.cancelled",
            Self::SlotUndone => "slot.undone",
            Self::SlotInterpreterReplaced => "slot.interpreter-replaced",
            Self::SlotInterpreterRemoved => "slot.interpreter-removed",
            Self::NoticeAnswered => "notice.answered",
            Self::NoticeSkipped => "notice.skipped",
            Self::SchedulesSent => "notice.schedules_sent",
            Self::NoticesCorrected => "notice.corrected",
            Self::NoticeLinksRenewed => "notice.links renewed",
            Self::DelegationAdded => "delegation.added",
            Self::DelegationChanged => "delegation.changed",
            Self::DelegationRemoved => "delegation.removed",
            Self::RoomAdded => "room.added",
            Self::RoomChanged => "room.changed",
            Self::RoomRemoved => "room.removed",
            Self::InterpreterAdded => "interpreter.added",
            Self::InterpreterChanged => "interpreter.changed",
            Self::InterpreterRemoved => "interpreter.removed",
            Self::ContactForgotten => "contact.forgotten",
            Self::EventAdded => "event.added",
            Self::EventImported => "event.imported",
            Self::EventChanged => "event.changed",
            Self::EventRetentionChanged => "event.retention_changed",
            Self::EventContactsErased => "event.contacts_erased",
            Self::EventArchived => "event.archived",
            Self::EventRestored => "event.restored",
            Self::EventDeleted => "event.deleted",
            Self::UserAdded => "user.added",
            Self::UserChanged => "user.changed",
            Self::UserDisabled => "user.disabled",
            Self::UserEnabled => "user.enabled",
            Self::UserDeleted => "user.deleted",
            Self::UserSignedIn => "user.signed_in",
            Self::UserSignInRefused => "user.sign_in_refused",
            Self::UserCodeRefused => "user.code_refused",
            Self::UserSignOnKnown => "user.sign_on_known",
            Self::UserSessionsEnded => "user.sessions_ended",
            Self::UserPasswordChanged => "user.password_changed",
            Self::UserPasswordReset => "user.password_reset",
            Self::UserInvited => "user.invited",
            Self::UserInvitationAccepted => "user.invitation_accepted",
            Self::UserInvitationWithdrawn => "user.invitation_withdrawn",
            Self::UserResetOffered => "user.reset_offered",
            Self::UserResetWithdrawn => "user.reset_withdrawn",
            Self::UserFactorSet => "user.factor_set",
            Self::UserFactorRemoved => "user.factor_removed",
            Self::UserFactorReset => "user.factor_reset",
            Self::UserRecoveryCodesRenewed => "user.recovery_codes_renewed",
            Self::UsersSecondFactorRequired => "users.second_factor_required",
            Self::TokenMade => "token.made",
            Self::TokenRevoked => "token.revoked",
            Self::CalendarLinkMade => "calendar_link.made",
            Self::CalendarLinkRevoked => "calendar_link.revoked",
            Self::LockoutLifted => "lockout.lifted",
            Self::MailPaused => "mail.paused",
            Self::MailResumed => "mail.resumed",
            Self::HistoryRedacted => "history.redacted",
        }
    }
}

/// What an action was done to, as `slot`; of a stored word, which another release may have written.
#[must_use]
pub fn noun(word: &str) -> &str {
    word.split('.').next().unwrap_or(word)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_action_has_a_word_of_its_own() {
        let words: BTreeSet<&str> = Action::ALL.iter().map(|action| action.as_str()).collect();
        assert_eq!(words.len(), Action::ALL.len());
        for action in Action::ALL {
            assert_eq!(Action::from_word(action.as_str()), Some(*action));
        }
    }

    #[test]
    fn a_word_of_another_release_names_what_it_is_about() {
        assert_eq!(noun(Action::NoticeLinksRenewed.as_str()), "notice");
        assert_eq!(
            (noun("slot.moved"), noun("unheard of")),
            ("slot", "unheard of")
        );
    }
}
