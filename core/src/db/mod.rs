//! The database: connection pool, connection classes, write queue, retries, the database's clock, entities, migrations.
//!
//! # A statement
//!
//! All statements go through [`Connection`]: bounded per connection class, serialized for writes on SQLite, and
//! time-limited.
//!
//! | class | connections |
//! |---|---|
//! | `Critical` (persisting a permanent code), `Callbacks` (storing events) | not limited; two connections are left to them |
//! | `Sessions` (session look-ups) | half of the pool |
//! | `Worker` (status of records) | a quarter |
//! | `Default` (everything else) | the rest |
//! | `Heartbeat` (revocation log, renewal of leases) | one of its own |
//!
//! - A statement takes at most 8 s including its waits, and the database at most 6 s of them. A failure is 503 with
//!   `Retry-After`; for a push of WeCom it is 500, and WeCom pushes again.
//! - On SQLite there is one writer at a time. Writers wait in a `WriteQueue` of this process; `Critical` and
//!   `Heartbeat` go first.
//! - A statement that the database rolled back because of a deadlock or a serialization failure is retried.
//! - Write transactions are `IMMEDIATE` on SQLite and `READ COMMITTED` elsewhere.
//!
//! # Time
//!
//! Leases, expiries and due times are compared by the database's clock (`DbClock`), which is read every 10 s and
//! advanced by a monotonic clock in between. A node's own clock may be wrong.
//!
//! # Tables
//!
//! The modules of `entity` are named by the vocabulary of this crate and map to the tables and columns of the first
//! version where those have other names.

mod bulkhead;
mod clock;
mod columns;
mod connection;
mod counter;
mod cursor;
mod db_error;
mod delete;
pub(crate) mod entity;
mod key_columns;
mod migration;
mod open_error;
mod pool;
mod pooler;
mod requirements;
mod retry;
mod row_lease;
mod sealed;
mod store;
mod text_search;
mod timeout;
mod transaction;
mod wait_tracker;
mod write_queue;

pub(crate) use bulkhead::ConnectionClass;
pub(crate) use connection::Connection;
pub(crate) use counter::{lock_counter, next_seq};
pub(crate) use cursor::Cursor;
pub(crate) use db_error::{DATABASE_RETRY_AFTER, is_unique_violation};
pub(crate) use delete::delete_in_batches;
pub(crate) use key_columns::{CorpColumns, PrincipalColumns};
#[cfg(wecom_login_failpoints)]
pub use migration::migrate_steps;
pub(crate) use pool::Pool;
pub(crate) use retry::retry_transaction;
pub(crate) use row_lease::RowLease;
pub(crate) use sealed::Sealed;
pub(crate) use store::Store;
pub(crate) use text_search::{id_starts_with, text_contains, text_starts_with};
pub(crate) use transaction::Transaction;
pub(crate) use wait_tracker::DbWaitTracker;
