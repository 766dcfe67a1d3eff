//! The database on its bad days, nodes that stop or die, backups that are put back: nothing that was answered `success`
//! is lost, whoever is logged in stays in, and everything recovers by itself.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod believed;
mod cut_off;
mod disk_full;
mod gone;
mod hidden;
mod permanent_code;
mod pool;
mod record_gone;
mod restored;
mod restored_far;
mod takeover;
mod visit;
