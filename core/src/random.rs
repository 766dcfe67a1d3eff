//! Randomness from the system, and the texts we make of it.

/// Fills an array from the system's randomness.
pub(crate) fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)
        .expect("the system has a source of randomness, or nothing here is safe");
    bytes
}

/// `2 * N` lower-case hex digits.
pub(crate) fn hex<const N: usize>() -> String {
    bytes::<N>()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
