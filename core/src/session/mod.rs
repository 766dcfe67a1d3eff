//! Our sessions: issue, verify (the hot path), end.

mod current_user;
mod epoch;
mod memory;
mod principal;
pub(crate) mod recent;
pub(crate) mod rows;
mod sessions;
mod settings;
mod token;
mod verify;

pub use current_user::{CurrentUser, Profile};
pub use principal::{LoginType, Platform, Principal};
pub use sessions::IssuedSession;
pub(crate) use sessions::{Admission, Chore, Sessions};
pub use settings::SessionSettings;
pub use token::SessionToken;
pub use verify::{PendingVerify, Verified, Verify};
