//! The end of a login that stopped at a page of the host app, which found out who the person is: the way back to the
//! callback, where the session begins.

use std::net::{IpAddr, Ipv4Addr};

use bytes::Bytes;
use http::{HeaderMap, Method, Response};

use crate::domain::{LinkTicket, LoginLink};
use crate::error::{Error, ErrorKind, Result};
use crate::web::accept::accepts_html;
use crate::web::body::Body;
use crate::web::browser::cookies::BrowserCookies;
use crate::web::browser::page_request::{PageRequest, redirect};
use crate::web::browser::pending::{
    CHOICE_TTL, FlowPayload as _, LINK_TTL, LoginRequest, PendingChoice, PendingLink,
};
use crate::web::http_service::HttpDeps;
use crate::web::problem::problem;
use crate::web::request::RoutedRequest;
use crate::web::response::{ResponseBody, ResponseExt as _};
use crate::web::route::Endpoint;

/// Sends the browser to the page of the host app. The cookie binds the ticket to this browser.
pub(super) fn redirect_to_link(
    page: &PageRequest<'_>,
    state: &str,
    link: &LoginLink,
    login_request: LoginRequest,
) -> Result<Response<ResponseBody>> {
    let location = link.location();
    if !location.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Error::new(
            ErrorKind::Config,
            "the url of Binding::Link is no URL",
        ));
    }
    let pending = PendingLink {
        expires_at: page.deps.store.now() + LINK_TTL,
        login_request,
    };
    let sealed = pending.seal(page.keys(), state)?;
    let name = BrowserCookies::link_cookie(state);
    Ok(page
        .redirect(303, location)
        .with_header("set-cookie", page.cookies.set(&name, &sealed, LINK_TTL)))
}

/// The answer of the host app's page to the person it found out: a redirect to the callback, with the cookie that enters.
pub(crate) async fn finish(
    deps: &HttpDeps,
    headers: &HeaderMap,
    ticket: &LinkTicket,
    user_id: &str,
) -> Result<Response<ResponseBody>> {
    let cookies = BrowserCookies::new(&deps.config.cookie_names);
    let state = deps.linking.state_of(ticket)?;
    let name = BrowserCookies::link_cookie(&state);
    let pending = cookies
        .read(headers, &name)
        .and_then(|content| PendingLink::open(&deps.keys, &state, content))
        .ok_or_else(|| {
            Error::new(
                ErrorKind::LoginCodeInvalid,
                "the link ticket is of another browser",
            )
        })?;
    let login_code = deps.linking.finish_in_browser(ticket, user_id).await?;
    // Without them the callback asks again.
    let corps = deps.browser_login.corps(login_code.clone()).await;
    let corps = corps.unwrap_or_default();
    let choice = PendingChoice {
        login_code,
        expires_at: deps.store.now() + CHOICE_TTL,
        login_request: pending.login_request,
    };
    let sealed = choice.seal(&deps.keys, &state)?;
    let choice_cookie = BrowserCookies::choice_cookie(&state);
    // Named, the only corp is entered by each repeat of the callback, which leads to the same session.
    let mut query = vec![("state", state.as_str())];
    if let [only] = corps.as_slice() {
        query.push(("corpId", only.corp_id.as_str()));
    }
    let callback = deps.config.path_with("/callback", &query);
    Ok(redirect(303, callback)
        .with_header(
            "set-cookie",
            cookies.set(&choice_cookie, &sealed, CHOICE_TTL),
        )
        .with_header("set-cookie", cookies.clear(&name)))
}

/// The answer where a login could not be finished: our page for a browser, otherwise a problem.
pub(crate) fn failed(
    deps: &HttpDeps,
    headers: &HeaderMap,
    error: &Error,
) -> Response<ResponseBody> {
    if !accepts_html(headers) {
        return problem(error);
    }
    let request = RoutedRequest {
        endpoint: Endpoint::BrowserCallback,
        path: "/callback",
        variable: None,
        method: Method::GET,
        query: String::new(),
        headers: headers.clone(),
        body: Body::Complete(Bytes::new()),
        client: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        is_proxied: false,
    };
    let page = PageRequest::new(deps, &request);
    page.failed(error, page.login_path(&[]))
}
