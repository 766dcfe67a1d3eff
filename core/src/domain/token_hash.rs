//! The key under which a session is stored and cached.

/// The SHA-256 of a session token. The token itself is not stored.
pub(crate) type TokenHash = [u8; 32];
