//! Private links: what a delegation opens without an account, and how they are signed.
//!
//! A link names what it opens and carries a signature by this installation's key, so nothing has to be stored for it
//! and a letter read beforehand has the links it goes out with. Raising a delegation's generation ends all its links.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::core::delegation::DelegationId;
use crate::core::slot::SlotId;
use crate::runtime::random::random_bytes;

/// Bytes of the key.
const KEY: usize = 32;
/// Bytes of a signature: 128 bits, which cannot be guessed (OWASP ASVS 5.0, 7.2.3).
const SIGNATURE: usize = 16;
/// The first byte: another form of links gets another one.
const FORM: u8 = 1;

/// The secret that signs links.
#[derive(Clone)]
pub struct LinkKey([u8; KEY]);

/// Never printed.
impl std::fmt::Debug for LinkKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(…)")
    }
}

impl LinkKey {
    /// Draws a new key.
    #[must_use]
    pub fn draw() -> Self {
        Self(random_bytes())
    }

    /// Reads the key from a file; makes it, for its owner alone, where there is none.
    ///
    /// # Errors
    /// When the file cannot be read or made, or holds no key.
    pub fn at(path: &Path) -> std::io::Result<Self> {
        match Self::read(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Self::make(path),
            known => known,
        }
    }

    /// Written whole before it has its name: of several servers that start at once, all have the key of the first.
    fn make(path: &Path) -> std::io::Result<Self> {
        use std::os::unix::fs::OpenOptionsExt;
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let key = Self::draw();
        let unfinished =
            path.with_extension(format!("{:013x}", crate::runtime::random::fresh_id()));
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&unfinished)?;
        file.write_all(URL_SAFE_NO_PAD.encode(key.0).as_bytes())?;
        file.sync_all()?;
        let named = std::fs::hard_link(&unfinished, path);
        std::fs::remove_file(&unfinished)?;
        match named {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Self::read(path),
            named => named.map(|()| key),
        }
    }

    /// Reads the key from a file.
    ///
    /// # Errors
    /// When the file cannot be read, or holds no key.
    pub fn read(path: &Path) -> std::io::Result<Self> {
        let text = std::fs::read_to_string(path)?;
        let bytes = URL_SAFE_NO_PAD.decode(text.trim()).ok();
        bytes
            .and_then(|bytes| bytes.try_into().ok())
            .map(Self)
            .ok_or_else(|| {
                std::io::Error::new(
                    ErrorKind::InvalidData,
                    "it holds no key; put the right file there, or remove it to have a new key (links in letters already sent then end)",
                )
            })
    }

    /// Derives a key for another purpose, which cannot sign links. Links are signed over bytes that begin with
    /// [`FORM`], which no purpose does.
    pub(crate) fn derive(&self, purpose: &str) -> Option<[u8; KEY]> {
        let mac = self.mac(purpose.as_bytes())?;
        Some(mac.finalize().into_bytes().into())
    }

    fn mac(&self, payload: &[u8]) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).ok()?;
        mac.update(payload);
        Some(mac)
    }
}

/// What a link opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PrivateLink {
    /// Whose it is.
    pub delegation: DelegationId,
    /// Which of the delegation's generations of links it belongs to.
    pub generation: i32,
    /// The slot and the sequence that may be answered; `None`: the whole schedule, to read.
    pub slot: Option<(SlotId, i32)>,
}

/// Makes and reads links.
#[derive(Debug, Clone)]
pub struct PrivateLinks {
    key: LinkKey,
    /// The address people type, without a slash at the end.
    base: String,
}

impl PrivateLinks {
    /// Signs by `key`; `base` is where people reach this installation.
    #[must_use]
    pub fn new(key: LinkKey, base: &str) -> Self {
        Self {
            key,
            base: base.trim_end_matches('/').to_owned(),
        }
    }

    /// The address of a page of ours, by its path.
    #[must_use]
    pub fn absolute(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// The address of a link.
    #[must_use]
    pub fn address(&self, link: PrivateLink) -> String {
        self.absolute(&self.path(link))
    }

    /// The same without the server: for our own pages.
    #[must_use]
    pub fn path(&self, link: PrivateLink) -> String {
        format!("/d/{}", self.token(link))
    }

    /// The token in the address.
    #[must_use]
    pub fn token(&self, link: PrivateLink) -> String {
        let mut bytes = vec![FORM];
        bytes.extend(link.delegation.0.to_be_bytes());
        bytes.extend(link.generation.to_be_bytes());
        if let Some((slot, sequence)) = link.slot {
            bytes.extend(slot.0.to_be_bytes());
            bytes.extend(sequence.to_be_bytes());
        }
        if let Some(mac) = self.key.mac(&bytes) {
            bytes.extend(&mac.finalize().into_bytes()[..SIGNATURE]);
        }
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads a token; `None` for one that was not made here. Whether its generation still opens anything, only the
    /// database knows.
    #[must_use]
    pub fn read(&self, token: &str) -> Option<PrivateLink> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (payload, signature) = bytes.split_at_checked(bytes.len().checked_sub(SIGNATURE)?)?;
        self.key
            .mac(payload)?
            .verify_truncated_left(signature)
            .ok()?;
        let (form, rest) = payload.split_first()?;
        if *form != FORM {
            return None;
        }
        let (delegation, rest) = long(rest)?;
        let (generation, rest) = short(rest)?;
        let slot = if rest.is_empty() {
            None
        } else {
            let (slot, rest) = long(rest)?;
            let (sequence, rest) = short(rest)?;
            rest.is_empty().then_some(())?;
            Some((SlotId(slot), sequence))
        };
        Some(PrivateLink {
            delegation: DelegationId(delegation),
            generation,
            slot,
        })
    }
}

fn long(bytes: &[u8]) -> Option<(i64, &[u8])> {
    let (number, rest) = bytes.split_first_chunk()?;
    Some((i64::from_be_bytes(*number), rest))
}

fn short(bytes: &[u8]) -> Option<(i32, &[u8])> {
    let (number, rest) = bytes.split_first_chunk()?;
    Some((i32::from_be_bytes(*number), rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn links() -> PrivateLinks {
        PrivateLinks::new(LinkKey::draw(), "https://iikura.example/")
    }

    fn link(slot: Option<(SlotId, i32)>) -> PrivateLink {
        PrivateLink {
            delegation: DelegationId(4_503_599_627_370_495),
            generation: 2,
            slot,
        }
    }

    #[test]
    fn link_is_valid_only_with_the_key_that_signed_it() {
        let (ours, theirs) = (links(), links());
        for link in [link(None), link(Some((SlotId(7), 3)))] {
            assert_eq!(ours.read(&ours.token(link)), Some(link));
            assert_eq!(theirs.read(&ours.token(link)), None);
            let address = ours.address(link);
            assert!(
                address.starts_with("https://iikura.example/d/"),
                "{address}"
            );
        }
    }

    #[test]
    fn no_changed_letter_goes_unnoticed() {
        let links = links();
        let token = links.token(link(Some((SlotId(7), 3))));
        for at in 0..token.len() {
            for other in ['A', 'B', '_', '='] {
                let mut changed: Vec<char> = token.chars().collect();
                changed[at] = other;
                let changed: String = changed.into_iter().collect();
                assert!(changed == token || links.read(&changed).is_none(), "{at}");
            }
            assert_eq!(links.read(&token[..at]), None);
        }
        assert_eq!(links.read(&format!("{token}A")), None);
    }

    #[test]
    fn a_key_is_made_once_and_read_ever_after() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data/secret.key");
        let made = LinkKey::at(&path).unwrap();
        assert_eq!(LinkKey::at(&path).unwrap().0, made.0);
        let permissions = std::fs::metadata(&path).unwrap().permissions();
        assert_eq!(permissions.mode() & 0o777, 0o600);
        std::fs::write(&path, "not a key").unwrap();
        let words = LinkKey::at(&path).unwrap_err().to_string();
        assert!(words.starts_with("it holds no key; "), "{words}");
        assert_eq!(format!("{made:?}"), "Key(…)");
    }

    #[test]
    fn servers_that_start_at_once_have_one_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret.key");
        let start = std::sync::Barrier::new(8);
        let keys: Vec<[u8; KEY]> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| {
                    scope.spawn(|| {
                        start.wait();
                        LinkKey::at(&path).unwrap().0
                    })
                })
                .collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        });
        assert!(keys.iter().all(|key| *key == keys[0]));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

        #[test]
        fn any_token_is_parsed_without_panic(token in "\\PC{0,120}", bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let links = links();
            prop_assert_eq!(links.read(&token), None);
            prop_assert_eq!(links.read(&URL_SAFE_NO_PAD.encode(bytes)), None);
        }
    }
}
