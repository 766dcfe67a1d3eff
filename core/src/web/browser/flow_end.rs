//! The ends of a browser's login: the session cookie and the way into the app, or a page that says why not.

use http::Response;

use crate::error::{ErrorKind, Result};
use crate::session::{CurrentUser, IssuedSession};
use crate::web::browser::cookies::{CORP_COOKIE, LOGGED_OUT_COOKIE};
use crate::web::browser::page_request::PageRequest;
use crate::web::browser::pages::PageError;
use crate::web::browser::pending::{CorpSelector, LoginRequest};
use crate::web::browser::way_to_wecom::COMPANY_COOKIE_MAX_AGE;
use crate::web::response::{ResponseBody, ResponseExt as _};

/// Sets the session cookie and redirects into the app; the session that the browser had before is revoked.
pub(super) async fn log_in(
    page: &PageRequest<'_>,
    issued: IssuedSession,
    login_request: &LoginRequest,
) -> Response<ResponseBody> {
    let sessions = &page.deps.sessions;
    if let Err(error) = revoke_former(page, &issued.user).await {
        // The new session goes on: another answer may have handed its token out, and a repeat gets it.
        return page.failed(&error, retry_url(page, login_request));
    }
    let cookie = page
        .config()
        .cookie
        .set(issued.token.expose(), sessions.config().absolute_timeout);
    let mut response = page
        .redirect(303, login_request.return_to.as_str())
        .with_header("set-cookie", cookie);
    if let Some(cookie) = remember_corp(page, &login_request.corp_selector) {
        response = response.with_header("set-cookie", cookie);
    }
    if page
        .cookies
        .read(page.headers(), LOGGED_OUT_COOKIE)
        .is_some()
    {
        response = response.with_header("set-cookie", page.cookies.clear(LOGGED_OUT_COOKIE));
    }
    response
}
pub(super) async fn expired(
    page: &PageRequest<'_>,
    login_request: &LoginRequest,
) -> Response<ResponseBody> {
    let url = continue_url(page, Some(login_request)).await;
    page.ended(PageError::Expired, retry_url(page, login_request), url)
}
pub(super) async fn state_mismatch(page: &PageRequest<'_>) -> Response<ResponseBody> {
    let url = continue_url(page, None).await;
    page.ended(PageError::StateMismatch, page.login_path(&[]), url)
}
/// The link that starts the same login again.
pub(super) fn retry_url(page: &PageRequest<'_>, login_request: &LoginRequest) -> String {
    page.login_path(&login_request.query())
}

/// The `Set-Cookie` that remembers the corp for the next login. An organization code was remembered when it was typed.
fn remember_corp(page: &PageRequest<'_>, corp_selector: &CorpSelector) -> Option<String> {
    let cookies = page.cookies;
    match corp_selector {
        CorpSelector::CorpId(corp_id) => {
            Some(cookies.set(CORP_COOKIE, corp_id.as_str(), COMPANY_COOKIE_MAX_AGE))
        }
        CorpSelector::OrganizationCode(_) => cookies
            .read(page.headers(), CORP_COOKIE)
            .map(|_| cookies.clear(CORP_COOKIE)),
        CorpSelector::Only => None,
    }
}

/// Revokes the session that the browser had, unless it is the new one: a second click brings that back.
async fn revoke_former(page: &PageRequest<'_>, new: &CurrentUser) -> Result<()> {
    match current_session(page).await? {
        Some(former) if former.session_id() != new.session_id() => {
            page.deps.sessions.revoke(&former).await
        }
        _ => Ok(()),
    }
}
/// The live session of the browser.
pub(super) async fn current_session(page: &PageRequest<'_>) -> Result<Option<CurrentUser>> {
    let cookie = page
        .config()
        .verify_cookie(&page.deps.sessions, page.headers());
    match cookie.resolve().await {
        Ok(verified) => Ok(verified.map(|verified| verified.user)),
        Err(error) if error.kind() == ErrorKind::TokenInvalid => Ok(None),
        Err(error) => Err(error),
    }
}
/// The link into the app for a person who is logged in all the same, and came here by the back button.
async fn continue_url(
    page: &PageRequest<'_>,
    login_request: Option<&LoginRequest>,
) -> Option<String> {
    current_session(page).await.ok().flatten()?;
    Some(login_request.map_or_else(
        || page.config().home(),
        |login_request| login_request.return_to.clone(),
    ))
}
