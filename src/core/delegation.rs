//! Delegations, their principals and their contacts.

use std::ops::RangeInclusive;

use crate::core::text::{Code, Email, TextLine, quoted};
use crate::core::text_enum::TextEnum;
use crate::core::time::Zone;
use crate::core::time::interval::Interval;

/// The id of a delegation, which is the id of its principal as a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DelegationId(pub i64);

/// The part a delegation plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PrincipalRole {
    /// The host; there is one at most.
    Chair,
    /// An invited party.
    Guest,
}

impl TextEnum for PrincipalRole {
    const ALL: &'static [Self] = &[Self::Chair, Self::Guest];
    const NOUN: &'static str = "role of a delegation";

    fn as_str(self) -> &'static str {
        match self {
            Self::Chair => "chair",
            Self::Guest => "guest",
        }
    }
}

/// A country's party.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delegation {
    /// Its id.
    pub id: DelegationId,
    /// The short name, unique among the event's delegations, as `KZ`.
    pub code: Code,
    /// The country's name.
    pub name: TextLine,
    /// Its Japanese name; may be empty.
    pub name_ja: String,
    /// Chair or guest.
    pub role: PrincipalRole,
    /// The minister, with style and family name in capitals.
    pub principal: TextLine,
    /// The minister's Japanese name; may be empty.
    pub principal_ja: String,
    /// The minister's title; may be empty.
    pub principal_title: String,
    /// Place in the order of precedence; the chair is 0.
    pub precedence: i32,
    /// The zone at home.
    pub time_zone: Zone,
    /// Working languages, as BCP 47 tags, the preferred one first.
    pub languages: Vec<String>,
    /// How many people come into a room with the principal, the principal included.
    pub party_size: i32,
    /// Name of the recipient.
    pub contacts: Vec<Contact>,
    /// When the delegation is there; empty means always.
    pub presence: Vec<Interval>,
}

/// How many contacts a delegation may have.
pub const MOST_CONTACTS: usize = 20;

/// The id of a contact: random, and the contact's pseudonym in the history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContactId(pub i64);

impl Delegation {
    /// Places in the order of precedence that can be stored; the chair's is 0.
    pub const PRECEDENCE: RangeInclusive<i32> = 0..=10_000;
    /// Sizes of a party that can be stored, in people.
    pub const PARTY_SIZE: RangeInclusive<i32> = 1..=10_000;

    /// The contact with an address, whatever its case.
    #[must_use]
    pub fn contact(&self, address: &str) -> Option<&Contact> {
        self.contacts
            .iter()
            .find(|contact| contact.email.as_str().eq_ignore_ascii_case(address))
    }
}

/// A contact: a person or office that receives a delegation's mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// Its id.
    pub id: ContactId,
    /// The name.
    pub name: TextLine,
    /// The address.
    pub email: Email,
    /// The telephone; may be empty.
    pub phone: String,
    /// Language of the letters, as a BCP 47 tag; letters are written in English until others are there.
    pub language: String,
    /// True when no calendar parts are wanted.
    pub letters_only: bool,
}

/// Reads a language as a BCP 47 tag, as `ja` or `zh-Hant`.
///
/// # Errors
/// With a sentence that says how to write it.
pub fn language(raw: &str) -> Result<String, String> {
    let tag = raw.trim();
    let mut parts = tag.split('-');
    let primary = parts.next().is_some_and(|part| {
        (2..=3).contains(&part.len()) && part.bytes().all(|letter| letter.is_ascii_alphabetic())
    });
    let rest = parts.all(|part| {
        (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
    });
    if primary && rest && tag.len() <= 35 {
        Ok(tag.to_owned())
    } else {
        Err(format!(
            "{} is not a language; write it as in ja, ru or zh-Hant",
            quoted(tag)
        ))
    }
}
