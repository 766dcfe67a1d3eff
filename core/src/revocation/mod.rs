//! Revocation of sessions: epochs, the log that carries revocations to the other nodes, its listener, recent
//! revocations.
//!
//! # A revocation on another node
//!
//! 1. Each revocation is a row of the revocation log (table `wecom_end`). Its sequence number comes from a counter,
//!    taken by the last statement of the transaction, so that numbers become visible in order; an auto-increment id
//!    would not.
//! 2. Every node polls the log every 300 ms. On PostgreSQL the poll also runs on NOTIFY, through [`ChangeListener`],
//!    which uses a connection of its own. A poll times out after `max_stale`, but after at least 500 ms and at most 5
//!    s.
//! 3. `follow_revocation_log` of the module `app` applies each entry to the node's epochs, authorization cache and
//!    session cache.
//! 4. After `max_stale` (120 s) without a successful poll the node stops serving cached sessions. Sessions are then
//!    read from the database until a poll succeeds.
//!
//! # Attributes
//!
//! The attributes of a member travel in the same way: an entry says that they changed, and every node that has a session
//! of the member in memory reads them again. Each change has a higher version than the one before, so that an older read
//! never replaces a newer one.
//!
//! # Revoke all
//!
//! Revoking every session adds 1 000 000 to the epoch of every authorization and appends one entry to the log. The jump
//! is larger than any number of increments lost with a restored backup. Every node then flushes its caches.
//!
//! # A failover or a restore
//!
//! A `Cursor` is a sequence number and a random nonce. A poll reads the cursor's row again, and finds out in one of
//! three ways that the database changed:
//!
//! | poll | how | what happens |
//! |---|---|---|
//! | `Entries` | the cursor's row is there with its nonce | the entries are applied |
//! | `Truncated` | the cursor's row is gone, and only newer rows are left: this node was away for more than the 10 000 entries that are kept | caches are flushed; the log goes on |
//! | `Diverged` | the cursor's row is missing or has another nonce, or an entry that this node committed is not in the log | caches are flushed, and recent revocations are repeated |
//!
//! [`RecentRevocations`] holds the revocations of the last five minutes, 100 000 at most, with a checkpoint of the log
//! every 10 s. After `Diverged`, the oldest checkpoint decides:
//!
//! - It is still in the log: everything that was lost is remembered here, and `reapply` repeats it in the database.
//!   Repeating a revocation is harmless.
//! - It is gone too, or a remembered "revoke all" is no longer in the log: more was lost than can be repeated, and all
//!   sessions are revoked. The first node does it; the others see its entry within one minute and do not repeat it.
//!
//! If the task that follows the log panics, it restarts, and the node stops serving cached sessions until the next
//! successful poll.

mod epoch;
mod listener;
pub(crate) mod log;
mod recent;

pub(crate) use epoch::{Epoch, EpochKey, Epochs};
pub(crate) use listener::ChangeListener;
pub(crate) use log::{Poll, Revocation};
pub(crate) use recent::{RECENT_REVOCATIONS_TTL, RecentRevocations};
