//! Encryption of stored secrets: the key ring, sealing, the registry of keys in use, rotation; keyed hashes.
//!
//! # Sealing
//!
//! A sealed value is XChaCha20-Poly1305 with a random nonce: `version ‖ key id ‖ nonce ‖ ciphertext`. [`AadContext`]
//! (table, column and row key) is the associated data, so a value that is moved elsewhere does not open.
//!
//! # Keys
//!
//! The first key of the ring, the primary, seals; every key opens. At start a node registers its primary
//! (`verify_and_register`) and fails if it lacks a key that is registered. It repeats the registration every minute
//! ([`KEY_HEARTBEAT`]).
//!
//! # Rotation
//!
//! `Vault::rotate` reseals every column in batches of 200 rows and retires the keys under which nothing is sealed any
//! more. A key that was primary on some process in the last three minutes stays (`still_active`). Session tokens are
//! not sealed, but their HMAC is made under a key, so a session ends with its key. Keyed hashes ([`HashKey`]) are made
//! under a key of their own, which is sealed, so they stay.

mod data_key;
mod data_keys;
mod handle;
mod hash_key;
mod key_registry;
mod key_ring;
mod rotation;
mod seal;
mod sealed_column;

pub use data_key::DataKey;
pub use data_keys::{DATA_KEY_VARIABLE, DataKeys};
pub(crate) use handle::Vault;
pub(crate) use hash_key::HashKey;
pub(crate) use key_registry::KEY_HEARTBEAT;
pub(crate) use key_ring::KeyRing;
pub use rotation::KeyRotationReport;
pub(crate) use seal::AadContext;
pub(crate) use sealed_column::{
    ACCESS_TOKEN, CALLBACK_PAYLOAD, HASH_KEY, MINI_PROGRAM_KEY, NOTIFICATION_PAYLOAD,
    PERMANENT_CODE, SUITE_TICKET,
};
