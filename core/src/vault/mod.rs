//! Encryption of stored secrets: the key ring, sealing, the registry of keys in use, rotation.

mod key_registry;
mod key_ring;
mod rotation;
mod seal;
mod sealed_column;
#[allow(
    clippy::module_inception,
    reason = "it holds Vault, what the module is about"
)]
mod vault;

pub(crate) use key_registry::KEY_HEARTBEAT;
pub(crate) use key_ring::KeyRing;
pub use key_ring::{DATA_KEY_VARIABLE, DataKey, DataKeys};
pub use rotation::KeyRotationReport;
pub(crate) use seal::AadContext;
pub(crate) use sealed_column::{ACCESS_TOKEN, CALLBACK_PAYLOAD, PERMANENT_CODE, SUITE_TICKET};
pub(crate) use vault::Vault;
