//! A company's authorisation of a suite: exchanged, read, broken, healed, cancelled, erased.

mod admit;
#[allow(
    clippy::module_inception,
    reason = "an authorisation is what it is called"
)]
mod authorization;
mod authorizations;
mod end;
mod exchange;
mod keeping;
mod read;

pub(crate) use authorization::{Authorization, not_authorized};
pub use authorizations::CorpSummary;
pub(crate) use authorizations::{Authorizations, Parts};
pub(crate) use exchange::{Authorizing, Sender};
