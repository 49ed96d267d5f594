//! Argon2id with memory that is reused, and the queue of those who wait for it.
//!
//! Each hash needs 19 MiB. Allocated per hash, that memory stays with each thread of the blocking pool that ever hashed:
//! the allocator does not give it back. So the process has [`MAX_MEMORIES`] blocks of it, made when first needed, and
//! every hash (sign-ins, new passwords, the command line) takes one of them and puts it back.

mod queue;
mod turn;

use std::sync::{Condvar, LazyLock, Mutex, MutexGuard, PoisonError};

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};

use crate::auth::CryptographyError;
use crate::runtime::random::random_bytes;

pub use turn::{HashingQueue, HashingQueueFull, QueuePlace, Turn};

/// Memories for hashing in this process, and hashes at the same time: each takes a core for some 30 ms, and the
/// timetable has to go on answering.
pub const MAX_MEMORIES: usize = 2;

/// The memories of this process.
static MEMORIES: Memories = Memories {
    free: Mutex::new(Free {
        memories: Vec::new(),
        made: 0,
    }),
    returned: Condvar::new(),
};

/// What is verified for accounts that do not exist, so that they take as long as those that do.
static DUMMY: LazyLock<String> =
    LazyLock::new(|| hash("no user has this account").unwrap_or_default());

/// The blocks that Argon2 works in.
type Memory = Vec<Block>;

struct Memories {
    free: Mutex<Free>,
    returned: Condvar,
}

struct Free {
    memories: Vec<Memory>,
    made: usize,
}

impl Memories {
    /// Lends a memory to the work; waits on this thread while all are in use.
    fn lend<T>(&self, work: impl FnOnce(&mut Memory) -> T) -> T {
        let mut lent = Lent {
            of: self,
            memory: self.take(),
        };
        work(&mut lent.memory)
    }

    fn take(&self) -> Memory {
        let mut free = self.lock();
        loop {
            if let Some(memory) = free.memories.pop() {
                return memory;
            }
            if free.made < MAX_MEMORIES {
                free.made += 1;
                return Memory::new();
            }
            free = self
                .returned
                .wait(free)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Free> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A memory in use; it comes back even when the work panics.
struct Lent<'a> {
    of: &'a Memories,
    memory: Memory,
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        let today = Params::default().block_count();
        if self.memory.len() > today {
            // A hash of larger parameters, from another program, is no reason to hold its memory for ever.
            self.memory.truncate(today);
            self.memory.shrink_to_fit();
        }
        self.of
            .lock()
            .memories
            .push(std::mem::take(&mut self.memory));
        self.of.returned.notify_one();
    }
}

/// Counts the memories that this process has made.
#[must_use]
pub fn memories_made() -> usize {
    MEMORIES.lock().made
}

/// Runs Argon2 in a memory of this process.
fn run(argon: &Argon2<'_>, password: &[u8], salt: &[u8], out: &mut [u8]) -> argon2::Result<()> {
    MEMORIES.lend(|memory| {
        let blocks = argon.params().block_count();
        if memory.len() < blocks {
            memory.reserve_exact(blocks - memory.len());
            memory.resize(blocks, Block::default());
        }
        argon.hash_password_into_with_memory(password, salt, out, memory)
    })
}

/// Hashes a password with the crate's parameters, OWASP's first choice: 19 MiB, two passes, one lane.
///
/// # Errors
/// Never, with these parameters.
pub fn hash(password: &str) -> Result<String, CryptographyError> {
    let salt = random_bytes::<{ Salt::RECOMMENDED_LENGTH }>();
    let params = Params::default();
    let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
    let mut out = [0_u8; Params::DEFAULT_OUTPUT_LEN];
    run(&argon, password.as_bytes(), &salt, &mut out).map_err(CryptographyError::of)?;
    let phc = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(&params).map_err(CryptographyError::of)?,
        salt: Some(Salt::new(&salt).map_err(CryptographyError::of)?),
        hash: Some(Output::new(&out).map_err(CryptographyError::of)?),
    };
    Ok(phc.to_string())
}

/// Verifies a password against a stored hash, or against none: both take the same time.
#[must_use]
pub fn verify(password: &str, stored: Option<&str>) -> bool {
    let is_known = stored.is_some();
    let matches = matches(password, stored.unwrap_or(&DUMMY)).unwrap_or(false);
    is_known && matches
}

/// `None` for what is no hash of Argon2.
fn matches(password: &str, stored: &str) -> Option<bool> {
    let phc = PasswordHash::new(stored).ok()?;
    let algorithm = Algorithm::try_from(phc.algorithm.as_str()).ok()?;
    let version = match phc.version {
        Some(version) => Version::try_from(version).ok()?,
        None => Version::default(),
    };
    let params = Params::try_from(&phc).ok()?;
    let (salt, expected) = (phc.salt?, phc.hash?);
    let mut buffer = [0_u8; Output::MAX_LENGTH];
    let out = buffer.get_mut(..expected.len())?;
    let argon = Argon2::new(algorithm, version, params);
    run(&argon, password.as_bytes(), &salt, out).ok()?;
    // `Output` compares in constant time.
    Some(Output::new(out).ok()? == expected)
}

/// True for a hash that a password can be checked against.
#[must_use]
pub fn is_hash(stored: &str) -> bool {
    stored.starts_with("$argon2") && PasswordHash::new(stored).is_ok()
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

#[cfg(test)]
mod tests {
    use argon2::password_hash::{PasswordHasher, PasswordVerifier};

    use super::*;

    #[test]
    fn hash_fits_its_password_only_and_names_its_parameters() {
        let hashed = hash("violet anchor ninety").unwrap();
        assert!(
            hashed.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{hashed}"
        );
        assert!(verify("violet anchor ninety", Some(&hashed)));
        assert!(!verify("violet anchor ninety ", Some(&hashed)));
        assert!(!verify("no user has this account", None));
        assert!(!verify("violet anchor ninety", Some("not a hash")));
        assert!(!is_weak(&hashed));
        assert!(is_weak(&hashed.replace("m=19456", "m=4096")));
    }

    #[test]
    fn hashes_of_the_crate_and_ours_verify_each_other() {
        let password = "violet anchor ninety";
        let ours = hash(password).unwrap();
        assert!(
            Argon2::default()
                .verify_password(password.as_bytes(), ours.as_str())
                .is_ok()
        );
        for (memory, algorithm, version) in [
            (512, Algorithm::Argon2id, Version::V0x13),
            (512, Algorithm::Argon2i, Version::V0x10),
            (32_768, Algorithm::Argon2id, Version::V0x13),
        ] {
            let params = Params::new(memory, 1, 2, Some(24)).unwrap();
            let argon = Argon2::new(algorithm, version, params);
            let theirs = argon
                .hash_password(password.as_bytes())
                .unwrap()
                .to_string();
            assert!(verify(password, Some(&theirs)), "{theirs}");
            assert!(!verify("another", Some(&theirs)), "{theirs}");
        }
    }

    #[test]
    fn many_hashes_at_once_make_no_more_memories() {
        std::thread::scope(|scope| {
            for number in 0..24 {
                scope.spawn(move || {
                    let password = format!("password {number}");
                    assert!(verify(&password, Some(&hash(&password).unwrap())));
                });
            }
        });
        assert!((1..=MAX_MEMORIES).contains(&memories_made()));
        let kept: usize = {
            let free = MEMORIES.lock();
            free.memories.iter().map(Vec::capacity).sum()
        };
        assert!(kept <= MAX_MEMORIES * Params::default().block_count());
    }

    #[test]
    fn memory_comes_back_after_a_panic() {
        let memories = Memories {
            free: Mutex::new(Free {
                memories: Vec::new(),
                made: 0,
            }),
            returned: Condvar::new(),
        };
        for _ in 0..=MAX_MEMORIES {
            let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                memories.lend(|memory| assert!(!memory.is_empty(), "on purpose"));
            }));
            assert!(panicked.is_err());
        }
        assert_eq!(memories.lock().memories.len(), 1);
    }
}
