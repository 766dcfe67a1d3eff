//! The login of a WeCom (企业微信) 代开发 app: callbacks, tokens, storage, sessions. Knows no web framework.
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test may panic"))]

pub mod callback;
pub mod element;
pub mod web;
pub mod wecom;

mod authorization;
mod clock;
mod error;
mod hooks;
mod ids;
mod limit;
mod login;
mod random;
mod secret;
mod session;
mod store;
mod suite;
mod wecom_login;

pub use authorization::CorpSummary;
pub use clock::{Clock, ManualClock, Sleep, SystemClock, Timestamp};
pub use error::{Blame, Error, ErrorKind, ErrorRow, Result};
pub use hooks::{CorpDecision, CorpNotice, HookFuture, Hooks, OtherEvent};
pub use ids::{AgentId, CorpId, InvalidId, SuiteId, UserId};
pub use login::{Binder, BindingPolicy, ProvenPerson};
pub use secret::{
    AccessToken, AuthCode, CallbackToken, PermanentCode, ProviderAccessToken, ProviderSecret,
    SuiteAccessToken, SuiteSecret, SuiteTicket, TemporaryAuthCode, UserTicket,
};
pub use session::{
    CurrentUser, IssuedSession, LoginType, PendingVerify, Platform, Principal, Profile, SessionSettings,
    SessionToken, Verified, Verify,
};
pub use store::{AuthorizationStatus, DATA_KEY_VARIABLE, DataKey, DataKeys, RecordStatus};
pub use suite::Suite;
pub use wecom_login::{
    AuthConfig, AuthService, Builder, CorpChoice, Element, Instance, LoginByCodeRequest, LoginCode,
    LoginCodeRequest, LoginConfig, LoginResult, OrganizationLogin, SessionSummary, UserSummary, WecomLogin,
    WorkbenchLoginRequest,
};
