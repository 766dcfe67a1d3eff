//! The states of an authorization: exchanged, reviewed, broken, healed, cancelled, erased.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod admission;
mod broken;
mod cancellation;
mod ends;
mod exchange;
mod members;
mod visibility;
