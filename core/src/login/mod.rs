//! From a code to a session: who the person is, whether the app is visible to them, which user of the host app they
//! are, and what they may enter.

mod binder;
mod codes;
mod failures;
mod leaving;
mod organization;
mod people;
mod prove;
mod states;
mod visibility;

pub(crate) use binder::AuthModel;
pub use binder::{AuthenticatedMember, BindingPolicy, UserBinder};
pub(crate) use codes::{LoginCodes, Ticket};
pub(crate) use organization::OrganizationCodes;
pub(crate) use people::People;
pub(crate) use prove::{Attempt, Authentication, Prover};
pub(crate) use states::SpentStates;
