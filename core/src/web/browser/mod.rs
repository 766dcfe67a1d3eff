//! The browser's way in: `GET /login` leads to WeCom, `GET /callback` comes back with a code.
//!
//! Between the two everything is in the browser: a cookie named after the `state`, sealed under the data keys. Nothing
//! is written before a code was accepted. The same holds for the choice among companies: its cookie holds a login code,
//! the link of a company names the state, and one without the other is worth nothing.

mod account_link;
mod branding;
mod callback;
mod cookies;
mod corp_selection;
pub(in crate::web) mod escape;
mod flow_cookie;
mod flow_end;
mod language;
mod login;
mod login_query;
mod messages;
mod origin_path;
mod page_request;
mod pages;
mod pending;
mod qr_panel;
mod return_to;
mod templates;
mod way_to_wecom;

#[cfg(all(test, feature = "sqlite"))]
mod tests;

pub(super) use account_link::{failed as login_failed, finish as finish_login};
pub use branding::Branding;
pub(crate) use branding::PageConfig;
pub use language::Language;
pub use pages::{
    ConfirmPage, CorpOption, CorpSelectionPage, CorpSwitchPage, ErrorPage, OrganizationCodePage,
    PageError, PageFrame, PageRenderer, QrPanelPage,
};
pub use qr_panel::QrPanel;

use http::Response;

use crate::error::{Error, ErrorKind};
use crate::random;
use crate::web::browser::cookies::BrowserCookies;
use crate::web::browser::page_request::PageRequest;
use crate::web::http_service::HttpDeps;
use crate::web::request::RoutedRequest;
use crate::web::response::ResponseBody;
use crate::web::route::Endpoint;

pub(super) async fn answer(deps: &HttpDeps, request: &RoutedRequest) -> Response<ResponseBody> {
    let page = PageRequest::new(deps, request);
    match request.endpoint {
        Endpoint::BrowserLogin => login::answer(&page).await,
        Endpoint::BrowserCallback => callback::answer(&page).await,
        _ => {
            let error = Error::new(ErrorKind::Internal, "a page has no answer");
            page.failed(&error, page.login_path(&[]))
        }
    }
}

/// The page of a request whose handler panicked, in our own words: the host app's pages may be what panicked.
pub(super) fn broken(deps: &HttpDeps, language: Language) -> Response<ResponseBody> {
    page_request::broken(&deps.config, &deps.hosts, language)
}

/// The `Set-Cookie` that makes `/login` wait for a click: within WeCom it would log the person in again without one. It
/// lasts as long as the session could have.
pub(super) fn logged_out(deps: &HttpDeps) -> String {
    let absolute = deps.sessions.config().absolute_timeout;
    BrowserCookies::new(&deps.config.cookie_names).set(
        cookies::LOGGED_OUT_COOKIE,
        &random::hex::<16>(),
        absolute,
    )
}

/// Whether a login can lead back to this path.
pub(super) fn can_return_to(path: &str) -> bool {
    return_to::ReturnTo::parse(path).is_some()
}
