//! The builder, and the one handle that users hold.

mod admin;
mod background;
mod browser;
mod build;
mod builder;
mod corp_selection;
mod entering;
mod follower;
mod handle;
mod housekeeping;
mod instance;
mod keys;
mod requests;
mod results;
mod retention;
mod service;

pub(crate) use browser::{BrowserLogin, BrowserReturn};
pub use builder::Builder;
pub use handle::{Element, WecomLogin};
pub use instance::Instance;
pub use requests::{LoginByCodeRequest, LoginCodeRequest, WorkbenchLoginRequest};
pub use results::{
    AuthConfig, CorpChoice, LoginCodeResult, LoginConfig, LoginResult, OrgCodeLogin,
    SessionSummary, UserSummary,
};
pub use retention::Retention;
pub use service::AuthService;
