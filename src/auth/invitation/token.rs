//! Token of a link: 140 random bits, in letters that can be read out on the telephone.

use std::fmt;

use crate::runtime::random::{LETTERS, random_letters};
use crate::runtime::secret::TokenHash;

/// Letters of a link: 140 bits, which cannot be guessed (OWASP ASVS 5.0, 7.2.3).
const LENGTH: usize = 28;

/// Token of a link. It is sent to its user and never stored or logged.
pub struct LinkToken(String);

impl fmt::Debug for LinkToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinkToken(…)")
    }
}

impl LinkToken {
    /// Draws a new one.
    pub(super) fn fresh() -> Self {
        Self(random_letters::<LENGTH>())
    }

    /// Parses the token of an address; dashes and capitals do not matter. `None` for an impossible token.
    #[must_use]
    pub fn parse(raw: &str) -> Option<Self> {
        let letters: String = raw.chars().filter(|&c| c != '-').collect();
        let letters = letters.to_ascii_lowercase();
        let known = letters.bytes().all(|byte| LETTERS.contains(&byte));
        (known && letters.len() == LENGTH).then_some(Self(letters))
    }

    /// Formats it for an address: seven groups of four.
    #[must_use]
    pub fn reveal(&self) -> String {
        let groups = self.0.as_bytes().chunks(4).map(String::from_utf8_lossy);
        groups.collect::<Vec<_>>().join("-")
    }

    /// The path of its link.
    #[must_use]
    pub fn path(&self) -> String {
        format!("/password/{}", self.reveal())
    }

    /// What is stored.
    #[must_use]
    pub fn hash(&self) -> TokenHash {
        TokenHash::of(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_differ_and_are_read_however_they_are_typed() {
        let (one, other) = (LinkToken::fresh(), LinkToken::fresh());
        assert_ne!(one.reveal(), other.reveal());
        assert_eq!(one.reveal().len(), 34);
        for typed in [
            one.reveal(),
            one.reveal().to_uppercase(),
            one.reveal().replace('-', ""),
        ] {
            assert_eq!(LinkToken::parse(&typed).unwrap().hash(), one.hash());
        }
        assert_eq!(format!("{one:?}"), "LinkToken(…)");
        for raw in [
            "",
            "aaaa",
            &one.reveal()[1..],
            &format!("{}a", one.reveal()),
            &one.reveal().replace('-', "l"),
            &"é".repeat(14),
        ] {
            assert!(LinkToken::parse(raw).is_none(), "{raw}");
        }
    }
}
