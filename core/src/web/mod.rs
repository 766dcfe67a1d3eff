//! Every rule of the wire, without a web framework: paths and methods, parameters, credentials, cookies, problems.
//!
//! An adapter does four things: it mounts [`routes()`] for every method, hands each request as a [`Request`] to
//! `WecomLogin::respond`, writes the [`Response`] it gets, and guards the host's own routes with a [`Guard`], which
//! answers a [`Rejection`] where nobody may enter.

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
pub(crate) use admin::{Admin, AdminKey, AdminPredicate};
pub use body::Body;
pub(crate) use browser::PageConfig;
pub use browser::{
    Branding, ConfirmPage, CorpOption, CorpSelectionPage, ErrorPage, Language,
    OrganizationCodePage, PageError, PageFrame, PageRenderer, QrPanel, QrPanelPage,
};
pub(crate) use client::TrustedProxies;
pub(crate) use config::Web;
pub use guard::{Authenticated, Check, Guard};
pub(crate) use mount::Mount;
pub use public_url::PublicUrl;
pub use rejection::{Change, Rejection};
pub use request::{Headers, Request};
pub use response::Response;
pub use routes::{Access, Route, routes};
