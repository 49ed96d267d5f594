//! Random names of mails and calendar entries: Message-IDs, UIDs, threads.

use sha2::{Digest, Sha256};

use crate::core::delegation::DelegationId;
use crate::core::slot::SlotId;
use crate::runtime::random::random_bytes;

/// What the names of one request are derived from: 128 random bits, so no name can be guessed.
///
/// The same name is derived each time, so letters that are composed before the transaction have the names that it stores.
#[derive(Clone)]
pub struct NameSeed([u8; 16]);

/// Never printed.
impl std::fmt::Debug for NameSeed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NameSeed(…)")
    }
}

/// What a name is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NamePurpose<'a> {
    /// UID of a slot in the calendars of a delegation.
    CalendarUid,
    /// The common part of the first Message-IDs about a slot.
    Thread,
    /// Message-ID of a mail about a slot at a sequence, or of the letter of a version.
    Message(i32, &'a str),
}

impl NameSeed {
    /// Draws a new seed.
    #[must_use]
    pub fn draw() -> Self {
        Self(random_bytes())
    }

    /// Derives the name for one purpose: 26 hexadecimal digits.
    #[must_use]
    pub fn name(
        &self,
        slot: Option<SlotId>,
        delegation: DelegationId,
        purpose: NamePurpose<'_>,
    ) -> String {
        let mut digest = Sha256::new_with_prefix(self.0);
        digest.update(slot.map_or(-1, |slot| slot.0).to_le_bytes());
        digest.update(delegation.0.to_le_bytes());
        let purpose = match purpose {
            NamePurpose::CalendarUid => "uid".to_owned(),
            NamePurpose::Thread => "thread".to_owned(),
            NamePurpose::Message(number, recipient) => format!("message {number} {recipient}"),
        };
        digest.update(purpose);
        let digest = digest.finalize();
        let digits = digest.iter().take(13).map(|byte| format!("{byte:02x}"));
        digits.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_a_seed_repeat_and_those_of_another_differ() {
        let (seed, party) = (NameSeed::draw(), DelegationId(1));
        let of = |seed: &NameSeed, slot| seed.name(slot, party, NamePurpose::Thread);
        let name = of(&seed, Some(SlotId(1)));
        assert_eq!(name.len(), 26);
        assert!(name.bytes().all(|digit| digit.is_ascii_hexdigit()));
        assert_eq!(name, of(&seed.clone(), Some(SlotId(1))));
        let others = [
            of(&NameSeed::draw(), Some(SlotId(1))),
            of(&seed, Some(SlotId(2))),
            of(&seed, None),
            seed.name(Some(SlotId(1)), DelegationId(2), NamePurpose::Thread),
            seed.name(Some(SlotId(1)), party, NamePurpose::CalendarUid),
            seed.name(
                Some(SlotId(1)),
                party,
                NamePurpose::Message(1, "a@x.example"),
            ),
            seed.name(
                Some(SlotId(1)),
                party,
                NamePurpose::Message(1, "b@x.example"),
            ),
            seed.name(
                Some(SlotId(1)),
                party,
                NamePurpose::Message(2, "a@x.example"),
            ),
        ];
        for (number, other) in others.iter().enumerate() {
            assert!(
                *other != name && !others[..number].contains(other),
                "{other}"
            );
        }
        assert_eq!(format!("{seed:?}"), "NameSeed(…)");
    }
}
