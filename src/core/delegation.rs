//! Delegations, their principals and their contacts.

use std::ops::RangeInclusive;

use crate::core::entered::{EnteredStay, EnteredText, Faults};
use crate::core::text::{Code, Email, TextLine, optional_line, quoted};
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
    /// A party of the meeting.
    Guest,
    /// A guest or an organisation of single sessions: it takes part where it is named, is in no slot for all delegations
    /// by itself, and is not expected to have a bilateral.
    Invited,
}

impl TextEnum for PrincipalRole {
    const ALL: &'static [Self] = &[Self::Chair, Self::Guest, Self::Invited];
    const NOUN: &'static str = "role of a delegation";

    fn as_str(self) -> &'static str {
        match self {
            Self::Chair => "chair",
            Self::Guest => "guest",
            Self::Invited => "invited",
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
    /// Chair, guest, or invited to single sessions.
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

/// A delegation as it was entered.
#[derive(Debug)]
pub(crate) struct DelegationDraft<'a, S> {
    pub(crate) code: EnteredText<'a, S>,
    pub(crate) name: EnteredText<'a, S>,
    pub(crate) name_ja: EnteredText<'a, S>,
    pub(crate) role: EnteredText<'a, S>,
    pub(crate) principal: EnteredText<'a, S>,
    pub(crate) principal_ja: EnteredText<'a, S>,
    pub(crate) principal_title: EnteredText<'a, S>,
    pub(crate) precedence: EnteredText<'a, S>,
    pub(crate) time_zone: EnteredText<'a, S>,
    pub(crate) languages: Vec<EnteredText<'a, S>>,
    pub(crate) party_size: EnteredText<'a, S>,
    pub(crate) contacts: Vec<ContactDraft<'a, S>>,
    pub(crate) presence: Vec<EnteredStay<'a, S>>,
}

/// A contact as it was entered.
#[derive(Debug)]
pub(crate) struct ContactDraft<'a, S> {
    pub(crate) id: ContactId,
    pub(crate) name: EnteredText<'a, S>,
    pub(crate) email: EnteredText<'a, S>,
    pub(crate) phone: EnteredText<'a, S>,
    pub(crate) language: EnteredText<'a, S>,
    pub(crate) letters_only: bool,
}

impl Delegation {
    /// Makes a delegation of what was entered; `None` when anything is wrong with it. `venue` is the zone of stays.
    pub(crate) fn parse<S: Clone + PartialEq>(
        id: DelegationId,
        venue: Zone,
        draft: &DelegationDraft<'_, S>,
        faults: &mut Faults<S>,
    ) -> Option<Self> {
        let code = faults.parse(&draft.code, Code::parse);
        let name = faults.parse(&draft.name, TextLine::parse);
        let name_ja = faults.parse(&draft.name_ja, optional_line);
        let role = faults.parse(&draft.role, |word| {
            PrincipalRole::from_word(word).ok_or("choose chair, guest or invited")
        });
        let principal = faults.parse(&draft.principal, TextLine::parse);
        let principal_ja = faults.parse(&draft.principal_ja, optional_line);
        let principal_title = faults.parse(&draft.principal_title, optional_line);
        let precedence = faults.number(&draft.precedence, Self::PRECEDENCE);
        let time_zone = faults.parse(&draft.time_zone, |raw| raw.trim().parse::<Zone>());
        let languages = draft
            .languages
            .iter()
            .filter_map(|tag| faults.parse(tag, language))
            .collect();
        let party_size = faults.number(&draft.party_size, Self::PARTY_SIZE);
        let presence = faults.presence(venue, &draft.presence);
        let contacts = Contact::parse_all(&draft.contacts, faults);
        Some(Self {
            id,
            code: code?,
            name: name?,
            name_ja: name_ja?,
            role: role?,
            principal: principal?,
            principal_ja: principal_ja?,
            principal_title: principal_title?,
            precedence: precedence?,
            time_zone: time_zone?,
            languages,
            party_size: party_size?,
            contacts,
            presence,
        })
    }
}

impl Contact {
    fn parse<S: Clone + PartialEq>(
        draft: &ContactDraft<'_, S>,
        faults: &mut Faults<S>,
    ) -> Option<Self> {
        let name = faults.parse(&draft.name, TextLine::parse);
        let email = faults.parse(&draft.email, Email::parse);
        let phone = faults.parse(&draft.phone, optional_line);
        let language = faults.parse(&draft.language, language);
        Some(Self {
            id: draft.id,
            name: name?,
            email: email?,
            phone: phone?,
            language: language?,
            letters_only: draft.letters_only,
        })
    }

    /// No address may be there twice.
    fn parse_all<S: Clone + PartialEq>(
        drafts: &[ContactDraft<'_, S>],
        faults: &mut Faults<S>,
    ) -> Vec<Self> {
        let mut contacts: Vec<Self> = Vec::new();
        for draft in faults.first(drafts, MOST_CONTACTS, |contact| &contact.email.source) {
            let Some(contact) = Self::parse(draft, faults) else {
                continue;
            };
            if contacts.iter().any(|other| other.email == contact.email) {
                let fault = format!(
                    "{} is listed twice and would be notified twice",
                    contact.email
                );
                faults.add(&draft.email.source, fault);
            }
            contacts.push(contact);
        }
        contacts
    }
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
