//! Seeds at rest: encrypted with a key that comes from the secret file, which no copy of the database holds.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};

use super::Seed;
use crate::auth::CryptographyError;
use crate::core::time::Moment;
use crate::core::user::UserId;
use crate::runtime::random::random_bytes;
use crate::runtime::secret::TokenHash;
use crate::store::private_link::address::LinkKey;

/// Says what the derived key is for.
const PURPOSE: &str = "seeds of second factors, 1";
/// Bytes of a nonce: long enough to be drawn without counting.
const NONCE: usize = 24;
/// Seconds in which a set-up that was begun can be ended.
pub const SET_UP_SECONDS: i64 = 15 * 60;

/// Encrypts and decrypts seeds. What is sealed for one user or one purpose opens for no other.
#[derive(Clone)]
pub struct Sealer(Option<XChaCha20Poly1305>);

impl Sealer {
    /// Derives the key.
    #[must_use]
    pub fn new(key: &LinkKey) -> Self {
        let derived = key.derive(PURPOSE);
        Self(derived.and_then(|key| XChaCha20Poly1305::new_from_slice(&key).ok()))
    }

    /// Seals a seed for the database.
    pub fn seal(&self, seed: &Seed, user: UserId) -> Result<String, CryptographyError> {
        self.close(&seed.0, &stored(user))
    }

    /// Decrypts a seed of the database; `None` when it was encrypted with another key, or for another user.
    #[must_use]
    pub fn open(&self, sealed: &str, user: UserId) -> Option<Seed> {
        self.unlock(sealed, &stored(user))?
            .try_into()
            .ok()
            .map(Seed)
    }

    /// Encrypts a seed during set-up, for the form that carries it: for this user, in this session, for a
    /// quarter of an hour. It is given only after the password was checked.
    pub fn lend(
        &self,
        seed: &Seed,
        user: UserId,
        session: &TokenHash,
        now: Moment,
    ) -> Result<String, CryptographyError> {
        let mut bytes = now.seconds().to_be_bytes().to_vec();
        bytes.extend(seed.0);
        self.close(&bytes, &lent(user, session))
    }

    /// Opens what was lent; `None` for what was not, or too long ago.
    #[must_use]
    pub fn take_back(
        &self,
        lent_out: &str,
        user: UserId,
        session: &TokenHash,
        now: Moment,
    ) -> Option<Seed> {
        let bytes = self.unlock(lent_out, &lent(user, session))?;
        let (at, seed) = bytes.split_first_chunk()?;
        let age = now.seconds() - i64::from_be_bytes(*at);
        let fresh = (-SET_UP_SECONDS..SET_UP_SECONDS).contains(&age);
        let seed = seed.try_into().ok().map(Seed)?;
        fresh.then_some(seed)
    }

    fn close(&self, plain: &[u8], bound_to: &[u8]) -> Result<String, CryptographyError> {
        let nonce = random_bytes::<NONCE>();
        let payload = Payload {
            msg: plain,
            aad: bound_to,
        };
        let sealed = self
            .0
            .as_ref()
            .and_then(|cipher| cipher.encrypt(&XNonce::from(nonce), payload).ok())
            .ok_or_else(|| CryptographyError::of("a seed could not be sealed"))?;
        Ok(URL_SAFE_NO_PAD.encode([nonce.as_slice(), &sealed].concat()))
    }

    fn unlock(&self, sealed: &str, bound_to: &[u8]) -> Option<Vec<u8>> {
        let bytes = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE>()?;
        let payload = Payload {
            msg: sealed,
            aad: bound_to,
        };
        let cipher = self.0.as_ref()?;
        cipher.decrypt(&XNonce::from(*nonce), payload).ok()
    }
}

fn stored(user: UserId) -> Vec<u8> {
    [b"stored:".as_slice(), &user.0.to_be_bytes()].concat()
}

fn lent(user: UserId, session: &TokenHash) -> Vec<u8> {
    let session = session.as_str().as_bytes();
    [b"lent:".as_slice(), &user.0.to_be_bytes(), session].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sealed_seed_opens_only_for_its_user_purpose_and_key() {
        let (key, seed) = (LinkKey::draw(), Seed::fresh());
        let (ours, theirs) = (Sealer::new(&key), Sealer::new(&LinkKey::draw()));
        let sealed = ours.seal(&seed, UserId(1)).unwrap();
        assert!(
            ours.open(&sealed, UserId(1))
                .is_some_and(|it| it.0 == seed.0)
        );
        assert!(Sealer::new(&key).open(&sealed, UserId(1)).is_some());
        assert!(ours.open(&sealed, UserId(2)).is_none());
        assert!(theirs.open(&sealed, UserId(1)).is_none());
        assert_ne!(sealed, ours.seal(&seed, UserId(1)).unwrap());
        let session = TokenHash::of("a");
        let now = Moment::from_seconds(1_671_858_000);
        assert!(ours.take_back(&sealed, UserId(1), &session, now).is_none());
        let lent = ours.lend(&seed, UserId(1), &session, now).unwrap();
        assert!(ours.open(&lent, UserId(1)).is_none());
        let back = |user, session: &str, later| {
            let session = TokenHash::of(session);
            ours.take_back(&lent, UserId(user), &session, now.plus(later))
        };
        assert!(back(1, "a", SET_UP_SECONDS - 1).is_some());
        assert!(back(1, "a", SET_UP_SECONDS).is_none());
        assert!(back(2, "a", 0).is_none() && back(1, "b", 0).is_none());
    }

    #[test]
    fn no_changed_letter_goes_unnoticed() {
        let ours = Sealer::new(&LinkKey::draw());
        let sealed = ours.seal(&Seed::fresh(), UserId(1)).unwrap();
        for at in 0..sealed.len() {
            let mut changed: Vec<char> = sealed.chars().collect();
            changed[at] = if changed[at] == 'A' { 'B' } else { 'A' };
            let changed: String = changed.into_iter().collect();
            assert!(ours.open(&changed, UserId(1)).is_none(), "{at}");
        }
        assert!(ours.open("", UserId(1)).is_none());
    }
}
