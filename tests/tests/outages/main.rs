//! Database outages, stopped and crashed nodes, restored backups: no acknowledged push is lost, cached sessions stay
//! valid, and everything recovers by itself.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod deleted_record;
mod disk_full;
mod exhausted_pool;
mod health;
mod hidden_member;
mod max_stale;
mod old_backup;
mod permanent_code;
mod probe;
mod restored_backup;
mod takeover;
mod unanswered_begin;
mod unavailable;
