//! A place in the revocation log.

/// The newest row of the revocation log that a node has read or committed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cursor {
    /// The row's number; zero before the first row.
    pub(crate) seq: i64,
    /// Random for each row: the same number with another nonce is another log, after a failover or a restore.
    pub(crate) nonce: i64,
}
