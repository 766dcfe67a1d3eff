//! The value of a column that holds a ciphertext.

use sea_orm::DeriveValueType;

/// A ciphertext as it is stored: `version ‖ key id ‖ nonce ‖ ciphertext`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveValueType)]
pub(crate) struct Sealed(pub(crate) Vec<u8>);
