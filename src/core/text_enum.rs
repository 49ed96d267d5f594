//! Enums with one word per variant, the same in the database, in forms, files and the API.

/// An enum that has one word per variant, the same in the database, in forms, files and the API.
pub trait TextEnum: Copy + std::fmt::Debug + Sized + 'static {
    /// Every variant, in the order people expect.
    const ALL: &'static [Self];
    /// What the enum is called in messages, as in "unknown slot kind".
    const NOUN: &'static str;

    /// The word for this variant.
    fn as_str(self) -> &'static str;

    /// The variant for a word.
    fn from_word(word: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|variant| variant.as_str() == word)
    }
}

/// A [`TextEnum`] in JSON and TOML, as its word: `#[serde(with = "code")]`.
pub mod code {
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serializer};

    use super::TextEnum;

    /// Writes the word.
    pub fn serialize<E: TextEnum, S: Serializer>(
        value: &E,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(value.as_str())
    }

    /// Reads the variant for a word.
    ///
    /// # Errors
    /// When no variant has the word.
    pub fn deserialize<'de, E: TextEnum, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<E, D::Error> {
        let word = String::deserialize(deserializer)?;
        E::from_word(&word).ok_or_else(|| D::Error::custom(format!("unknown {} '{word}'", E::NOUN)))
    }
}
