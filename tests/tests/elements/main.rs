//! Elements by their full names, the getters of an instance, login Types of the host app, and a callback route of its own.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod names;
mod notify;
mod own_types;
