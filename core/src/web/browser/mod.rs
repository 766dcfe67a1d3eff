//! The browser's way in: `GET /login` leads to WeCom, `GET /callback` comes back with a code.
//!
//! Between the two everything is in the browser: a cookie named after the `state`, sealed under the data keys. Nothing
//! is written before a code was accepted. The same holds for the choice among companies: its cookie holds a login code,
//! the link of a company names the state, and one without the other is worth nothing.

mod branding;
mod callback;
mod cookies;
mod escape;
mod flow_cookie;
mod language;
mod login;
mod messages;
mod origin_path;
mod page_request;
mod pages;
mod pending;
mod qr_panel;
mod return_to;
mod templates;

#[cfg(all(test, feature = "sqlite"))]
mod tests;

pub use branding::Branding;
pub(crate) use branding::PageConfig;
pub use language::Language;
pub use pages::{
    ConfirmPage, CorpOption, CorpSelectionPage, ErrorPage, OrganizationCodePage, PageError,
    PageFrame, PageRenderer, QrPanelPage,
};
pub use qr_panel::QrPanel;

use crate::app::WecomLogin;
use crate::error::{Error, ErrorKind};
use crate::random;
use crate::web::browser::cookies::BrowserCookies;
use crate::web::browser::page_request::Visit;
use crate::web::dispatch::Call;
use crate::web::response::Response;
use crate::web::routes::Endpoint;

pub(super) async fn answer(login: &WecomLogin, call: &Call) -> Response {
    let visit = Visit::new(login, call);
    match call.endpoint {
        Endpoint::BrowserLogin => login::answer(&visit).await,
        Endpoint::BrowserCallback => callback::answer(&visit).await,
        _ => {
            let error = Error::new(ErrorKind::Internal, "a page has no answer");
            visit.failed(&error, visit.login_path(&[]))
        }
    }
}

/// The page of a request that broke, in our own words: the pages of the host app may be what broke.
pub(super) fn broken(login: &WecomLogin, language: Language) -> Response {
    page_request::broken(&login.0.web, login.0.api.hosts(), language)
}

/// The `Set-Cookie` that makes `/login` wait for a click: in WeCom it would log the person in again without one. It lasts
/// as long as the session could have.
pub(super) fn logged_out(login: &WecomLogin) -> String {
    let absolute = login.0.sessions.config().absolute_timeout;
    BrowserCookies::new(&login.0.web.cookie_names).set(
        cookies::LOGGED_OUT_COOKIE,
        &random::hex::<16>(),
        absolute,
    )
}

/// Whether a login can lead back to this path.
pub(super) fn can_return_to(path: &str) -> bool {
    return_to::ReturnTo::parse(path).is_some()
}
