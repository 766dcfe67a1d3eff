//! Encryption at rest: XChaCha20-Poly1305 with the row's position as associated data.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

use crate::db::Sealed;
use crate::error::{Error, ErrorKind, Result};
use crate::random;
use crate::vault::data_key::KEY_ID_BYTES;
use crate::vault::{DataKey, KeyRing};

/// The version of the format.
const FORMAT_VERSION: u8 = 1;
const NONCE_BYTES: usize = 24;
/// The length of what [`key_prefix`] returns.
pub(super) const KEY_PREFIX_BYTES: usize = 1 + KEY_ID_BYTES;
/// The length of all that precedes the ciphertext.
const HEADER_BYTES: usize = KEY_PREFIX_BYTES + NONCE_BYTES;

/// The associated data of a sealed value: it opens in this table, column and row only.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AadContext<'a> {
    pub(crate) table: &'static str,
    pub(crate) column: &'static str,
    pub(crate) key: &'a [&'a [u8]],
}

impl AadContext<'_> {
    /// Encodes every part after its length, so that no two contexts have the same bytes.
    fn encode(&self) -> Vec<u8> {
        let parts = [self.table.as_bytes(), self.column.as_bytes()];
        let mut data = Vec::with_capacity(128);
        for part in parts.iter().chain(self.key) {
            data.extend_from_slice(&(part.len() as u64).to_be_bytes());
            data.extend_from_slice(part);
        }
        data
    }
}

impl KeyRing {
    /// Encrypts `plaintext` under the primary key, for this context only.
    pub(crate) fn seal(&self, context: AadContext<'_>, plaintext: &[u8]) -> Result<Sealed> {
        let key = self.primary();
        let nonce: [u8; NONCE_BYTES] = random::bytes();
        let payload = Payload {
            msg: plaintext,
            aad: &context.encode(),
        };
        let ciphertext = cipher(key)
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| Error::new(ErrorKind::Internal, "a value could not be sealed"))?;
        let mut sealed = Vec::with_capacity(HEADER_BYTES + ciphertext.len());
        sealed.extend_from_slice(&key_prefix(key.id()));
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&ciphertext);
        Ok(Sealed(sealed))
    }

    /// Decrypts what [`seal`](Self::seal) returned for the same context.
    ///
    /// # Errors
    /// `STORE_UNAVAILABLE`: the key is not in the ring, or the value was changed or moved.
    pub(crate) fn open(
        &self,
        context: AadContext<'_>,
        sealed: &Sealed,
    ) -> Result<Zeroizing<Vec<u8>>> {
        let cannot_open = || {
            let (table, column) = (context.table, context.column);
            Error::new(
                ErrorKind::StoreUnavailable,
                format!(
                    "a value of {table}.{column} does not open with the data keys of this node"
                ),
            )
        };
        let (header, ciphertext) = sealed
            .0
            .split_at_checked(HEADER_BYTES)
            .ok_or_else(cannot_open)?;
        let (version, header) = header.split_at(1);
        let (key_id, nonce) = header.split_at(KEY_ID_BYTES);
        if version != [FORMAT_VERSION] {
            return Err(cannot_open());
        }
        let key = self.find(key_id).ok_or_else(cannot_open)?;
        let nonce = XNonce::try_from(nonce).map_err(|_| cannot_open())?;
        let payload = Payload {
            msg: ciphertext,
            aad: &context.encode(),
        };
        cipher(key)
            .decrypt(&nonce, payload)
            .map(Zeroizing::new)
            .map_err(|_| cannot_open())
    }

    /// Decrypts a text.
    pub(crate) fn open_text(&self, context: AadContext<'_>, sealed: &Sealed) -> Result<String> {
        let bytes = self.open(context, sealed)?;
        String::from_utf8(bytes.to_vec())
            .map_err(|_| Error::new(ErrorKind::Internal, "a sealed text is not UTF-8"))
    }
}

/// Returns what every value begins with that is sealed under the key with this id: the version and the id.
pub(super) fn key_prefix(key_id: &[u8]) -> Vec<u8> {
    [&[FORMAT_VERSION], key_id].concat()
}

fn cipher(key: &DataKey) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(key.bytes().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: AadContext<'_> = AadContext {
        table: "t",
        column: "c",
        key: &[b"suite", b"corp"],
    };

    fn ring(seeds: &[u8]) -> KeyRing {
        KeyRing::new(seeds.iter().map(|seed| DataKey::new([*seed; 32])).collect()).unwrap()
    }

    #[test]
    fn sealed_value_opens_in_its_context() {
        let sealed = ring(&[1]).seal(HERE, b"hush").unwrap();
        assert_eq!(&**ring(&[1]).open(HERE, &sealed).unwrap(), b"hush");
        assert!(!sealed.0.windows(4).any(|window| window == b"hush"));
    }

    #[test]
    fn sealed_value_does_not_open_in_another_context() {
        let ring = ring(&[1]);
        let sealed = ring.seal(HERE, b"hush").unwrap();
        for context in [
            AadContext { table: "u", ..HERE },
            AadContext {
                column: "d",
                ..HERE
            },
            AadContext {
                key: &[b"suite", b"other"],
                ..HERE
            },
            AadContext {
                key: &[b"suitecorp"],
                ..HERE
            },
            AadContext {
                key: &[b"suitec", b"orp"],
                ..HERE
            },
        ] {
            assert!(ring.open(context, &sealed).is_err(), "{context:?}");
        }
    }

    #[test]
    fn open_rejects_any_changed_byte() {
        let ring = ring(&[1]);
        let sealed = ring.seal(HERE, b"hush").unwrap();
        for index in 0..sealed.0.len() {
            let mut changed = sealed.clone();
            changed.0[index] ^= 1;
            assert!(ring.open(HERE, &changed).is_err(), "byte {index}");
        }
        assert!(ring.open(HERE, &Sealed(Vec::new())).is_err());
    }

    #[test]
    fn every_key_opens_and_the_primary_seals() {
        let old = ring(&[1]).seal(HERE, b"old").unwrap();
        let both = ring(&[2, 1]);
        assert_eq!(&**both.open(HERE, &old).unwrap(), b"old");
        let new = both.seal(HERE, b"new").unwrap();
        assert!(ring(&[1]).open(HERE, &new).is_err());
        assert_eq!(&**ring(&[2]).open(HERE, &new).unwrap(), b"new");
    }

    #[test]
    fn sealing_the_same_text_twice_gives_different_values() {
        let ring = ring(&[1]);
        assert_ne!(
            ring.seal(HERE, b"x").unwrap(),
            ring.seal(HERE, b"x").unwrap()
        );
    }
}
