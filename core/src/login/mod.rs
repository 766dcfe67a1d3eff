//! From a code to a session: who the person is, whether the app is visible to them, which user of the host app they
//! are, and what they may enter.

pub(crate) mod authenticate;
mod limits;
mod login_codes;
mod organization_codes;
mod used_states;

pub(crate) use authenticate::{Attempt, Authentication, Prover};
pub(crate) use login_codes::{LoginCodes, Ticket};
pub(crate) use organization_codes::OrganizationCodes;
pub(crate) use used_states::SpentStates;
