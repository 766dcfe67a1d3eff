//! The browser's way in: `GET /login` leads to WeCom, `GET /callback` comes back with a code.
//!
//! Between the two everything is in the browser: a cookie named after the `state`, sealed under the data keys. Nothing
//! is written before a code was accepted. The same holds for the choice among companies: its cookie holds a login code,
//! the link of a company names the state, and one without the other is worth nothing.

mod branding;
mod callback;
mod cookies;
mod language;
mod login;
mod pages;
mod panel;
mod pending;
mod return_to;
mod shell;
mod texts;
mod views;
mod visit;

#[cfg(all(test, feature = "sqlite"))]
mod tests;

use std::time::Duration;

pub use branding::Branding;
pub(crate) use branding::Look;
pub use language::Language;
pub use pages::{
    CompaniesPage, Company, ConfirmPage, ErrorPage, OrganizationCodePage, PageError, PageFrame, Pages,
    QrPanelPage,
};
pub use panel::QrPanel;

use self::cookies::Cookies;
use self::visit::Visit;
use super::respond::Call;
use super::response::Response;
use super::routes::Endpoint;
use super::settings::Web;
use crate::error::{Error, ErrorKind};
use crate::random;
use crate::wecom_login::WecomLogin;

/// So long `/login` waits for a click after a logout.
const LOGGED_OUT_FOR: Duration = Duration::from_hours(1);

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

/// The `Set-Cookie` that makes `/login` wait for a click: in WeCom it would log the person in again without one.
pub(super) fn logged_out(web: &Web) -> String {
    Cookies::new(&web.public_url).set(cookies::LOGGED_OUT, &random::hex::<16>(), LOGGED_OUT_FOR)
}
