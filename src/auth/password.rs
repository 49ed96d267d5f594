//! Passwords: what is accepted, how they are kept, and at what cost they are checked.

use std::fmt;
use std::sync::LazyLock;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Argon2, Params};
use tokio::sync::Semaphore;

use crate::web::{Error, trace};

/// The shortest password, in characters: 15 where there is no second factor (ASVS 6.2.1, 6.2.9).
pub const SHORTEST: usize = 15;
/// The longest password, in characters.
pub const LONGEST: usize = 256;
/// Fewer different characters than this are a pattern, not a password.
const FEWEST_DIFFERENT: usize = 6;
/// What people type when they are asked for a password, and words that everybody here knows.
const WELL_KNOWN: &[&str] = &[
    "password", "passwort", "qwerty", "12345678", "abcdefgh", "letmein", "welcome", "迎賓", "飯倉",
    "外務", "iikura", "gaimusho", "mofa",
];

/// Two at a time: each takes a core for some 30 ms, and the timetable has to go on answering.
static HASHING: Semaphore = Semaphore::const_new(2);

/// What is verified for accounts that do not exist, so that they take as long as those that do.
static DUMMY: LazyLock<String> =
    LazyLock::new(|| hash_here("nobody has this account").unwrap_or_default());

/// A password that was accepted, to the byte as it was typed.
#[derive(Clone)]
pub struct NewPassword(String);

impl fmt::Debug for NewPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NewPassword(…)")
    }
}

impl NewPassword {
    /// Accepts a password; `context` are words that others would guess first: the user's name, address, the event.
    ///
    /// # Errors
    /// With a sentence that says what to change.
    pub fn parse(raw: &str, context: &[&str]) -> Result<Self, String> {
        let length = raw.chars().count();
        if length < SHORTEST {
            return Err(format!(
                "The password has {length} characters; take at least {SHORTEST}, for example four words that have nothing to do with each other"
            ));
        }
        if length > LONGEST {
            return Err(format!(
                "The password has {length} characters; take at most {LONGEST}"
            ));
        }
        let folded = raw.to_lowercase();
        let guessed = context
            .iter()
            .flat_map(|text| text.split(|c: char| !c.is_alphanumeric()))
            .filter(|word| word.chars().count() >= 4)
            .map(str::to_lowercase)
            .chain(WELL_KNOWN.iter().map(|&word| word.to_owned()))
            .find(|word| folded.contains(word.as_str()));
        if let Some(word) = guessed {
            return Err(format!(
                "The password contains “{word}”, which others would try first; leave it out"
            ));
        }
        let mut different: Vec<char> = folded.chars().collect();
        different.sort_unstable();
        different.dedup();
        if different.len() < FEWEST_DIFFERENT {
            return Err("The password repeats the same few characters; vary it".to_owned());
        }
        Ok(Self(raw.to_owned()))
    }

    /// Draws a password of 100 random bits, in letters and digits that cannot be mistaken for each other.
    ///
    /// # Errors
    /// When the operating system gives no randomness.
    pub fn generate() -> Result<Self, Error> {
        const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
        let mut bytes = [0_u8; 20];
        getrandom::fill(&mut bytes).map_err(Error::internal)?;
        let letters: Vec<char> = bytes
            .iter()
            .map(|byte| char::from(ALPHABET[usize::from(byte % 32)]))
            .collect();
        let groups: Vec<String> = letters
            .chunks(5)
            .map(|group| group.iter().collect())
            .collect();
        Ok(Self(groups.join("-")))
    }

    /// The password itself: to show it once.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Hashes it on this thread, which takes some 30 ms.
    ///
    /// # Errors
    /// When the operating system gives no randomness.
    pub fn hash_here(&self) -> Result<String, Error> {
        hash_here(&self.0)
    }

    /// Hashes it on the blocking pool.
    ///
    /// # Errors
    /// As [`NewPassword::hash_here`].
    pub async fn hash(self) -> Result<String, Error> {
        hash(self.0).await
    }
}

/// Checks a password against a stored hash, or against nothing: both take the same time.
pub async fn verify(password: String, stored: Option<String>) -> bool {
    let _permit = HASHING.acquire().await.ok();
    trace::block(move || verify_here(&password, stored.as_deref()))
        .await
        .unwrap_or(false)
}

/// Hashes a password that was verified, for a hash with today's parameters.
///
/// # Errors
/// When the operating system gives no randomness.
pub async fn hash(password: String) -> Result<String, Error> {
    let _permit = HASHING.acquire().await.ok();
    trace::block(move || hash_here(&password))
        .await
        .map_err(Error::internal)?
}

/// True when a stored hash was made with weaker parameters than today's.
#[must_use]
pub fn is_weak(stored: &str) -> bool {
    let Some(params) = PasswordHash::new(stored)
        .ok()
        .and_then(|hash| Params::try_from(&hash).ok())
    else {
        return true;
    };
    let today = Params::default();
    !stored.starts_with("$argon2id$")
        || params.m_cost() < today.m_cost()
        || params.t_cost() < today.t_cost()
}

fn verify_here(password: &str, stored: Option<&str>) -> bool {
    let known = stored.is_some();
    let matches = PasswordHash::new(stored.unwrap_or(&DUMMY)).is_ok_and(|hash| {
        Argon2::default()
            .verify_password(password.as_bytes(), &hash)
            .is_ok()
    });
    known && matches
}

/// Argon2id with the crate's parameters, OWASP's first choice: 19 MiB, two passes, one lane.
fn hash_here(password: &str) -> Result<String, Error> {
    Argon2::default()
        .hash_password(password.as_bytes())
        .map(|hash| hash.to_string())
        .map_err(Error::internal)
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
    fn a_hash_fits_its_password_only_and_says_how_it_was_made() {
        let hash = hash_here("violet anchor ninety").unwrap();
        assert!(
            hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{hash}"
        );
        assert!(verify_here("violet anchor ninety", Some(&hash)));
        assert!(!verify_here("violet anchor ninety ", Some(&hash)));
        assert!(!verify_here("nobody has this account", None));
        assert!(!is_weak(&hash));
        assert!(is_weak(&hash.replace("m=19456", "m=4096")));
    }

    #[test]
    fn generated_ones_are_accepted_and_differ() {
        let (one, other) = (
            NewPassword::generate().unwrap(),
            NewPassword::generate().unwrap(),
        );
        assert_ne!(one.reveal(), other.reveal());
        assert!(NewPassword::parse(one.reveal(), &[]).is_ok());
    }
}
