//! The lanes of the inbox: what waits or hangs in one delays no other, and what ends or stalls loses nothing.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod clock_put_back;
mod exchange_timeout;
mod shutdown;
mod stalled_database;
mod storm;
mod superseded;
mod ticket_warning;
