//! Random bytes of the operating system, for ids, keys and tokens.

/// Letters that are not taken for each other: 32, so that each carries five bits.
pub const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// Draws random bytes.
///
/// # Panics
/// When the operating system gives none: no id, key or token could be trusted then.
#[must_use]
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0_u8; N];
    #[expect(
        clippy::expect_used,
        reason = "without the system's randomness nothing here can be trusted"
    )]
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

/// Draws letters of [`LETTERS`], which people can read out on the telephone.
#[must_use]
pub fn random_letters<const N: usize>() -> String {
    // 256 is a multiple of 32: every letter is as likely as every other.
    let letters = random_bytes::<N>().map(|byte| char::from(LETTERS[usize::from(byte % 32)]));
    letters.into_iter().collect()
}

/// Draws an id that tells nothing of others: 52 bits, which JavaScript's numbers hold exactly.
#[must_use]
pub fn fresh_id() -> i64 {
    i64::from_le_bytes(random_bytes()) & ((1 << 52) - 1)
}
