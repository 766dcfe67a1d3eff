//! From a code to a session: authentication, limits, login codes, states, organization codes, the choice of a corp.

mod authenticate;
mod browser;
mod corp_selection;
mod limits;
mod login_codes;
mod organization_codes;
mod request;
mod result;
mod service;
mod session_creation;
mod used_states;

pub(crate) use authenticate::{AuthAttempt, Authentication, Authenticator, AuthenticatorDeps};
pub(crate) use browser::{BrowserLoginDeps, BrowserLoginService, CallbackOutcome, OAuthCallback};
pub(crate) use corp_selection::CorpSelection;
pub(crate) use login_codes::{LoginCodes, LoginGrant};
pub(crate) use organization_codes::OrganizationCodes;
pub use request::{LoginByCodeRequest, LoginCodeRequest, WorkbenchLoginRequest};
pub use result::{CorpChoice, LoginCodeResult, LoginConfig, LoginResult, OrgCodeLogin};
pub(crate) use service::LoginService;
pub(crate) use session_creation::{SessionCreation, SessionPurpose};
pub(crate) use used_states::UsedStates;
