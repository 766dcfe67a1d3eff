//! Housekeeping: expired rows are deleted, and no table grows without bound.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod alternation;
mod table_sizes;
