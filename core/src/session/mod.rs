//! Our sessions: issue, verify (the hot path), end.

mod current_user;
mod ending;
mod epoch;
mod issue;
mod load;
mod memory;
mod principal;
pub(crate) mod recent;
pub(crate) mod rows;
mod sessions;
mod settings;
mod shared;
mod token;
mod verify;

pub use current_user::{CurrentUser, Profile};
pub(crate) use issue::Admission;
pub use issue::IssuedSession;
pub use principal::{LoginType, Platform, Principal};
pub(crate) use sessions::{Chore, Sessions};
pub use settings::SessionConfig;
pub use token::SessionToken;
pub use verify::{PendingVerify, Verification, Verified};
