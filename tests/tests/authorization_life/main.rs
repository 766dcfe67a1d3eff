//! The life of an authorisation: exchanged, read, broken, healed, cancelled, erased.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod admission;
mod breaking;
mod ending;
mod exchange;
mod leaving;
