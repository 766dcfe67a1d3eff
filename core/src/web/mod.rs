//! Every rule of the wire, without a web framework: routes, parameters, credentials, cookies, problems, pages.
//!
//! An adapter does four things: it mounts [`routes()`] for every method, hands each request to
//! [`WecomLogin::respond`](crate::WecomLogin::respond), writes the response it gets, and guards the host's own routes
//! with a [`Guard`], which answers with a [`Rejection`] where a request may not pass.
//!
//! # A protected request
//!
//! 1. The adapter's middleware hands method, path and headers to [`Guard::check`], which holds the rules of the
//!    route: required or optional, predicates, redirect.
//! 2. `credential` finds the bearer and the session cookie, and applies the same-origin check to a cookie on an
//!    unsafe method.
//! 3. `session` verifies the token. For a cached session the answer is [`Decision::Ready`]: no future, no box, no
//!    allocation. Otherwise it is [`Decision::Pending`], a future that resolves to the same `Result<Authenticated,
//!    Rejection>` and may be polled on any runtime.
//! 4. [`Authenticated`] goes on to the handler. A [`Rejection`] becomes a problem response, or a 302 to the login
//!    page where the guard asks for it. [`Rejection::apply_to`] is applied once, also to a response that the host app
//!    made itself: it makes the redirect with its headers and clears a cookie that belongs to no session.
//!
//! # A request to a login route
//!
//! 1. [`routes()`] is the one table of path, methods, access and body limit. The adapter mounts each path for every
//!    method; `dispatch` decides what a method gets.
//! 2. `dispatch` checks the method first, then who sent the request, then the parameters. A parameter error is found
//!    before anything is called, so no code is wasted.
//! 3. The work runs on the handle's own runtime. A client that goes away cancels nothing.
//!
//! # A request that a proxy asks about
//!
//! `/forwardAuth` is the guard for a proxy: `forwarded` reads from the headers of a trusted proxy which request it asks
//! about, and `forward_auth` answers 200 with the identity in headers, or what the guard would have answered.
//!
//! # A login in a browser
//!
//! 1. `browser::login` finds the corp and redirects to WeCom. Everything that the way back needs (corp, epoch, return
//!    path, expiry) is sealed in a cookie named after the `state`. `GET /login` writes nothing to the database.
//! 2. `browser::callback` opens the cookie of that `state` and hands the code to `login`, which authenticates the
//!    member and marks the state as used. The callback is the only place that sets the session cookie; it revokes the
//!    session that the browser held before. For a minute the same callback leads to the same session
//!    (`login::browser`); its cookie stays for ten minutes after the login.
//! 3. A member who may enter several corps is redirected to a page of links first, `/callback?state=…`. The links
//!    name the state; a second cookie holds the login code. The page reads the list of corps again each time it is
//!    loaded, and a second click within a minute gets the session of the first.
//!
//! The cookie of an attempt outlives the attempt by 50 minutes, so that an expired attempt can still offer "try
//! again" with the original target. A browser holds at most 8 attempts and 6000 bytes of them, because servers reject
//! long headers.

mod accept;
mod admin;
mod admin_api;
mod admin_routes;
mod body;
mod browser;
mod client;
mod config;
mod console;
mod cookie;
mod credential;
mod decision;
mod dispatch;
mod drain;
#[cfg(all(test, feature = "sqlite"))]
mod fixture;
mod forward_auth;
mod forwarded;
mod guard;
mod health;
mod http_service;
mod json;
mod login_routes;
mod mount;
mod mounting;
mod named_corp;
mod navigation;
mod notify;
mod openapi;
mod origin;
mod params;
mod problem;
mod public_url;
mod query;
mod rejection;
mod request;
mod response;
mod route;
mod routes;
mod session_routes;
mod setup_checks;
mod websocket;

pub use admin::AdminAction;
pub(crate) use admin::{AdminAuth, AdminKey, AdminPredicate};
pub(crate) use browser::PageConfig;
pub use browser::{
    Branding, ConfirmPage, CorpOption, CorpSelectionPage, CorpSwitchPage, ErrorPage, Language,
    OrganizationCodePage, PageError, PageFrame, PageRenderer, QrPanel, QrPanelPage,
};
pub(crate) use client::TrustedProxies;
pub(crate) use config::HttpConfig;
pub use decision::{Authenticated, Decision};
pub use drain::Drain;
pub use guard::Guard;
pub(crate) use health::Readiness;
pub(crate) use http_service::{HttpDeps, HttpService};
pub(crate) use mount::Mount;
pub(crate) use openapi::OpenApi;
pub use public_url::PublicUrl;
pub use rejection::Rejection;
pub use request::Headers;
pub use response::{ResponseBody, ResponseHead};
pub use route::{Access, Route};
pub use routes::routes;
