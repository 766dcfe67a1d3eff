//! Our sessions: issue, verify (the hot path), end.

mod config;
mod current_user;
mod interner;
mod issue;
mod load;
mod revoke;
pub(crate) mod rows;
mod session_cache;
mod sessions;
pub(crate) mod token;
mod verify;

pub use config::SessionConfig;
pub use current_user::CurrentUser;
pub(crate) use issue::Admission;
pub use issue::IssuedSession;
pub(crate) use sessions::{Chore, Sessions};
pub use token::SessionToken;
pub use verify::{PendingVerify, Verification, Verified};
