//! The example apps in processes of their own.
//!
//! [`Example::process`] builds the process; [`AppProcess`] is a running app that can be killed and restarted beside a
//! sandbox of the test; [`CrashHarness`] aborts it at a failpoint; [`DemoProcess`] is an example with its own sandbox, as
//! members run it.

mod app;
mod builder;
mod crash;
mod demo;
mod directory;

pub use app::{AppProcess, send_expecting};
pub use builder::{Example, ProcessBuilder};
pub use crash::{CrashHarness, for_some_at_once};
pub use demo::{DemoCorp, DemoProcess};
pub use directory::{ADMIN_KEY, AES_KEY, AppDirectory, SUITE, TOKEN};
