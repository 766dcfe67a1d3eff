//! A company's authorisation of a suite: exchanged, read, broken, healed, cancelled, erased.

mod admit;
mod app_client;
#[allow(
    clippy::module_inception,
    reason = "an authorisation is what it is called"
)]
mod authorization;
mod authorizations;
mod end;
mod exchange;
mod persist;
mod read;

pub(crate) use app_client::AppClient;
pub(crate) use authorization::{Authorization, not_authorized};
pub use authorizations::CorpSummary;
pub(crate) use authorizations::{Authorizations, Deps};
pub(crate) use exchange::{AuthCodeEvent, SendGuard};
