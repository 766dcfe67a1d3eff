//! Every rule of the wire, without a web framework: routes, parameters, credentials, cookies, problems, pages.
//!
//! An adapter does four things: it mounts [`routes()`] for every method, hands each request to
//! [`WecomLogin::respond`](crate::WecomLogin::respond), writes the response it gets, and guards the host's own routes with
//! a [`Guard`], which decides by a [`Rejection`] where a request may not pass.

mod accept;
mod admin;
mod admin_routes;
mod body;
mod browser;
mod client;
mod config;
mod cookie;
mod credential;
mod dispatch;
#[cfg(all(test, feature = "sqlite"))]
mod fixture;
mod guard;
mod http_service;
mod json;
mod login_routes;
mod mount;
mod notify;
mod origin;
mod params;
mod problem;
mod public_url;
mod query;
mod rejection;
mod request;
mod response;
mod routes;
mod session_routes;

pub use admin::AdminAction;
pub(crate) use admin::{AdminAuth, AdminKey, AdminPredicate};
pub(crate) use browser::PageConfig;
pub use browser::{
    Branding, ConfirmPage, CorpOption, CorpSelectionPage, ErrorPage, Language,
    OrganizationCodePage, PageError, PageFrame, PageRenderer, QrPanel, QrPanelPage,
};
pub(crate) use client::TrustedProxies;
pub(crate) use config::HttpConfig;
pub use guard::{Authenticated, Decision, Guard};
pub(crate) use http_service::{HttpDeps, HttpService};
pub(crate) use mount::Mount;
pub use public_url::PublicUrl;
pub use rejection::Rejection;
pub use request::Headers;
pub use response::{ResponseBody, ResponseHead};
pub use routes::{Access, Route, routes};
