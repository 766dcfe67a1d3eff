//! Encryption at rest: XChaCha20-Poly1305, bound to the place where the ciphertext stands.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

use crate::db::Sealed;
use crate::error::{Error, ErrorKind, Result};
use crate::random;
use crate::vault::key_ring::{DataKey, KEY_ID_BYTES, KeyRing};

const VERSION: u8 = 1;
const NONCE_BYTES: usize = 24;
/// Version and key id.
pub(super) const HEAD_BYTES: usize = 1 + KEY_ID_BYTES;
const HEADER_BYTES: usize = HEAD_BYTES + NONCE_BYTES;

/// Where a ciphertext stands. It opens nowhere else: table, column and row key are its associated data.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AadContext<'a> {
    pub(crate) table: &'static str,
    pub(crate) column: &'static str,
    pub(crate) key: &'a [&'a [u8]],
}

impl AadContext<'_> {
    /// Every part with its length before it, so that no two places read alike.
    fn associated_data(&self) -> Vec<u8> {
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
    /// Encrypts `text` under the first key, for `place` only.
    pub(crate) fn seal(&self, place: AadContext<'_>, text: &[u8]) -> Result<Sealed> {
        let key = self.primary();
        let nonce: [u8; NONCE_BYTES] = random::bytes();
        let payload = Payload {
            msg: text,
            aad: &place.associated_data(),
        };
        let ciphertext = cipher(key)
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| Error::new(ErrorKind::Internal, "a value could not be sealed"))?;
        let mut sealed = Vec::with_capacity(HEADER_BYTES + ciphertext.len());
        sealed.push(VERSION);
        sealed.extend_from_slice(key.id());
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&ciphertext);
        Ok(Sealed(sealed))
    }

    /// Opens what [`seal`](Self::seal) made for the same `place`.
    ///
    /// # Errors
    /// The key is not in the ring, or the ciphertext was changed or moved.
    pub(crate) fn open(
        &self,
        place: AadContext<'_>,
        sealed: &Sealed,
    ) -> Result<Zeroizing<Vec<u8>>> {
        let broken = || {
            let (table, column) = (place.table, place.column);
            Error::new(
                ErrorKind::StoreUnavailable,
                format!("{table}.{column} cannot be opened with our data keys"),
            )
        };
        let (header, ciphertext) = sealed.0.split_at_checked(HEADER_BYTES).ok_or_else(broken)?;
        let (version, header) = header.split_at(1);
        let (key_id, nonce) = header.split_at(KEY_ID_BYTES);
        if version != [VERSION] {
            return Err(broken());
        }
        let key = self.find(key_id).ok_or_else(broken)?;
        let nonce = XNonce::try_from(nonce).map_err(|_| broken())?;
        let payload = Payload {
            msg: ciphertext,
            aad: &place.associated_data(),
        };
        cipher(key)
            .decrypt(&nonce, payload)
            .map(Zeroizing::new)
            .map_err(|_| broken())
    }

    /// Opens a text.
    pub(crate) fn open_text(&self, place: AadContext<'_>, sealed: &Sealed) -> Result<String> {
        let bytes = self.open(place, sealed)?;
        String::from_utf8(bytes.to_vec())
            .map_err(|_| Error::new(ErrorKind::Internal, "a sealed text is not UTF-8"))
    }
}

/// What every value begins with that the key of this id sealed.
pub(super) fn head(key_id: &[u8]) -> Vec<u8> {
    [&[VERSION], key_id].concat()
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
    fn what_is_sealed_opens_in_its_place() {
        let sealed = ring(&[1]).seal(HERE, b"hush").unwrap();
        assert_eq!(&**ring(&[1]).open(HERE, &sealed).unwrap(), b"hush");
        assert!(!sealed.0.windows(4).any(|window| window == b"hush"));
    }

    #[test]
    fn a_ciphertext_moved_elsewhere_does_not_open() {
        let ring = ring(&[1]);
        let sealed = ring.seal(HERE, b"hush").unwrap();
        for place in [
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
            assert!(ring.open(place, &sealed).is_err(), "{place:?}");
        }
    }

    #[test]
    fn any_changed_byte_is_noticed() {
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
    fn every_key_of_the_ring_reads_and_the_first_writes() {
        let old = ring(&[1]).seal(HERE, b"old").unwrap();
        let both = ring(&[2, 1]);
        assert_eq!(&**both.open(HERE, &old).unwrap(), b"old");
        let new = both.seal(HERE, b"new").unwrap();
        assert!(ring(&[1]).open(HERE, &new).is_err());
        assert_eq!(&**ring(&[2]).open(HERE, &new).unwrap(), b"new");
    }

    #[test]
    fn the_same_text_never_looks_the_same_twice() {
        let ring = ring(&[1]);
        assert_ne!(
            ring.seal(HERE, b"x").unwrap(),
            ring.seal(HERE, b"x").unwrap()
        );
    }
}
