//! What is over goes, and nothing grows for ever.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod alternation;
mod table_sizes;
