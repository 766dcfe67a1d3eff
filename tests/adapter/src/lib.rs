//! The HTTP client of the tests, and the guard cases that every adapter passes in memory.
//!
//! | module | content |
//! |---|---|
//! | `request`, `response` | [`TestRequest`] and [`TestResponse`], over a socket and in memory |
//! | `socket` | [`send`], [`try_send`] and [`exchange`] |
//! | [`handle`](mod@handle) | a handle on a database in memory, without a WeCom |
//! | [`guard`] | what every adapter's guard does before a route of the host app |
//!
//! The crate knows no web framework. What needs a running app is in `wecom-login-tests`.
#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(
    clippy::exhaustive_structs,
    reason = "only tests of this workspace use it"
)]

pub mod guard;
pub mod handle;
mod request;
mod response;
mod socket;

pub use request::TestRequest;
pub use response::TestResponse;
pub use socket::{exchange, send, try_send};
