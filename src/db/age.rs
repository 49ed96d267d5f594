//! Encryption of files for a key that is not on this machine: the age format, version 1, with X25519 recipients
//! (<https://c2sp.org/age>), so that the programs `age` and `rage` open what is written here, and the other way round.
//!
//! Only the parts of the format that a backup needs are here, on primitives that the program has anyway. The crate
//! `age` would
//! add 63 libraries, for kinds of keys and languages of messages that are not used here.

use std::fmt;
use std::io::{self, BufRead, Read, Write};
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use chacha20poly1305::aead::Aead as _;
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use x25519_dalek::{PublicKey, StaticSecret};

use crate::runtime::random::random_bytes;

const VERSION: &str = "age-encryption.org/v1";
const LABEL: &[u8] = b"age-encryption.org/v1/X25519";
/// Characters of a line of base64 in a header.
const COLUMNS: usize = 64;
/// Bytes of a header at most: hundreds of recipients.
const LONGEST_HEADER: u64 = 64 << 10;
/// Bytes that are encrypted together, and of the mark that shows a change in them.
const CHUNK: usize = 64 << 10;
const TAG: usize = 16;

/// A public key; the owner of the private key can decrypt what is encrypted to it.
#[derive(Clone, PartialEq, Eq)]
pub struct Recipient([u8; 32]);

/// A private key.
pub struct PrivateKey(StaticSecret);

/// Why a file was not decrypted.
#[derive(Debug, thiserror::Error)]
pub enum DecryptError {
    /// The file is none of the format, or of another version.
    #[error(
        "it is not a file encrypted by age (if it begins with -----BEGIN, decrypt it by 'age --decrypt' first)"
    )]
    NotEncrypted,
    /// It was encrypted for others.
    #[error(
        "none of the given keys opens it; name the file with the key that belongs to the recipient it was encrypted to"
    )]
    OtherKey,
    /// It was cut off or changed.
    #[error("it was cut off or changed since it was written; take another copy of it")]
    Altered,
    /// A file could not be read or written.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl FromStr for Recipient {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        decode(text, "age").map(Self).ok_or_else(|| {
            format!(
                "{} is not a recipient; write it as age-keygen prints it, age1…",
                crate::core::text::quoted(text)
            )
        })
    }
}

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recipient(…)")
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity(…)")
    }
}

impl PrivateKey {
    /// Reads the keys of a file as `age-keygen` writes it: a line each, beside comments.
    ///
    /// # Errors
    /// With a sentence that names the line, and never its content.
    pub fn parse_file(text: &str) -> Result<Vec<Self>, String> {
        let mut identities = Vec::new();
        for (at, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let key = decode(line, "age-secret-key-").ok_or_else(|| {
                format!(
                    "line {} is not a key; one begins with AGE-SECRET-KEY-1",
                    at + 1
                )
            })?;
            identities.push(Self(key.into()));
        }
        if identities.is_empty() {
            return Err("there is no key in it; one begins with AGE-SECRET-KEY-1".to_owned());
        }
        Ok(identities)
    }
}

/// True for the beginning of an encrypted file.
#[must_use]
pub fn is_encrypted(beginning: &[u8]) -> bool {
    beginning.starts_with(VERSION.as_bytes())
}

/// Encrypts what can be read.
///
/// # Errors
/// When something cannot be read or written, or the operating system gives no randomness.
pub fn encrypt(
    from: &mut impl Read,
    to: &mut impl Write,
    recipients: &[Recipient],
) -> io::Result<()> {
    let file_key: [u8; 16] = random_bytes();
    let mut header = format!("{VERSION}\n");
    for recipient in recipients {
        let ephemeral = StaticSecret::from(random_bytes::<32>());
        let share = PublicKey::from(&ephemeral).to_bytes();
        let shared = ephemeral.diffie_hellman(&PublicKey::from(recipient.0));
        let key = wrapping_key(shared.as_bytes(), &share, &recipient.0);
        let wrapped = seal(&key, &[0; 12], &file_key)?;
        // The key has 32 bytes: one line that is shorter than a full one, which ends the part.
        let part = [share.as_slice(), &wrapped].map(|bytes| STANDARD_NO_PAD.encode(bytes));
        header = format!("{header}-> X25519 {}\n{}\n", part[0], part[1]);
    }
    header += "---";
    let mac = STANDARD_NO_PAD.encode(
        header_mac(&file_key, header.as_bytes())
            .finalize()
            .into_bytes(),
    );
    to.write_all(format!("{header} {mac}\n").as_bytes())?;
    let nonce: [u8; 16] = random_bytes();
    to.write_all(&nonce)?;
    let key = derive(&file_key, &nonce, b"payload");
    let mut chunk = read_chunk(from, CHUNK)?;
    for counter in 0.. {
        let next = if chunk.len() == CHUNK {
            read_chunk(from, CHUNK)?
        } else {
            Vec::new()
        };
        let is_last = next.is_empty();
        to.write_all(&seal(&key, &chunk_nonce(counter, is_last), &chunk)?)?;
        if is_last {
            break;
        }
        chunk = next;
    }
    Ok(())
}

/// Decrypts a file; what has been written counts only when there is no error.
///
/// # Errors
/// When it is no such file, no identity opens it, or it is not what was written.
pub fn decrypt(
    from: &mut impl BufRead,
    to: &mut impl Write,
    identities: &[PrivateKey],
) -> Result<(), DecryptError> {
    let file_key = read_header(from, identities)?;
    let mut nonce = [0; 16];
    from.read_exact(&mut nonce).map_err(cut_off)?;
    let key = derive(&file_key, &nonce, b"payload");
    let mut chunk = read_chunk(from, CHUNK + TAG)?;
    for counter in 0.. {
        let next = if chunk.len() == CHUNK + TAG {
            read_chunk(from, CHUNK + TAG)?
        } else {
            Vec::new()
        };
        let is_last = next.is_empty();
        let plain = cipher(&key)
            .and_then(|cipher| {
                cipher
                    .decrypt(
                        &Nonce::from(chunk_nonce(counter, is_last)),
                        chunk.as_slice(),
                    )
                    .ok()
            })
            .ok_or(DecryptError::Altered)?;
        // Only an empty file ends with an empty chunk.
        if plain.is_empty() && counter > 0 {
            return Err(DecryptError::Altered);
        }
        to.write_all(&plain)?;
        if is_last {
            break;
        }
        chunk = next;
    }
    Ok(())
}

/// Reads the header up to its end, and finds the key of the file in it.
fn read_header(
    from: &mut impl BufRead,
    identities: &[PrivateKey],
) -> Result<[u8; 16], DecryptError> {
    let mut header = Vec::new();
    let mut from = from.take(LONGEST_HEADER);
    if read_line(&mut from, &mut header)? != VERSION {
        return Err(DecryptError::NotEncrypted);
    }
    let mut file_key = None;
    let mut line = read_line(&mut from, &mut header)?;
    let mac = loop {
        if let Some(mac) = line.strip_prefix("--- ") {
            break mac.to_owned();
        }
        let arguments = line
            .strip_prefix("-> ")
            .ok_or(DecryptError::Altered)?
            .to_owned();
        let mut body = String::new();
        loop {
            let part = read_line(&mut from, &mut header)?;
            if part.len() > COLUMNS {
                return Err(DecryptError::Altered);
            }
            body += &part;
            if part.len() < COLUMNS {
                break;
            }
        }
        if file_key.is_none() {
            file_key = unwrap(&arguments, &body, identities)?;
        }
        line = read_line(&mut from, &mut header)?;
    };
    let file_key = file_key.ok_or(DecryptError::OtherKey)?;
    // All before the mark itself and the space in front of it.
    let signed = header.len() - mac.len() - 2;
    let mac = STANDARD_NO_PAD
        .decode(mac)
        .map_err(|_| DecryptError::Altered)?;
    header_mac(&file_key, &header[..signed])
        .verify_slice(&mac)
        .map_err(|_| DecryptError::Altered)?;
    Ok(file_key)
}

/// The key of the file, if this part of the header is for one of the identities.
fn unwrap(
    arguments: &str,
    body: &str,
    identities: &[PrivateKey],
) -> Result<Option<[u8; 16]>, DecryptError> {
    let Some(share) = arguments.strip_prefix("X25519 ") else {
        return Ok(None);
    };
    let bytes =
        |text: &str| -> Option<[u8; 32]> { STANDARD_NO_PAD.decode(text).ok()?.try_into().ok() };
    let (Some(share), Some(wrapped)) = (bytes(share), bytes(body)) else {
        return Err(DecryptError::Altered);
    };
    for PrivateKey(secret) in identities {
        let shared = secret.diffie_hellman(&PublicKey::from(share));
        if !shared.was_contributory() {
            return Err(DecryptError::Altered);
        }
        let key = wrapping_key(
            shared.as_bytes(),
            &share,
            PublicKey::from(secret).as_bytes(),
        );
        let opened = cipher(&key).and_then(|cipher| {
            cipher
                .decrypt(&Nonce::from([0; 12]), wrapped.as_slice())
                .ok()
        });
        if let Some(file_key) = opened.and_then(|key| key.try_into().ok()) {
            return Ok(Some(file_key));
        }
    }
    Ok(None)
}

/// A line without its end, which is added to the header as it is.
fn read_line(from: &mut impl BufRead, header: &mut Vec<u8>) -> Result<String, DecryptError> {
    let begins = header.len();
    from.read_until(b'\n', header)?;
    let line = header[begins..].strip_suffix(b"\n").map(<[u8]>::to_vec);
    match line.map(String::from_utf8) {
        Some(Ok(line)) => Ok(line),
        _ if begins == 0 => Err(DecryptError::NotEncrypted),
        _ => Err(DecryptError::Altered),
    }
}

/// As many bytes as there are, up to so many.
fn read_chunk(from: &mut impl Read, most: usize) -> io::Result<Vec<u8>> {
    let mut chunk = Vec::with_capacity(most);
    from.take(most as u64).read_to_end(&mut chunk)?;
    Ok(chunk)
}

fn cut_off(error: io::Error) -> DecryptError {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => DecryptError::Altered,
        _ => error.into(),
    }
}

/// Eleven bytes that count, one that marks the end.
fn chunk_nonce(counter: u64, is_last: bool) -> [u8; 12] {
    let mut nonce = [0; 12];
    nonce[3..11].copy_from_slice(&counter.to_be_bytes());
    nonce[11] = u8::from(is_last);
    nonce
}

fn wrapping_key(shared: &[u8; 32], share: &[u8; 32], recipient: &[u8; 32]) -> [u8; 32] {
    derive(shared, &[share.as_slice(), recipient].concat(), LABEL)
}

fn header_mac(file_key: &[u8; 16], header: &[u8]) -> Hmac<Sha256> {
    hmac(&derive(file_key, &[], b"header"), &[header])
}

/// HKDF-SHA-256 (RFC 5869) for 32 bytes, which is its first block.
fn derive(secret: &[u8], salt: &[u8], info: &[u8]) -> [u8; 32] {
    let extracted = hmac(salt, &[secret]).finalize().into_bytes();
    hmac(&extracted, &[info, &[1]])
        .finalize()
        .into_bytes()
        .into()
}

#[expect(
    clippy::expect_used,
    reason = "HMAC takes a key of any length (RFC 2104)"
)]
fn hmac(key: &[u8], parts: &[&[u8]]) -> Hmac<Sha256> {
    let mut hmac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes any key");
    for part in parts {
        hmac.update(part);
    }
    hmac
}

fn cipher(key: &[u8; 32]) -> Option<ChaCha20Poly1305> {
    ChaCha20Poly1305::new_from_slice(key).ok()
}

fn seal(key: &[u8; 32], nonce: &[u8; 12], plain: &[u8]) -> io::Result<Vec<u8>> {
    cipher(key)
        .and_then(|cipher| cipher.encrypt(&Nonce::from(*nonce), plain).ok())
        .ok_or_else(|| io::Error::other("it could not be encrypted"))
}

/// Reads 32 bytes written as Bech32 (BIP 173), in either case, with this name before them.
fn decode(text: &str, name: &str) -> Option<[u8; 32]> {
    const SIGNS: &str = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    let lower = text.to_ascii_lowercase();
    if text != lower && text != text.to_ascii_uppercase() {
        return None;
    }
    let (found, data) = lower.rsplit_once('1')?;
    if found != name {
        return None;
    }
    let values: Vec<u8> = data
        .chars()
        .map(|sign| SIGNS.find(sign).and_then(|at| u8::try_from(at).ok()))
        .collect::<Option<_>>()?;
    let high = name.bytes().map(|byte| byte >> 5);
    let low = name.bytes().map(|byte| byte & 31);
    let checked = high.chain([0]).chain(low).chain(values.iter().copied());
    if checksum(checked) != 1 {
        return None;
    }
    let values = &values[..values.len().checked_sub(6)?];
    let (mut bytes, mut bits, mut held) = (Vec::new(), 0_u32, 0_u32);
    for value in values {
        held = (held << 5 | u32::from(*value)) & 0xfff;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(held >> bits & 0xff).ok()?);
        }
    }
    let rest = held & ((1 << bits) - 1);
    (bits < 5 && rest == 0).then_some(())?;
    bytes.try_into().ok()
}

/// The checksum of Bech32, 1 for what is as it was written.
fn checksum(values: impl Iterator<Item = u8>) -> u32 {
    const GENERATORS: [u32; 5] = [
        0x3b6a_57b2,
        0x2650_8e6d,
        0x1ea1_19fa,
        0x3d42_33dd,
        0x2a14_62b3,
    ];
    values.fold(1, |sum, value| {
        let top = sum >> 25;
        let sum = (sum & 0x01ff_ffff) << 5 ^ u32::from(value);
        let generators = GENERATORS.iter().enumerate();
        generators.fold(sum, |sum, (at, generator)| {
            if top >> at & 1 == 1 {
                sum ^ generator
            } else {
                sum
            }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Written by `age` 1.1.1 to two recipients, the second of them this key.
    const BY_AGE: &str = "YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOSBRWXZ1Wk9JWWh6M2FvQlRCQWNtWDhWZ0hQdFRQLzRwa1E5ZHdvSThGZlJRCnU2MlVHVUZkbkFBMXY1elF0djVmcE5IL3A1aFQ5ZzRKTjMyTTRqWHcxWDQKLT4gWDI1NTE5IFBqQ1dqRVVZczlFMTV3a3dpS01HTjdUNldpZ1VuY0JjV2RycDFsSTAyQ2MKQlJIU011MWx4R0tRTzdCeDcyS21RYjJuUzNneFV6b0Z5SnMyNVh3eHhmdwotLS0galRuVHB3eG1tNjhibkVzRmZnakFtN0d0KzZMNXlCejMvVWdCWWc1Ni80cwreU2sO+X3Oa54xH+i9odoa2TppIcwTNBNli4x3XoDKNh81A94PyY+otyOrvcB3Y+Fe99ggr1w+d/Va";
    const KEY: &str = "AGE-SECRET-KEY-1LCZJL27EU7J703UCFEU83QANW5AVLXHU0NZE4MDUJ0W9SZ4NHG4SY0UGEA";
    const RECIPIENT: &str = "age1rderwmk4wds9ft3z33vkj6d0vkuxvga4s7de7ut0czwp53tq6crqyh4675";

    fn opened(bytes: &[u8]) -> Result<Vec<u8>, DecryptError> {
        let mut plain = Vec::new();
        let keys = PrivateKey::parse_file(KEY).unwrap();
        decrypt(&mut &bytes[..], &mut plain, &keys).map(|()| plain)
    }

    #[test]
    fn file_that_age_has_written_is_opened() {
        let bytes = base64::engine::general_purpose::STANDARD
            .decode(BY_AGE)
            .unwrap();
        assert_eq!(
            opened(&bytes).unwrap(),
            "Iikura House 飯倉公館\n".as_bytes()
        );
    }

    #[test]
    fn file_of_any_length_comes_back() {
        let recipient = [RECIPIENT.parse().unwrap()];
        for length in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK] {
            let plain: Vec<u8> = (0..length)
                .map(|at| u8::try_from(at % 251).unwrap())
                .collect();
            let mut file = Vec::new();
            encrypt(&mut plain.as_slice(), &mut file, &recipient).unwrap();
            assert!(is_encrypted(&file));
            assert_eq!(opened(&file).unwrap(), plain, "{length}");
            // Cut to the end of a chunk: the rest is missed.
            if length > CHUNK {
                file.truncate(file.len() - (length - CHUNK) - TAG);
                assert!(matches!(opened(&file), Err(DecryptError::Altered)));
            }
        }
    }

    #[test]
    fn two_files_of_the_same_have_nothing_in_common() {
        let recipient = [RECIPIENT.parse().unwrap()];
        let [one, other] = [(), ()].map(|()| {
            let mut file = Vec::new();
            encrypt(&mut &b"the same"[..], &mut file, &recipient).unwrap();
            file
        });
        assert_ne!(one[60..], other[60..]);
    }

    #[test]
    fn mistyped_key_is_refused_and_never_repeated() {
        let other = RECIPIENT.replace("rderw", "rderm");
        for bad in [
            "",
            "age1",
            KEY,
            &other,
            &RECIPIENT[..40],
            &RECIPIENT.replace("age1r", "age1R"),
        ] {
            assert!(bad.parse::<Recipient>().is_err(), "{bad}");
        }
        assert!(RECIPIENT.to_uppercase().parse::<Recipient>().is_ok());
        for (bad, words) in [
            ("", "there is no key in it"),
            ("# only a comment\n", "there is no key in it"),
            (RECIPIENT, "line 1 is not a key"),
            (&KEY.replace("LCZJL", "LCZJJ"), "line 1 is not a key"),
        ] {
            let found = PrivateKey::parse_file(bad).unwrap_err();
            assert!(found.contains(words) && !found.contains("LCZ"), "{found}");
        }
        assert!(!format!("{:?}", PrivateKey::parse_file(KEY).unwrap()).contains("LCZ"));
    }
}
