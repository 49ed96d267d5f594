//! The languages letters are written in: each is a folder of templates and one entry in [`LANGUAGES`].
//!
//! No sentence, date or list is put together anywhere else. A language that leaves out a phrase does not compile.

use std::fmt;

use askama::Template;
use chrono::NaiveDate;

use super::ReaderKnowledge;
use super::words::{CalendarWords, LetterWords};
use crate::core::notice::{Method, News};
use crate::core::slot::{MeetingFormat, SlotKind};

/// A language from its templates, each named as Askama's `template` attribute has it.
macro_rules! language {
    (
        $tag:literal,
        phrase($($phrase:tt)*),
        subject($($subject:tt)*),
        plain($($plain:tt)*),
        html($($html:tt)*),
        calendar($($calendar:tt)*)
    ) => {{
        #[derive(Template)]
        #[template($($phrase)*)]
        struct LetterPhrase<'a> {
            phrase: &'a Phrase<'a>,
        }
        #[derive(Template)]
        #[template($($subject)*)]
        struct LetterSubject<'a> {
            words: &'a LetterWords<'a>,
        }
        #[derive(Template)]
        #[template($($plain)*)]
        struct LetterPlain<'a> {
            words: &'a LetterWords<'a>,
        }
        #[derive(Template)]
        #[template($($html)*)]
        struct LetterHtml<'a> {
            words: &'a LetterWords<'a>,
        }
        #[derive(Template)]
        #[template($($calendar)*)]
        struct Calendar<'a> {
            words: &'a CalendarWords<'a>,
        }
        Language {
            tag: $tag,
            phrase: |phrase| LetterPhrase { phrase }.render(),
            subject: |words| LetterSubject { words }.render(),
            plain: |words| LetterPlain { words }.render(),
            html: |words| LetterHtml { words }.render(),
            calendar: |words| Calendar { words }.render(),
        }
    }};
}

/// Every language; the first is for readers of none of them. Languages without proofreading are not listed.
#[expect(clippy::unnested_or_patterns, reason = "Askama's patterns do not nest")]
static LANGUAGES: &[Language] = &[
    language!(
        "en",
        phrase(path = "mail/letter/en/phrase.txt"),
        subject(path = "mail/letter/en/subject.txt"),
        plain(path = "mail/letter/en/body.txt"),
        html(path = "mail/letter/en/body.html"),
        calendar(path = "mail/letter/en/calendar.txt")
    ),
    #[cfg(test)]
    tests::SIGNS,
];

/// A language, as its templates write it.
pub struct Language {
    /// Its language tag (RFC 5646), as `ja`.
    tag: &'static str,
    phrase: fn(&Phrase<'_>) -> askama::Result<String>,
    subject: fn(&LetterWords<'_>) -> askama::Result<String>,
    plain: fn(&LetterWords<'_>) -> askama::Result<String>,
    html: fn(&LetterWords<'_>) -> askama::Result<String>,
    calendar: fn(&CalendarWords<'_>) -> askama::Result<String>,
}

/// A few words that Rust asks a language for: what the letter, its subject and pages have in common.
#[derive(Debug, Clone, Copy)]
pub enum Phrase<'a> {
    /// A day with its name.
    Day(NaiveDate),
    /// A day and what is at some time of it, which is in words already.
    DayAndTime(NaiveDate, &'a str),
    /// A moment: the day without its name, the clock, and whose clock it is.
    Moment(NaiveDate, &'a str, &'a str),
    /// The end that a slot has now: the day without its name, the clock, and whose clock it is.
    Until(NaiveDate, &'a str, &'a str),
    /// When a slot is, and the room or venue that it has now.
    NowIn(&'a str, Option<&'a str>),
    /// Names, one after the other.
    Names(&'a [String]),
    /// A kind of slot, and the format that is agreed.
    Kind(SlotKind, &'a MeetingFormat),
    /// In place of a room that is not known yet.
    RoomUnknown,
    /// What has happened to a slot, in a word or two.
    Headline(&'a News),
    /// What has happened to a slot, for whom.
    Sentence(&'a News, &'a str),
    /// What follows from it for the reader; may be empty.
    Advice(&'a News, ReaderKnowledge),
    /// Heading over the slot.
    SlotHeading(&'a News),
    /// What the letter is about: one piece of news, in a word or two, and the slot's title.
    Title(&'a str, &'a str),
    /// What the letter is about, where there are several pieces of news.
    SeveralTitle(usize),
    /// How many pieces of news there are, for whom.
    SeveralSentence(usize, &'a str),
    /// What the letter with the final schedule is about.
    FinalTitle,
    /// That this is the final schedule, with how many pieces of news, and for whom.
    FinalSentence(usize, &'a str),
    /// What the attached calendar file does.
    CalendarHint(Method),
    /// When the letter was written, and which one to this delegation it is.
    Issued(&'a str, i32),
    /// What has changed: the time at a place.
    TimeAt(&'a str),
    /// What has changed: the time at home.
    TimeAtHome,
    /// What has changed: the room.
    Room,
    /// What has changed: the venue.
    Venue,
    /// What has changed: the event's name.
    Event,
    /// What has changed: the protocol office, with address and telephone number.
    Office,
    /// What has changed: the title.
    TitleLabel,
    /// What has changed: the kind.
    KindLabel,
    /// What has changed: who takes part.
    TakingPart,
}

impl Language {
    /// English, which pages are in.
    #[must_use]
    pub fn english() -> &'static Self {
        &LANGUAGES[0]
    }

    /// The language for who asks for `tag`: the one of the tag, or of the longest beginning of it that there is
    /// (RFC 4647 §3.4); English for want of any.
    #[must_use]
    pub fn of(tag: &str) -> &'static Self {
        Self::written(tag).unwrap_or_else(Self::english)
    }

    /// The language of the tag, or of the longest beginning of it, if letters are written in it.
    #[must_use]
    pub fn written(tag: &str) -> Option<&'static Self> {
        let mut range = tag;
        loop {
            let found = LANGUAGES
                .iter()
                .find(|language| language.tag.eq_ignore_ascii_case(range));
            match (found, range.rfind('-')) {
                (Some(language), _) => return Some(language),
                (None, Some(end)) => range = &range[..end],
                (None, None) => return None,
            }
        }
    }

    /// Says `phrase`, on one line.
    #[must_use]
    pub fn say(&self, phrase: Phrase<'_>) -> String {
        // Writing to a string fails for no reason of ours; a phrase left out is better than a letter not written.
        let said = (self.phrase)(&phrase).unwrap_or_default();
        said.trim().to_owned()
    }

    pub(super) fn subject(&self, words: &LetterWords<'_>) -> askama::Result<String> {
        (self.subject)(words)
    }

    pub(super) fn plain(&self, words: &LetterWords<'_>) -> askama::Result<String> {
        (self.plain)(words)
    }

    pub(super) fn html(&self, words: &LetterWords<'_>) -> askama::Result<String> {
        (self.html)(words)
    }

    pub(super) fn calendar(&self, words: &CalendarWords<'_>) -> String {
        (self.calendar)(words).unwrap_or_default()
    }
}

impl fmt::Debug for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Language({})", self.tag)
    }
}

#[cfg(test)]
mod tests;
