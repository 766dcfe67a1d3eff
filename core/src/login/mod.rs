//! From a code to a session: authentication, limits, login codes, states, organization codes, the choice of a corp.
//!
//! # A login
//!
//! 1. `element::Instances` says whether this instance takes logins of this corp. An inactive instance that is pinned
//!    to the corp is not bypassed through an unpinned one.
//! 2. `Authenticator::authenticate` checks the limits and the codes that WeCom rejected in the last 5 minutes, gets
//!    the corp's access token, and calls `auth/getuserinfo`. It calls `user/get` on the member's first login and on
//!    the first after a `change_auth` or an `update_user`: `auth/getuserinfo` also answers for members to whom the app is
//!    not visible. A code is tried on exactly one suite and corp.
//! 3. The result is an `Authentication`: the member, their profile, and the epochs with which the login began. A
//!    revocation during the login makes it fail: the statement that inserts the session compares the epochs.
//! 4. `UserBinder::bind` says which user the member is.
//! 5. `login_codes` creates a login code (hash stored, valid for 300 s, single use), or `session` creates the session.
//!
//! A login takes at most 12 s (`LOGIN_TIMEOUT`): it fails with 503 if the database was being awaited, otherwise with
//! 504. Calls that a login can do without (visibility, profile) get 2 s.
//!
//! # Limits
//!
//! | limit | a minute |
//! |---|---|
//! | failed codes of a client | 60 |
//! | failed codes of a corp; above it only codes with a verified `state` are tried | 300 |
//! | of those, failed codes of a corp; of all corps | 1 000; 10 000 |
//! | organization code look-ups of a client | 30 |
//! | unknown corps that a client asks the login page for; above it, it gets no corp by an id | 30 |
//!
//! A client is an IPv4 address or an IPv6 /64; a /56 has the limit of 4 clients, a /48 that of 16. A limit is checked
//! before the database is read. A state dies with its fifth refused code, and its codes are tried one at a time.
//!
//! Per corp, 64 calls with a code run at the same time, so that a flood reaches the limit before it reaches WeCom.
//!
//! # Several corps
//!
//! `UserBinder::linked_principals` names the other corps a user may enter. Each of them is listed only if it has a
//! live binding to the same user, is authorized, and takes logins. The list is checked again when the user chooses. A
//! login code carries the epochs it was created with, and becomes invalid with them.
//!
//! # The host app asks the person
//!
//! 1. Where `UserBinder::bind` answers `Binding::Link`, the login stops with a sealed ticket (`link_tickets`): in the
//!    problem of a login that is answered in JSON, in the address of the host app's page for a browser.
//! 2. The host app finds out who the person is, and finishes the login (`account_linking`): the ticket is used up, the
//!    binder's `link` keeps the binding, and the login goes on as if the binder had known the user.
//! 3. A browser goes back to the callback with a login code, as after the choice of a corp.
//!
//! # A login in a browser
//!
//! The state is 32 hex digits and valid for 10 minutes. It is used (`UsedStates`) once WeCom accepted its code, also if
//! the member may not log in. How a login is repeated is in [`browser`]. The flow of pages and cookies is in [`web`](crate::web).

mod account_linking;
mod authenticate;
mod browser;
mod code_calls;
mod completion;
mod corp_selection;
mod limits;
mod link_tickets;
mod login_codes;
mod login_config;
mod organization_codes;
mod request;
mod result;
mod service;
mod session_creation;
mod state_refusals;
mod used_states;
mod wrapped_instance;

pub(crate) use account_linking::AccountLinking;
pub(crate) use authenticate::{Authentication, Authenticator, AuthenticatorDeps};
pub(crate) use browser::{
    BrowserLoginDeps, BrowserLoginService, CallbackOutcome, FormerUse, LoginTarget, OAuthCallback,
};
pub(crate) use code_calls::{AttemptState, AuthAttempt, MemberCode};
pub(crate) use corp_selection::CorpSelection;
pub(crate) use link_tickets::{LINK_TICKET_TTL, LinkTickets, StoppedAt};
pub(crate) use login_codes::{LoginCodes, LoginGrant, LoginProof};
pub(crate) use organization_codes::OrganizationCodes;
pub use request::{
    FinishLoginRequest, LoginByCodeRequest, LoginCodeRequest, MiniProgramLoginRequest,
    WorkbenchLoginRequest,
};
pub use result::{CorpChoice, LoginCodeResult, LoginConfig, LoginResult, OrgCodeLogin};
pub(crate) use service::LoginService;
pub(crate) use session_creation::{SessionCreation, SessionPurpose};
pub(crate) use used_states::UsedStates;
