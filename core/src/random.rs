//! Random bytes and tokens from the operating system's generator.

/// Returns `N` random bytes.
pub(crate) fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)
        .expect("the system has a source of randomness, or nothing here is safe");
    bytes
}

/// Returns `N` random bytes as `2 * N` lower-case hex digits.
pub(crate) fn hex<const N: usize>() -> String {
    hex::encode(bytes::<N>())
}
