//! The database on its bad days, nodes that stop or die, backups that are put back: nothing that was answered `success`
//! is lost, whoever is logged in stays in, and everything recovers by itself.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod deleted_record;
mod disk_full;
mod exhausted_pool;
mod hidden_member;
mod max_stale;
mod old_backup;
mod permanent_code;
mod probe;
mod restored_backup;
mod takeover;
mod unanswered_begin;
mod unavailable;
