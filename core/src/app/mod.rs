//! The handle and its Builder, and the work in the background.
//!
//! # The handle and its runtime
//!
//! Work runs on the tokio runtime that the handle was built on (`run`), through a task tracker. A client that goes
//! away cancels nothing that was started. Futures are boxed there on purpose: it keeps the handle's future types out
//! of the caller's type, which otherwise overflows rustc's type-depth limit.
//!
//! # Background tasks
//!
//! | task | does |
//! |---|---|
//! | `inbox::worker` | executes callback records |
//! | re-reads | reads due authorizations from WeCom, every 5 s or when one becomes due |
//! | activity | writes the activity of sessions, and asks WeCom about the visibility of members in use |
//! | redelivery | counts events that were answered from memory |
//! | `follow_revocation_log` | applies the revocations of other nodes |
//! | `AttributeRereads` | reads the attributes of members again that another node changed |
//! | `run_housekeeping` | deletes expired rows |
//! | `heartbeat_key` | registers the primary data key every minute |
//! | `Node` | says every 30 s that this node is there |
//!
//! # Shutdown
//!
//! `shutdown` starts no more work and waits up to 10 seconds for what was started. Callback records in progress are
//! released to another node or the next start; only an AuthCode that is on its way is waited for. After that the
//! handle verifies sessions from its cache for `max_stale`, and from the database after that, because it no longer
//! follows the revocation log.
//!
//! # Housekeeping
//!
//! One node at a time deletes expired rows, every ten minutes: the one that advances the row of `wecom_housekeeping`.
//! Rows are deleted in batches (`delete_in_batches`). What is deleted when: the table in `docs/storage-and-keys.md`.

mod assemble;
mod attribute_rereads;
mod background;
mod build;
mod builder;
#[cfg(feature = "metrics")]
mod figures;
mod follower;
mod handle;
mod housekeeping;
mod http;
mod node;
mod retention;

pub use builder::Builder;
pub use handle::{Element, WecomLogin};
pub use retention::Retention;
