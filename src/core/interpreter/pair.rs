//! A pair of languages, and when two language tags mean one language.

use std::fmt;

use crate::core::delegation::language;
use crate::core::text::quoted;

/// Two languages between which an interpreter works, both ways.
#[derive(Debug, Clone)]
pub struct LanguagePair {
    one: String,
    other: String,
}

/// Why a text is not a pair of languages; each reads on after "Line 2: ".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PairError {
    /// There are not two of them.
    #[error("{} is not a pair of languages; write it as in ja – ru", quoted(.0))]
    NotTwo(String),
    /// One of the two is no BCP 47 tag.
    #[error("{0}")]
    NoLanguage(String),
    /// Both are the same.
    #[error("a pair has two languages, not {0} twice")]
    OneTwice(String),
}

impl LanguagePair {
    /// Makes the pair of two BCP 47 tags.
    ///
    /// # Errors
    /// When one of them is none, or both mean one language.
    pub fn new(one: &str, other: &str) -> Result<Self, PairError> {
        let one = language(one).map_err(PairError::NoLanguage)?;
        let other = language(other).map_err(PairError::NoLanguage)?;
        if same_language(&one, &other) {
            return Err(PairError::OneTwice(one));
        }
        Ok(Self { one, other })
    }

    /// Reads `ja – ru`. An arrow, a stroke, a comma or a space serves as well, and so does a hyphen where it cannot be
    /// taken for part of a tag: `ja-ru`, but `zh-Hant – ja`.
    ///
    /// # Errors
    /// As [`LanguagePair::new`], and when the text has not two parts.
    pub fn parse(text: &str) -> Result<Self, PairError> {
        let between = |letter: char| "–—↔/>,".contains(letter) || letter.is_whitespace();
        let mut parts: Vec<&str> = text
            .split(between)
            .filter(|part| !part.is_empty() && *part != "-")
            .collect();
        if let [alone] = parts[..] {
            parts = alone.split('-').collect();
        }
        match parts[..] {
            [one, other] => Self::new(one, other),
            _ => Err(PairError::NotTwo(text.trim().to_owned())),
        }
    }

    /// Takes a pair back out of the database, where only parsed ones were put, as `ja>ru`.
    pub(crate) fn stored(text: &str) -> Option<Self> {
        let (one, other) = text.split_once('>')?;
        Some(Self {
            one: one.to_owned(),
            other: other.to_owned(),
        })
    }

    /// Writes it for the database, as `ja>ru`.
    pub(crate) fn to_stored(&self) -> String {
        format!("{}>{}", self.one, self.other)
    }

    /// The two languages, as BCP 47 tags, in the order they were entered.
    #[must_use]
    pub fn languages(&self) -> [&str; 2] {
        [&self.one, &self.other]
    }

    /// True when it leads from a language of one side to a language of the other.
    #[must_use]
    pub fn joins(&self, one: &[String], other: &[String]) -> bool {
        let speaks = |side: &[String], tag: &str| side.iter().any(|each| same_language(each, tag));
        (speaks(one, &self.one) && speaks(other, &self.other))
            || (speaks(one, &self.other) && speaks(other, &self.one))
    }

    /// The languages that it leads to from any of `from`.
    pub fn leads_from<'p>(&'p self, from: &'p [String]) -> impl Iterator<Item = &'p str> {
        [(&self.one, &self.other), (&self.other, &self.one)]
            .into_iter()
            .filter(|(near, _)| from.iter().any(|each| same_language(each, near)))
            .map(|(_, far)| far.as_str())
    }
}

impl PartialEq for LanguagePair {
    /// `ja – ru` is `ru – JA`: it works both ways, and tags ignore case.
    fn eq(&self, that: &Self) -> bool {
        let same = |a: &str, b: &str| a.eq_ignore_ascii_case(b);
        (same(&self.one, &that.one) && same(&self.other, &that.other))
            || (same(&self.one, &that.other) && same(&self.other, &that.one))
    }
}

impl Eq for LanguagePair {}

impl fmt::Display for LanguagePair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} – {}", self.one, self.other)
    }
}

/// True when two BCP 47 tags mean one language as it is spoken: they are equal but for capitals, or one says more than
/// the other, as `en-GB` than `en` (RFC 4647 §3.3.1, either way round). `pt-BR` and `pt-PT` are two.
#[must_use]
pub fn same_language(one: &str, other: &str) -> bool {
    let mut one = one.split('-');
    let mut other = other.split('-');
    loop {
        match (one.next(), other.next()) {
            (Some(a), Some(b)) if a.eq_ignore_ascii_case(b) => {}
            (Some(_), Some(_)) => return false,
            _ => return true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_is_read_as_people_write_it() {
        for (text, one, other) in [
            ("ja – ru", "ja", "ru"),
            ("ja–ru", "ja", "ru"),
            ("ja-ru", "ja", "ru"),
            ("ja - ru", "ja", "ru"),
            ("ja ru", "ja", "ru"),
            (" ja ↔ ru ", "ja", "ru"),
            ("ja/ru", "ja", "ru"),
            ("ja > ru", "ja", "ru"),
            ("zh-Hant – ja", "zh-Hant", "ja"),
        ] {
            let pair = LanguagePair::parse(text).unwrap();
            assert_eq!(pair.languages(), [one, other], "{text}");
            assert_eq!(LanguagePair::parse(&pair.to_string()), Ok(pair), "{text}");
        }
    }

    #[test]
    fn what_is_no_pair_is_refused_with_what_to_write() {
        for (text, words) in [
            (
                "ja",
                "'ja' is not a pair of languages; write it as in ja – ru",
            ),
            ("", "'' is not a pair of languages; write it as in ja – ru"),
            (
                "ja ru en",
                "'ja ru en' is not a pair of languages; write it as in ja – ru",
            ),
            (
                "zh-Hant-ja",
                "'zh-Hant-ja' is not a pair of languages; write it as in ja – ru",
            ),
            ("ja – ja", "a pair has two languages, not ja twice"),
            ("JA – ja", "a pair has two languages, not JA twice"),
            ("en – en-GB", "a pair has two languages, not en twice"),
            (
                "ja – Russian!",
                "'Russian!' is not a language; write it as in ja, ru or zh-Hant",
            ),
        ] {
            let error = LanguagePair::parse(text).unwrap_err();
            assert_eq!(error.to_string(), words);
        }
    }

    #[test]
    fn a_pair_works_both_ways() {
        let pair = |text| LanguagePair::parse(text).unwrap();
        assert_eq!(pair("ja – ru"), pair("RU – ja"));
        assert_ne!(pair("ja – ru"), pair("ja – en"));
        let side = |tags: &[&str]| tags.iter().map(|tag| (*tag).to_owned()).collect::<Vec<_>>();
        let (japan, kazakhstan) = (side(&["ja"]), side(&["kk", "ru"]));
        assert!(pair("ja – ru").joins(&japan, &kazakhstan));
        assert!(pair("ja – ru").joins(&kazakhstan, &japan));
        assert!(!pair("ja – en").joins(&japan, &kazakhstan));
        assert!(!pair("kk – ru").joins(&kazakhstan, &japan));
        let far: Vec<_> = pair("ja – en")
            .leads_from(&japan)
            .map(str::to_owned)
            .collect();
        assert_eq!(far, ["en"]);
    }

    #[test]
    fn a_tag_that_says_more_means_the_same_language() {
        for (one, other, same) in [
            ("en", "en", true),
            ("en", "EN", true),
            ("en", "en-GB", true),
            ("en-gb", "en", true),
            ("pt-BR", "pt-PT", false),
            ("zh-Hant", "zh", true),
            ("en", "e", false),
            ("ja", "ru", false),
        ] {
            assert_eq!(same_language(one, other), same, "{one}, {other}");
        }
    }
}
