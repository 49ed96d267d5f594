//! The second factor: a code of six digits that a device shows for half a minute (TOTP, RFC 6238), and ten recovery
//! codes for the day the device is lost.

pub mod seal;
pub mod step;
pub mod store;

use std::fmt;

use qrcode::{Color, QrCode};
use totp_rs::{Builder, Totp};

use crate::auth::CryptographyError;
use crate::core::time::Moment;
use crate::runtime::random::{LETTERS, random_bytes, random_letters};
use crate::runtime::secret::TokenHash;

/// Recovery codes of a user.
const RECOVERY_CODES: usize = 10;
/// Seconds for which a device shows a code (RFC 6238, 5.2).
const STEP_SECONDS: u64 = 30;
/// Steps before and after the present one that are taken: clocks of telephones are not exact (RFC 6238, 5.2).
const SKEW: u16 = 1;
/// Light squares around a QR code (ISO/IEC 18004).
const QUIET: usize = 4;
/// Letters of a recovery code: 80 bits.
const LETTERS_OF_A_CODE: usize = 16;

/// What the device and we have in common: 160 random bits (RFC 4226, R6).
pub struct Seed([u8; 20]);

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seed(…)")
    }
}

impl Seed {
    /// Draws a new one.
    #[must_use]
    pub fn fresh() -> Self {
        Self(random_bytes())
    }

    /// The half minute whose code this is, if it is one of now: how often it counts is the caller's to keep.
    #[must_use]
    pub fn step_of(&self, code: &str, now: Moment) -> Option<i64> {
        let now = u64::try_from(now.seconds()).ok()?;
        let step = self.totp("nobody").ok()?.check(code, now)?;
        i64::try_from(step).ok()
    }

    /// The seed as people type it: groups of four letters.
    #[must_use]
    pub fn letters(&self) -> String {
        let letters = totp_rs::Secret::from(self.0).to_base32();
        let groups = letters.as_bytes().chunks(4).map(String::from_utf8_lossy);
        groups.collect::<Vec<_>>().join(" ")
    }

    /// The seed as a device reads it with its camera, for an account of this name.
    ///
    /// # Errors
    /// When the name makes no address.
    pub fn square(&self, account: &str) -> Result<Square, CryptographyError> {
        // A colon ends the issuer's name there.
        let account = account.replace(':', " ");
        let address = self
            .totp(&account)
            .and_then(|totp| totp.to_url())
            .map_err(CryptographyError::of)?;
        Square::of(&address)
    }

    /// SHA-1, six digits, 30 seconds: the only parameters that every authenticator knows.
    fn totp(&self, account: &str) -> Result<Totp, totp_rs::TotpError> {
        Builder::new()
            .with_secret(self.0)
            .with_skew(SKEW)
            .with_step_duration(STEP_SECONDS)
            .with_account_name(account)
            .with_issuer(Some("Iikura"))
            .build()
    }
}

/// A QR code, as a path of SVG in squares of one unit.
#[derive(Debug, Clone)]
pub struct Square {
    /// Units of a side, with the quiet zone.
    pub side: usize,
    /// The dark squares.
    pub path: String,
}

impl Square {
    fn of(text: &str) -> Result<Self, CryptographyError> {
        let code = QrCode::new(text).map_err(CryptographyError::of)?;
        let width = code.width();
        let dark = code
            .to_colors()
            .into_iter()
            .enumerate()
            .filter(|(_, color)| *color == Color::Dark)
            .map(|(at, _)| format!("M{} {}h1v1h-1z", at % width + QUIET, at / width + QUIET));
        Ok(Self {
            side: width + 2 * QUIET,
            path: dark.collect(),
        })
    }
}

/// A code that takes the device's place once. Its owner sees it once; only its hash is stored.
///
/// It is drawn from 80 random bits, so SHA-256 is enough: they cannot be guessed, and a slow hash would only make
/// signing in slow.
pub struct RecoveryCode(String);

impl fmt::Debug for RecoveryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryCode(…)")
    }
}

impl RecoveryCode {
    /// Draws ten.
    #[must_use]
    pub fn draw() -> Vec<Self> {
        let draw = |_| Self(random_letters::<LETTERS_OF_A_CODE>());
        (0..RECOVERY_CODES).map(draw).collect()
    }

    /// What its owner is shown: four groups of four letters.
    #[must_use]
    pub fn reveal(&self) -> String {
        let groups = self.0.as_bytes().chunks(4).map(String::from_utf8_lossy);
        groups.collect::<Vec<_>>().join("-")
    }

    /// What is stored.
    #[must_use]
    pub fn hash(&self) -> TokenHash {
        TokenHash::of(&self.0)
    }
}

/// What was typed where a code is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Typed {
    /// Six digits.
    Code(String),
    /// The hash of a recovery code.
    Recovery(TokenHash),
}

impl Typed {
    /// Reads it; spaces and dashes are for people.
    ///
    /// # Errors
    /// With a sentence that says what to type.
    pub fn parse(raw: &str) -> Result<Self, &'static str> {
        let letters: String = raw
            .chars()
            .filter(|c| !c.is_whitespace() && *c != '-')
            .collect();
        if letters.is_empty() {
            return Err("Code is missing; type the six digits that your device shows now");
        }
        if letters.len() == 6 && letters.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(Self::Code(letters));
        }
        let letters = letters.to_lowercase();
        let known = letters.bytes().all(|byte| LETTERS.contains(&byte));
        if known && letters.len() == LETTERS_OF_A_CODE {
            return Ok(Self::Recovery(TokenHash::of(&letters)));
        }
        Err(
            "Code has six digits, or is one of your recovery codes with its four groups of four letters",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_follow_the_standard_and_tolerate_one_step() {
        // RFC 6238, appendix B, cut to six digits: the seed is "12345678901234567890".
        let seed = Seed(*b"12345678901234567890");
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (20_000_000_000, "353130"),
        ] {
            let now = Moment::from_seconds(seconds);
            let step = seconds / 30;
            assert_eq!(seed.step_of(code, now), Some(step), "{seconds}");
            assert_eq!(seed.step_of(code, now.plus(30)), Some(step));
            assert_eq!(seed.step_of(code, now.plus(-30)), Some(step));
            assert_eq!(seed.step_of(code, now.plus(60)), None);
            assert_eq!(seed.step_of(code, now.plus(-60)), None);
        }
        assert_eq!(seed.step_of("", Moment::from_seconds(59)), None);
    }

    #[test]
    fn a_seed_is_read_by_eye_and_by_camera() {
        let seed = Seed(*b"12345678901234567890");
        assert_eq!(seed.letters(), "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ");
        let square = seed.square("aki@protocol.example").unwrap();
        assert!(square.side > 40 && square.path.starts_with("M4 4h1v1h-1z"));
        assert_eq!(format!("{seed:?}"), "Seed(…)");
    }

    #[test]
    fn recovery_codes_differ_and_are_known_however_they_are_typed() {
        let codes = RecoveryCode::draw();
        let mut shown: Vec<String> = codes.iter().map(RecoveryCode::reveal).collect();
        shown.sort();
        shown.dedup();
        assert_eq!(shown.len(), RECOVERY_CODES);
        let code = &codes[0];
        let wanted = Ok(Typed::Recovery(code.hash()));
        assert_eq!(code.reveal().len(), 19);
        assert_eq!(Typed::parse(&code.reveal()), wanted);
        assert_eq!(Typed::parse(&code.reveal().to_uppercase()), wanted);
        assert_eq!(
            Typed::parse(&format!(" {} ", code.reveal().replace('-', " "))),
            wanted
        );
        assert_eq!(Typed::parse("123 456"), Ok(Typed::Code("123456".into())));
        for raw in [
            "",
            "12345",
            "1234567",
            "12345a",
            "abcd-efgh",
            "aaaa-aaaa-aaaa-aaal",
        ] {
            assert!(Typed::parse(raw).is_err(), "{raw}");
        }
    }
}
