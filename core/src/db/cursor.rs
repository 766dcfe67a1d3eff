//! A position in the revocation log.

/// An entry of the revocation log: the newest one that a node has read or committed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cursor {
    /// The number of the entry; zero before the first one.
    pub(crate) seq: i64,
    /// Random for each entry. The same number with another nonce belongs to another log: the database was replaced by a
    /// failover or a restore.
    pub(crate) nonce: i64,
}
