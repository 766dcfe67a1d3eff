//! Calling WeCom as a corp: the host app's own calls with the access token of the corp's app, and what is made of its
//! tickets.
//!
//! # A call
//!
//! 1. `parameters` checks path, query and body before anything is sent: a path that leads elsewhere, and an access token of
//!    the caller's, are refused. The corp has to be authorized.
//! 2. The token comes from `tokens`, as for our own calls, so that everything said there holds here: one fetch for all
//!    nodes, the limit on wrong secrets, the log of refusals. 40014 and 42001 refresh it and repeat the call once, and so
//!    does a permanent code that was reset meanwhile. An errcode that breaks the authorization is recorded on it.
//! 3. `wecom` sends the call. One that only reads is repeated as our own are (-1, 6000, 45033, 5xx, a broken connection).
//!    One that may change something is repeated only after an errcode that says that it was not carried out.
//! 4. The answer is read into the caller's type on the caller's side, so that the type need not cross to our runtime.
//!
//! # The JS-SDK
//!
//! A page is signed with two tickets, the corp's and the app's. `tokens` has them as it has access tokens.

mod access_token;
mod call;
#[allow(
    clippy::module_inception,
    reason = "it holds CorpApi, what the module is about"
)]
mod corp_api;
mod js_config;
mod licence;
mod open_ids;
mod parameters;
mod upload;

pub use access_token::CorpAccessToken;
pub use corp_api::CorpApi;
pub(crate) use corp_api::CorpApiDeps;
pub use js_config::{JsConfig, JsSignature};
pub use upload::UploadFile;
