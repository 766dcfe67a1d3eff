//! The command as a process: on a database, on a service that runs, and `new`.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test may panic")]

mod moving;
mod new_project;
mod operating;
mod process;
mod runbooks;
