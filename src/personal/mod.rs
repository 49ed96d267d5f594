//! Personal data: finding everything stored about a person, and erasing it.
//!
//! A contact is forgotten within one event ([`contact`]), a user as a whole ([`user`]). A pseudonym replaces
//! the person. [`place`] knows every column of every table, so that nothing is missed.

pub mod contact;
pub mod export;
pub mod place;
mod redact;
pub mod retention;
pub mod user;

use diesel::prelude::*;

use crate::core::time::Moment;
use crate::db::Conn;
use crate::db::DbError;
use crate::db::schema::{enclosures, outbox};
use crate::db::word::Word;
use crate::mail::outbox::{MailId, MailState};

/// The fewest digits of a telephone number that is looked for in texts.
const FEWEST_DIGITS: usize = 7;
/// Rows that one statement names.
const AT_ONCE: usize = 500;

/// How a person is named, and what is written instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonNames {
    /// What is written instead.
    pub pseudonym: String,
    /// Addresses, each in lower case.
    pub addresses: Vec<String>,
    /// Names.
    pub names: Vec<String>,
    /// Telephone numbers.
    pub phones: Vec<String>,
}

/// Why a person's data stays.
#[derive(Debug, thiserror::Error)]
pub enum ErasureError {
    /// A worker is sending a mail to them, which cannot be recalled.
    #[error("a mail to this address is being sent at this moment; wait a minute, then try again")]
    BeingSent,
    /// A mail to others that has not left names them.
    #[error(
        "the mail “{0}” to another recipient names this address and is not sent yet; wait until it is, then try again"
    )]
    NamedInWaitingMail(String),
    /// There is nothing to erase.
    #[error("nothing is stored about this address any more")]
    Unknown,
    /// One cannot delete oneself.
    #[error("this is your own account; another administrator can delete it")]
    OwnAccount,
    /// The account stays as it is.
    #[error(transparent)]
    Account(#[from] crate::auth::account::AccountError),
    /// The database failed.
    #[error(transparent)]
    Query(#[from] diesel::result::Error),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbError),
}

impl PersonNames {
    /// True when an address is theirs, whatever its case.
    #[must_use]
    pub fn has_address(&self, address: &str) -> bool {
        self.addresses
            .iter()
            .any(|known| known.eq_ignore_ascii_case(address))
    }

    /// Lists the addresses, and the telephone numbers that can be nothing else.
    #[must_use]
    pub fn terms(&self) -> Vec<String> {
        let phones = self.phones.iter().filter(|phone| is_phone(phone));
        self.addresses.iter().chain(phones).cloned().collect()
    }

    /// Replaces each address in `text`; `None` when there is none.
    #[must_use]
    pub fn without_addresses(&self, text: &str) -> Option<String> {
        self.without(text, &self.addresses)
    }

    /// `text` with the pseudonym instead of each term, and of each name where `names` says so; `None` when there is none.
    /// A name of one word may be a word.
    #[must_use]
    pub fn replaced(&self, text: &str, names: bool) -> Option<String> {
        let mut terms = self.terms();
        if names {
            let names = self.names.iter();
            terms.extend(names.filter(|name| name.contains(' ')).cloned());
        }
        self.without(text, &terms)
    }

    fn without(&self, text: &str, terms: &[String]) -> Option<String> {
        let mut result = text.to_owned();
        for term in terms {
            result = replace_words(&result, term, &self.pseudonym);
        }
        (result != text).then_some(result)
    }
}

/// Checks that a text is a telephone number and no date: users type it, and it is searched for in texts about others.
fn is_phone(text: &str) -> bool {
    let number = text.strip_prefix('+').unwrap_or(text);
    let digits = number.chars().filter(char::is_ascii_digit).count();
    number
        .chars()
        .all(|c| c.is_ascii_digit() || " ()-/.".contains(c))
        && digits >= FEWEST_DIGITS
        && !is_date(number)
}

/// Checks for a date: in the ISO form anywhere, or at the beginning in the orders that people write, with any separator.
fn is_date(number: &str) -> bool {
    let iso = |part: &[u8]| {
        part.iter().enumerate().all(|(at, byte)| match at {
            4 | 7 => *byte == b'-',
            _ => byte.is_ascii_digit(),
        })
    };
    let parts: Vec<&str> = number
        .split(|c: char| !c.is_ascii_digit())
        .filter(|part| !part.is_empty())
        .collect();
    let day = |year: &str, month: &str, day: &str| {
        let value = |part: &str| part.parse::<u32>().ok();
        year.len() == 4
            && value(year).is_some_and(|year| (1900..2200).contains(&year))
            && value(month).is_some_and(|month| (1..=12).contains(&month))
            && value(day).is_some_and(|day| (1..=31).contains(&day))
    };
    let begins = match parts[..] {
        [one, two, three, ..] if one.len() == 4 => day(one, two, three),
        [one, two, three, ..] => day(three, two, one) || day(three, one, two),
        // As in 20221222 and 20221222 1800.
        [one, ..] if one.len() >= 8 => day(&one[..4], &one[4..6], &one[6..8]),
        _ => false,
    };
    begins || number.as_bytes().windows(10).any(iso)
}

/// Replaces a whole term, whatever the case of its ASCII letters.
fn replace_words(text: &str, term: &str, with: &str) -> String {
    let (lower, term) = (text.to_ascii_lowercase(), term.to_ascii_lowercase());
    if term.is_empty() {
        return text.to_owned();
    }
    let (mut result, mut done) = (String::with_capacity(text.len()), 0);
    while let Some(at) = lower[done..].find(&term).map(|at| done + at) {
        let end = at + term.len();
        result.push_str(&text[done..at]);
        if is_whole(&lower, at, end) {
            result.push_str(with);
        } else {
            result.push_str(&text[at..end]);
        }
        done = end;
    }
    result.push_str(&text[done..]);
    result
}

/// True when the match is not part of a longer address, number or word.
fn is_whole(text: &str, at: usize, end: usize) -> bool {
    let joins = |c: char| c.is_alphanumeric() || "_%+-".contains(c);
    let mut after = text[end..].chars();
    let continues = match after.next() {
        Some('.') => after.next().is_some_and(char::is_alphanumeric),
        Some(next) => joins(next),
        None => false,
    };
    let before = text[..at].chars().next_back();
    !continues && !before.is_some_and(|before| joins(before) || before == '.')
}

/// Cancels what waits of these mails and erases whom they went to and what they said; state, times, codes and the
/// pseudonym stay.
///
/// # Errors
/// When one is being sent, or as the database says.
fn erase_mails(
    conn: &mut Conn,
    mails: &[MailId],
    person: &PersonNames,
    now: Moment,
) -> Result<(), ErasureError> {
    let waiting = [MailState::Queued, MailState::Held, MailState::Failed].map(Word);
    for mails in mails.chunks(AT_ONCE) {
        let these = || outbox::table.filter(outbox::id.eq_any(mails));
        // In this order: a worker of another server may lease a mail until it is cancelled.
        diesel::update(these().filter(outbox::state.eq_any(waiting)))
            .set(outbox::state.eq(Word(MailState::Superseded)))
            .execute(conn)?;
        let sending: i64 = these()
            .filter(outbox::state.eq(Word(MailState::Sending)))
            .count()
            .get_result(conn)?;
        if sending > 0 {
            return Err(ErasureError::BeingSent);
        }
        let stored: Vec<(MailId, String)> =
            these().select((outbox::id, outbox::subject)).load(conn)?;
        for (mail, subject) in stored {
            let subject = person.replaced(&subject, true).unwrap_or(subject);
            diesel::update(outbox::table.find(mail))
                .set((
                    outbox::recipient.eq(&person.pseudonym),
                    outbox::recipient_name.eq(""),
                    outbox::dedupe_key.eq(format!("erased {mail}")),
                    outbox::subject.eq(subject),
                    outbox::raw.eq(Vec::<u8>::new()),
                    outbox::last_error.eq(None::<String>),
                    outbox::wiped_at.eq(Some(now)),
                ))
                .execute(conn)?;
        }
        wipe_enclosures(conn, mails)?;
    }
    Ok(())
}

fn wipe_enclosures(conn: &mut Conn, mails: &[MailId]) -> QueryResult<()> {
    diesel::update(enclosures::table.filter(enclosures::mail_id.eq_any(mails)))
        .set((
            enclosures::says.eq(""),
            enclosures::letter.eq(Vec::<u8>::new()),
            enclosures::fault.eq(None::<String>),
        ))
        .execute(conn)
        .map(drop)
}

/// Writes what the database still holds of erased rows over, as far as it can be done at once: SQLite's log of changes.
/// Readers that look at an older state keep it for as long as they look.
pub fn scrub(conn: &mut Conn) -> QueryResult<()> {
    match conn {
        Conn::Sqlite(sqlite) => {
            use diesel::connection::SimpleConnection as _;
            sqlite.batch_execute("PRAGMA wal_checkpoint(TRUNCATE)")
        }
        #[cfg(feature = "postgres")]
        Conn::Postgres(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person() -> PersonNames {
        PersonNames {
            pseudonym: "contact 00000001".to_owned(),
            addresses: vec!["a.li@kz.example".to_owned()],
            names: vec!["Li".to_owned(), "A. Li".to_owned()],
            phones: vec!["+7 701 000".to_owned(), "112".to_owned()],
        }
    }

    #[test]
    fn addresses_and_numbers_are_replaced_whatever_their_case() {
        assert_eq!(
            person().replaced("Ask A.Li@KZ.example. Or +7 701 000, not 112; Li", false),
            Some("Ask contact 00000001. Or contact 00000001, not 112; Li".to_owned())
        );
    }

    #[test]
    fn phones_that_read_as_dates_or_words_are_no_terms() {
        for phone in [
            "+7 701 5550123",
            "03-3580-3311",
            "(03) 3580.3311",
            "0335803311",
            "2012-1212",
            "+81/3 35 80 33 11",
        ] {
            assert!(is_phone(phone), "{phone}");
        }
        for other in [
            "2022-12-22 18:00",
            "2022-12-22",
            "2022-12-22 18",
            "+81 2022-12-22",
            "22.12.2022",
            "12/22/2022",
            "2022 12 22",
            "20221222",
            "20221222 1800",
            "room 1234567",
            "123-456",
            "++81 3 3580 3311",
            "1234567+",
            "",
        ] {
            assert!(!is_phone(other), "{other}");
        }
    }

    #[test]
    fn longer_addresses_and_words_are_left_alone() {
        let others = "aa.li@kz.example x.a.li@kz.example a.li@kz.example.org +7 701 0001 Liaison";
        assert_eq!(person().replaced(others, true), None);
        assert_eq!(
            person().replaced("A. Li, Li, A. Liaison", true),
            Some("contact 00000001, Li, A. Liaison".to_owned())
        );
    }
}
