//! WeCom's server API as a 代开发 provider uses it.
//!
//! [`Api`] has one method for each call of a 代开发 app and keeps nothing: no token, no retry. Each call takes the one
//! type of token that it needs, so a call of a third-party app (`get_corp_token`, `getuserinfo3rd`), which WeCom
//! refuses or forbids here (D/91121, D/96213), cannot be made by mistake. [`HttpClient`] carries the calls, [`Hosts`]
//! says where they go, [`CallError`] how they fail. [`workbench_link`] and [`qr_link`] build what a browser opens.

mod api;
mod call_error;
mod connect;
mod contact;
mod encode;
mod errcode;
mod hosts;
mod identity;
mod links;
mod provider;
mod response;
mod scope;
mod service;
mod state;
mod transport;

#[cfg(test)]
mod mock;

pub use api::{Api, IssuedToken};
pub use call_error::{CallError, CallErrorKind};
pub use contact::{Admin, Member};
pub use errcode::Errcode;
pub use hosts::{Hosts, InvalidHost};
pub use identity::{Identity, UserDetail};
pub use links::{QrLanguage, qr_link, workbench_link};
pub use provider::AuthorizationLink;
pub use scope::{InvalidScope, Scope};
pub use service::{AuthInfo, PermanentCodeApi, PermanentCodeGrant};
pub use state::{InstallState, InvalidState, State};
pub use transport::HttpClient;
