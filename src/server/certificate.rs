//! Reads from a certificate when it ends: the one thing that an operator has to know of it beforehand.

use chrono::{NaiveDate, NaiveDateTime};

use crate::core::time::Moment;

const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// The end of a certificate's validity (`notAfter`, RFC 5280, 4.1.2.5); `None` when it is no certificate.
#[must_use]
pub fn end(der: &[u8]) -> Option<Moment> {
    let (_, certificate, _) = element(der)?;
    let (_, mut rest, _) = element(certificate)?;
    if rest.first() == Some(&VERSION) {
        (_, _, rest) = element(rest)?;
    }
    // Serial number, algorithm of the signature, and issuer come before the validity.
    for _ in 0..3 {
        (_, _, rest) = element(rest)?;
    }
    let (SEQUENCE, validity, _) = element(rest)? else {
        return None;
    };
    let (_, _, rest) = element(validity)?;
    let (kind, text, _) = element(rest)?;
    moment(kind, std::str::from_utf8(text).ok()?)
}

/// The first element: its kind, its content, and what follows it (X.690, with definite lengths only, as DER has them).
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&kind, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x84 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            let length = bytes
                .iter()
                .fold(0, |sum, &byte| sum << 8 | usize::from(byte));
            (length, rest)
        }
        // 0x80 is for a length that is not said.
        0x80 | 0x85.. => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((kind, content, rest))
}

/// `YYMMDDHHMMSSZ` until 2049, `YYYYMMDDHHMMSSZ` from then on.
fn moment(kind: u8, text: &str) -> Option<Moment> {
    let digits = text.strip_suffix('Z')?;
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (year, rest) = match (kind, digits.len()) {
        (UTC_TIME, 12) => {
            let year: i32 = digits[..2].parse().ok()?;
            (year + if year < 50 { 2000 } else { 1900 }, &digits[2..])
        }
        (GENERALIZED_TIME, 14) => (digits[..4].parse().ok()?, &digits[4..]),
        _ => return None,
    };
    let part = |at: usize| rest[at..at + 2].parse::<u32>().ok();
    let date = NaiveDate::from_ymd_opt(year, part(0)?, part(2)?)?;
    let time: NaiveDateTime = date.and_hms_opt(part(4)?, part(6)?, part(8)?)?;
    Some(Moment::from_seconds(time.and_utc().timestamp()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ending(year: i32) -> Vec<u8> {
        let mut facts = rcgen::CertificateParams::new(["iikura.example".to_owned()]).unwrap();
        facts.not_after = rcgen::date_time_ymd(year, 2, 28);
        let key = rcgen::KeyPair::generate().unwrap();
        facts.self_signed(&key).unwrap().der().to_vec()
    }

    #[test]
    fn the_end_is_read_from_either_form_of_a_year() {
        for (year, seconds) in [(2027, 1_803_772_800), (2062, 2_908_310_400)] {
            let der = ending(year);
            assert_eq!(end(&der), Some(Moment::from_seconds(seconds)), "{year}");
        }
    }

    #[test]
    fn what_is_no_certificate_has_no_end() {
        let der = ending(2027);
        for cut in 0..der.len() {
            assert_eq!(end(&der[..cut]), None, "{cut}");
        }
        for byte in 0..128 {
            for value in [0x00, 0x30, 0x7f, 0x80, 0x84, 0xff] {
                let mut damaged = der.clone();
                damaged[byte] = value;
                // Whatever the outcome, it ends.
                let _ = end(&damaged);
            }
        }
        assert_eq!(moment(UTC_TIME, "2702280000é0Z"), None);
        assert_eq!(moment(UTC_TIME, "270230000000Z"), None);
        assert_eq!(moment(GENERALIZED_TIME, "270228000000Z"), None);
    }
}
