//! The cipher of callbacks: AES-256-CBC over `random(16) | length | message | receiveid | padding` (D/96211).

use std::fmt;
use std::ops::Range;

use aes::{Aes256Enc, Block};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cbc::cipher::{BlockModeDecrypt as _, BlockModeEncrypt as _, InnerIvInit as _, KeyIvInit as _};
use zeroize::{Zeroize as _, Zeroizing};

use crate::domain::EncodingAesKey;

/// Bytes before the message: 16 random ones and the message's length as a big-endian `u32`.
const HEADER: usize = 20;

/// WeCom pads to 32 bytes, though a block of AES has 16.
const PADDING_BLOCK: usize = 32;

/// The text is not what WeCom encrypts under this key. The error does not say why, so that it is no oracle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("callback does not decrypt")]
#[non_exhaustive]
pub struct DecryptError;

/// A decrypted callback: the message and the receiveid. Wiped when dropped.
pub struct Plaintext {
    buffer: Vec<u8>,
    message: Range<usize>,
    receive_id: Range<usize>,
}

impl Plaintext {
    /// The message, in any format.
    #[must_use]
    pub fn message(&self) -> &[u8] {
        &self.buffer[self.message.clone()]
    }

    /// The receiveid: suiteId, corpId or the provider's corpId, which decides what the message may do (D/96211).
    /// It may be empty.
    #[must_use]
    pub fn receive_id(&self) -> &str {
        std::str::from_utf8(&self.buffer[self.receive_id.clone()])
            .expect("decrypt has checked that it is UTF-8")
    }
}

impl Drop for Plaintext {
    fn drop(&mut self) {
        // As a slice: a `Vec` is wiped byte by byte.
        self.buffer.as_mut_slice().zeroize();
    }
}

impl fmt::Debug for Plaintext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plaintext")
            .field("receive_id", &self.receive_id())
            .finish_non_exhaustive()
    }
}

/// Encrypts as WeCom does and returns the base64 text. `random` must be new for every message.
///
/// # Panics
/// The message has 4 GiB or more.
#[must_use]
pub fn encrypt(
    key: &EncodingAesKey,
    random: &[u8; 16],
    message: &[u8],
    receive_id: &str,
) -> String {
    let length = u32::try_from(message.len()).expect("a message is shorter than 4 GiB");
    let unpadded = HEADER + message.len() + receive_id.len();
    let padding = PADDING_BLOCK - unpadded % PADDING_BLOCK;
    let mut buffer = Zeroizing::new(Vec::with_capacity(unpadded + padding));
    buffer.extend_from_slice(random);
    buffer.extend_from_slice(&length.to_be_bytes());
    buffer.extend_from_slice(message);
    buffer.extend_from_slice(receive_id.as_bytes());
    buffer.resize(
        unpadded + padding,
        u8::try_from(padding).expect("padding is 1 to 32"),
    );
    let (blocks, _) = Block::slice_as_chunks_mut(&mut buffer);
    cbc::Encryptor::<Aes256Enc>::new(key.as_bytes().into(), iv(key).into()).encrypt_blocks(blocks);
    STANDARD.encode(&*buffer)
}

/// Decrypts the base64 text of an envelope or of `echostr`. Check its signature first.
///
/// # Errors
/// The text is not padded base64, or its content has a wrong size, padding, length or receiveid.
pub fn decrypt(key: &EncodingAesKey, encrypt: &str) -> Result<Plaintext, DecryptError> {
    let buffer = STANDARD.decode(encrypt).map_err(|_| DecryptError)?;
    // From here on the plaintext is wiped on every return.
    let mut plain = Plaintext {
        buffer,
        message: 0..0,
        receive_id: 0..0,
    };
    let (blocks, surplus) = Block::slice_as_chunks_mut(&mut plain.buffer);
    if !surplus.is_empty() {
        return Err(DecryptError);
    }
    cbc::Decryptor::inner_iv_init(key.decryption(), iv(key).into()).decrypt_blocks(blocks);
    (plain.message, plain.receive_id) = layout(&plain.buffer).ok_or(DecryptError)?;
    Ok(plain)
}

/// The first half of the key is the IV of every message.
fn iv(key: &EncodingAesKey) -> &[u8; 16] {
    key.as_bytes().first_chunk().expect("a key has 32 bytes")
}

/// The ranges of message and receiveid in the decrypted bytes, if these are well-formed.
fn layout(plain: &[u8]) -> Option<(Range<usize>, Range<usize>)> {
    let padding = usize::from(*plain.last()?);
    let end = plain.len().checked_sub(padding)?;
    if !(1..=PADDING_BLOCK).contains(&padding)
        || plain[end..]
            .iter()
            .any(|&byte| usize::from(byte) != padding)
    {
        return None;
    }
    let length = plain[..end]
        .get(16..HEADER)?
        .try_into()
        .map(u32::from_be_bytes)
        .ok()?;
    let message_end = HEADER.checked_add(usize::try_from(length).ok()?)?;
    std::str::from_utf8(plain[..end].get(message_end..)?).ok()?;
    Some((HEADER..message_end, message_end..end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> EncodingAesKey {
        EncodingAesKey::new("jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C").unwrap()
    }

    /// Encrypts bytes as they are, so that tests can break every detail.
    fn encrypt_raw(plain: &[u8]) -> String {
        let mut buffer = plain.to_vec();
        let (blocks, surplus) = Block::slice_as_chunks_mut(&mut buffer);
        assert!(surplus.is_empty());
        cbc::Encryptor::<Aes256Enc>::new(key().as_bytes().into(), iv(&key()).into())
            .encrypt_blocks(blocks);
        STANDARD.encode(buffer)
    }

    /// A plaintext of `size` bytes: random, the given length field, letters, and `padding` bytes of that value.
    fn plain(size: usize, length: u32, padding: u8) -> Vec<u8> {
        let mut plain = vec![b'r'; 16];
        plain.extend_from_slice(&length.to_be_bytes());
        plain.resize(size - usize::from(padding), b'm');
        plain.resize(size, padding);
        plain
    }

    #[test]
    fn decrypt_accepts_padding_from_1_to_32() {
        for padding in 1..=32 {
            let message = 64 - HEADER - usize::from(padding);
            let text = encrypt_raw(&plain(64, u32::try_from(message).unwrap(), padding));
            let plaintext = decrypt(&key(), &text).unwrap();
            assert_eq!(plaintext.message(), vec![b'm'; message]);
            assert_eq!(plaintext.receive_id(), "");
        }
    }

    #[test]
    fn decrypt_rejects_wrong_padding() {
        for padding in [33, 48, 64, 255] {
            let text = encrypt_raw(&plain(320, 1, padding));
            assert!(
                decrypt(&key(), &text).is_err(),
                "{padding} bytes of {padding}"
            );
        }
        let mut zero = plain(64, 1, 1);
        *zero.last_mut().unwrap() = 0;
        assert!(decrypt(&key(), &encrypt_raw(&zero)).is_err(), "zero");
        let mut uneven = plain(64, 1, 5);
        uneven[60] = 4;
        assert!(
            decrypt(&key(), &encrypt_raw(&uneven)).is_err(),
            "not all bytes equal"
        );
        assert!(
            decrypt(&key(), &encrypt_raw(&[16; 16])).is_err(),
            "padding alone"
        );
        assert!(
            decrypt(&key(), &encrypt_raw(&[17; 16])).is_err(),
            "longer than the text"
        );
    }

    #[test]
    fn decrypt_rejects_length_past_the_end() {
        assert!(decrypt(&key(), &encrypt_raw(&plain(64, 43, 1))).is_ok());
        for length in [44, 64, 0x7fff_ffff, 0x8000_0000, u32::MAX] {
            assert!(
                decrypt(&key(), &encrypt_raw(&plain(64, length, 1))).is_err(),
                "{length}"
            );
        }
        assert!(
            decrypt(&key(), &encrypt_raw(&plain(32, 0, 13))).is_err(),
            "the length itself is cut off"
        );
        assert_eq!(
            decrypt(&key(), &encrypt_raw(&plain(32, 0, 12)))
                .unwrap()
                .message(),
            b""
        );
    }

    #[test]
    fn decrypt_rejects_receive_id_that_is_not_utf8() {
        let mut plain = plain(64, 42, 1);
        assert_eq!(
            decrypt(&key(), &encrypt_raw(&plain)).unwrap().receive_id(),
            "m"
        );
        plain[62] = 0xff;
        assert!(decrypt(&key(), &encrypt_raw(&plain)).is_err());
    }

    #[test]
    fn decrypt_accepts_only_padded_standard_base64() {
        let text = encrypt(&key(), b"0123456789abcdef", b"abcdefghijkl", "");
        assert!(decrypt(&key(), &text).is_ok());
        let (head, tail) = text.split_at(30);
        for bad in [
            String::new(),
            "=".to_owned(),
            format!("{head} {tail}"),
            format!("{head}\n{tail}"),
            format!("{text}\n"),
            format!("{head}-{}", &tail[1..]),
            text.trim_end_matches('=').to_owned(),
            STANDARD.encode([7; 15]),
            STANDARD.encode([7; 33]),
        ] {
            assert_eq!(decrypt(&key(), &bad).unwrap_err(), DecryptError, "{bad:?}");
        }
    }

    #[test]
    fn debug_of_plaintext_omits_message() {
        let plaintext = decrypt(&key(), &encrypt(&key(), &[0; 16], b"hush", "ww1")).unwrap();
        assert_eq!(
            format!("{plaintext:?}"),
            r#"Plaintext { receive_id: "ww1", .. }"#
        );
    }
}
