//! Texts that nobody can guess.

use std::fmt::Write as _;

/// `length` letters, digits, `-` and `_`.
pub(crate) fn text(length: usize) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut bytes = vec![0; length];
    getrandom::fill(&mut bytes).expect("the system has random bytes");
    bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte & 63)])).collect()
}

/// `length` decimal digits.
pub(crate) fn digits(length: usize) -> String {
    let mut bytes = vec![0; length];
    getrandom::fill(&mut bytes).expect("the system has random bytes");
    bytes.iter().fold(String::with_capacity(length), |mut text, byte| {
        let _ = write!(text, "{}", byte % 10);
        text
    })
}

/// The random bytes that a callback begins with.
pub(crate) fn block() -> [u8; 16] {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the system has random bytes");
    bytes
}
