//! Passwords: which are accepted. How they are hashed is in [`crate::auth::hashing`].

use std::fmt;

use diesel::prelude::*;

use crate::auth::breached::Breached;
use crate::auth::factor::store as factors;
use crate::auth::{CryptographyError, hashing};
use crate::core::user::UserId;
use crate::db::Conn;
use crate::db::schema::events;
use crate::runtime::random::random_letters;

/// The shortest password, in characters, of a user with a second factor (ASVS 6.2.1).
pub const SHORTEST_OF_TWO: usize = 12;
/// The shortest password, in characters, without a second factor (ASVS 6.2.9).
pub const SHORTEST: usize = 15;
/// The longest password, in characters.
pub const LONGEST: usize = 256;
/// Fewer different characters than this are a pattern, not a password.
const FEWEST_DIFFERENT: usize = 6;
/// The weakest that is accepted: more than 10^8 guesses.
const EASIEST: zxcvbn::Score = zxcvbn::Score::Three;
/// Common passwords, and words that every user here knows.
const WELL_KNOWN: &[&str] = &[
    "password", "passwort", "qwerty", "12345678", "abcdefgh", "letmein", "welcome", "迎賓", "飯倉",
    "外務", "iikura", "gaimusho", "mofa",
];

/// A password that was accepted, to the byte as it was typed.
#[derive(Clone)]
pub struct NewPassword(String);

impl fmt::Debug for NewPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NewPassword(…)")
    }
}

/// What a password is judged by. It acts when one is set; passwords that were accepted before stay good.
#[derive(Debug, Clone)]
pub struct Rules {
    shortest: usize,
    /// What others would guess first, in lower case.
    words: Vec<String>,
    breached: Option<Breached>,
}

impl Rules {
    /// The rules where no second factor is asked for; `context` are texts whose words others would guess first.
    #[must_use]
    pub fn new(context: &[&str]) -> Self {
        let words = context
            .iter()
            .flat_map(|text| text.split(|c: char| !c.is_alphanumeric()))
            .filter(|word| word.chars().count() >= 4)
            .map(str::to_lowercase)
            .chain(WELL_KNOWN.iter().map(|&word| word.to_owned()));
        Self {
            shortest: SHORTEST,
            words: words.collect(),
            breached: None,
        }
    }

    /// The rules for a user of this installation: their own words are guessed first, and the names of the events.
    /// `user` is `None` for a user who is not added yet.
    pub fn load(
        conn: &mut Conn,
        user: Option<UserId>,
        own: &[&str],
        breached: Option<Breached>,
    ) -> QueryResult<Self> {
        let events: Vec<(String, String, String)> = events::table
            .select((events::slug, events::name, events::name_ja))
            .load(conn)?;
        let names = events.iter().flat_map(|(slug, name, name_ja)| {
            // A slug is one word to those who know it.
            [slug.as_str(), name, name_ja]
        });
        let context: Vec<&str> = own.iter().copied().chain(names).collect();
        let mut rules = Self::new(&context);
        rules
            .words
            .extend(events.iter().map(|(slug, ..)| slug.to_lowercase()));
        let has_factor = match user {
            Some(user) => factors::of(conn, user)?.is_some(),
            None => false,
        };
        if has_factor {
            rules.shortest = SHORTEST_OF_TWO;
        }
        rules.breached = breached;
        Ok(rules)
    }
}

/// Help text of fields for a new password.
#[must_use]
pub fn help(has_factor: bool) -> String {
    let shortest = if has_factor {
        SHORTEST_OF_TWO
    } else {
        SHORTEST
    };
    format!("At least {shortest} characters, for example four unrelated words.")
}

impl NewPassword {
    /// Accepts a password where no second factor is asked for; `context` are texts whose words others would guess first.
    ///
    /// # Errors
    /// With a sentence that says what to change.
    pub fn parse(raw: &str, context: &[&str]) -> Result<Self, String> {
        Self::by(raw, &Rules::new(context)).map_err(|error| error.to_string())?
    }

    /// Accepts a password by rules.
    ///
    /// # Errors
    /// When the file of breached passwords cannot be read; inside, a sentence that says what to change.
    pub fn by(raw: &str, rules: &Rules) -> std::io::Result<Result<Self, String>> {
        if let Err(fault) = judge(raw, rules) {
            return Ok(Err(fault));
        }
        let stolen = match &rules.breached {
            Some(breached) => breached.has(raw)?,
            None => false,
        };
        if stolen {
            return Ok(Err(
                "The password is in a list of stolen passwords; choose another".to_owned(),
            ));
        }
        Ok(Ok(Self(raw.to_owned())))
    }

    /// Draws a password of 100 random bits, in letters and digits that cannot be mistaken for each other.
    #[must_use]
    pub fn generate() -> Self {
        let groups = [(); 4].map(|()| random_letters::<5>());
        Self(groups.join("-"))
    }

    /// The password itself: to show it once.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Hashes it on this thread, which takes some 30 ms.
    pub fn hash_here(&self) -> Result<String, CryptographyError> {
        hashing::hash(&self.0)
    }
}

fn judge(raw: &str, rules: &Rules) -> Result<(), String> {
    let (length, shortest) = (raw.chars().count(), rules.shortest);
    if length < shortest {
        return Err(format!(
            "The password has {length} characters; take at least {shortest}, for example four unrelated words"
        ));
    }
    if length > LONGEST {
        return Err(format!(
            "The password has {length} characters; take at most {LONGEST}"
        ));
    }
    let folded = raw.to_lowercase();
    let guessed = rules
        .words
        .iter()
        .find(|word| folded.contains(word.as_str()));
    if let Some(word) = guessed {
        return Err(format!(
            "The password contains “{word}”, which is easy to guess; leave it out"
        ));
    }
    let mut different: Vec<char> = folded.chars().collect();
    different.sort_unstable();
    different.dedup();
    if different.len() < FEWEST_DIFFERENT {
        return Err("The password repeats the same few characters; vary it".to_owned());
    }
    if zxcvbn::zxcvbn(raw, &[]).score() < EASIEST {
        return Err(
            "The password is easy to guess: well-known words, rows of keys, dates; choose unrelated words"
                .to_owned(),
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_would_guess_is_refused() {
        for (raw, context) in [
            ("short", &[][..]),
            ("fourteen chars", &[]),
            ("my-Password-is-long", &[]),
            ("Iikura-house-2026", &[]),
            ("飯倉公館で会いましょうあいうえおか", &[]),
            ("ababababababababab", &[]),
            ("aki-tanaka-the-tiger", &["Aki Tanaka"]),
            ("garden-officer-seven", &["officer@iikura.example"]),
            ("Qwertyuiop[]asdfghjkl", &[]),
            ("123456789012345678", &[]),
            ("sunshinesunshinesunshine", &[]),
        ] {
            assert!(NewPassword::parse(raw, context).is_err(), "{raw}");
        }
        assert!(NewPassword::parse(&"x1y2z3w".repeat(40), &[]).is_err());
    }

    #[test]
    fn long_ones_of_any_characters_are_taken_to_the_byte() {
        for raw in [
            "violet anchor ninety",
            " leading and trailing ",
            "雲 と 猫 と 机 と 傘 と 波 と 石",
            &"k4u7w9 ".repeat(20),
        ] {
            assert_eq!(NewPassword::parse(raw, &["Aki"]).unwrap().reveal(), raw);
        }
    }

    #[test]
    fn generated_ones_are_accepted_and_differ() {
        let (one, other) = (NewPassword::generate(), NewPassword::generate());
        assert_ne!(one.reveal(), other.reveal());
        assert!(NewPassword::parse(one.reveal(), &[]).is_ok());
    }
}
