//! Random texts and bytes from the operating system.

/// `length` characters of the URL-safe base64 alphabet.
pub(crate) fn url_safe(length: usize) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    bytes(length)
        .iter()
        .map(|byte| char::from(ALPHABET[usize::from(byte & 63)]))
        .collect()
}

/// `length` decimal digits.
pub(crate) fn digits(length: usize) -> String {
    bytes(length)
        .iter()
        .map(|byte| char::from(b'0' + byte % 10))
        .collect()
}

/// The random prefix of the plaintext of a callback.
pub(crate) fn callback_prefix() -> [u8; 16] {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the operating system provides random bytes");
    bytes
}

fn bytes(length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    getrandom::fill(&mut bytes).expect("the operating system provides random bytes");
    bytes
}
