//! WeCom's server API as a 代开发 provider uses it.
//!
//! [`Api`] has one method for each call of a 代开发 app. It keeps no token and no state, and repeats only calls
//! that change nothing. Each call takes the
//! one type of token that it needs, so that a call of a third-party app (`get_corp_token`, `getuserinfo3rd`), which WeCom
//! refuses or forbids here (D/91121, D/96213), does not compile. [`HttpClient`] sends the requests to [`Hosts`];
//! [`CallError`] says how a call failed. [`workbench_link`] and [`qr_link`] build the links that a browser opens.

mod api;
mod api_path;
mod auth_info;
mod call_error;
mod contact;
mod corp_call;
mod encode;
mod errcode;
mod fields;
mod hosts;
mod identity;
mod js_ticket;
mod licence;
mod links;
mod mini_program;
mod observations;
mod observed_call;
mod open_ids;
mod permanent_code;
mod provider;
mod response;
mod scope;
mod state;
mod token;
mod transport;
mod user_detail;

#[cfg(test)]
mod mock;

pub use api::Api;
pub(crate) use api::RequestBody;
pub(crate) use api_path::ApiPath;
pub use auth_info::AuthInfo;
pub use call_error::{CallError, CallErrorKind};
pub use contact::{Admin, Member};
pub(crate) use corp_call::{CorpCall, CorpCallError};
pub use errcode::Errcode;
pub use hosts::{Hosts, InvalidHost};
pub use identity::Identity;
pub use licence::{AppLicence, LicenceAccount, UserLicence};
pub use links::{QrLanguage, qr_link, workbench_link};
pub use mini_program::MiniProgramSession;
pub(crate) use observations::WecomObservations;
pub(crate) use open_ids::MAX_USER_IDS;
pub(crate) use permanent_code::EXCHANGE_TIMEOUT;
pub use permanent_code::{PermanentCodeApi, PermanentCodeGrant};
pub use provider::AuthorizationLink;
pub use scope::{InvalidScope, Scope};
pub use state::{InstallState, InvalidState, State};
pub use token::IssuedToken;
pub use transport::HttpClient;
pub use user_detail::UserDetail;
