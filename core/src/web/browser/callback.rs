//! `GET /callback`: from WeCom with a code, or from the page of corps with one of them. The only route that sets the
//! session cookie.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use http::Response;

use crate::domain::{CorpId, OAuthCode};
use crate::login::{AttemptState, AuthAttempt, CallbackOutcome, OAuthCallback};
use crate::query::Query;
use crate::web::browser::account_link::redirect_to_link;
use crate::web::browser::cookies::{BrowserCookies, is_state};
use crate::web::browser::corp_selection::{choose, offer, pending_choice, redirect_to_choice};
use crate::web::browser::flow_end::{expired, log_in, retry_url, state_mismatch};
use crate::web::browser::page_request::PageRequest;
use crate::web::browser::pages::PageError;
use crate::web::browser::pending::{
    CHOICE_TTL, FINISHED_LOGIN_COOKIE_MAX_AGE, FlowPayload as _, PendingChoice, PendingLogin,
};
use crate::web::navigation::is_prefetch;
use crate::web::response::{ResponseBody, ResponseExt as _};

pub(super) async fn answer(page: &PageRequest<'_>) -> Response<ResponseBody> {
    // Nobody has followed the link yet: neither the code nor the choice is used up.
    if is_prefetch(page.headers()) {
        return page.not_now();
    }
    let bad_link = || page.error(PageError::BadLink, page.login_path(&[]));
    let query = Query::parse_known(&page.request.query, &["code", "state", "corpId"]);
    let Ok(mut query) = query else {
        return bad_link();
    };
    let Some(state) = query
        .take_non_blank("state")
        .filter(|state| is_state(state))
    else {
        return bad_link();
    };
    let (code, corp_id) = (query.take_non_blank("code"), query.take_non_blank("corpId"));
    match (code, corp_id) {
        (Some(code), _) => resume(page, &state, Some(OAuthCode::new(code))).await,
        (None, Some(corp_id)) => match CorpId::new(corp_id) {
            Ok(corp_id) => choose(page, &state, corp_id).await,
            Err(_) => bad_link(),
        },
        (None, None) => match pending_choice(page, &state) {
            Some(choice) => offer(page, &state, &choice).await,
            None => resume(page, &state, None).await,
        },
    }
}

/// Resumes a login that came back from WeCom; without a code the person declined.
async fn resume(
    page: &PageRequest<'_>,
    state: &str,
    code: Option<OAuthCode>,
) -> Response<ResponseBody> {
    let name = BrowserCookies::login_cookie(state);
    let content = page.cookies.read(page.headers(), &name);
    let pending = content.and_then(|content| PendingLogin::open(page.keys(), state, content));
    let Some(pending) = pending else {
        return state_mismatch(page).await;
    };
    if page.deps.store.now() >= pending.expires_at {
        let response = expired(page, &pending.login_request).await;
        return response.with_header("set-cookie", page.cookies.clear(&name));
    }
    // The state stays valid: on WeCom's page the person may still accept.
    let Some(code) = code else {
        return page.error(
            PageError::Cancelled,
            retry_url(page, &pending.login_request),
        );
    };
    finish(page, state, pending, code).await
}

async fn finish(
    page: &PageRequest<'_>,
    state: &str,
    pending: PendingLogin,
    code: OAuthCode,
) -> Response<ResponseBody> {
    let returned = OAuthCallback {
        attempt: Arc::new(AuthAttempt {
            suite_id: pending.suite_id.clone(),
            corp_id: pending.corp_id.clone(),
            code: code.into(),
            client: page.client(),
            state: AttemptState::Ours(state.to_owned()),
            is_code_accepted: AtomicBool::new(false),
        }),
        epoch: pending.epoch,
        login_type: pending.login_type,
        state: state.to_owned(),
        expires_at: pending.expires_at,
        secret: pending.secret,
        headers: page.headers().clone().into(),
    };
    match page.deps.browser_login.finish(returned).await {
        Ok(CallbackOutcome::LoggedIn(issued)) => {
            let response = log_in(page, issued, &pending.login_request).await;
            keep_for_repeats(page, state, response)
        }
        Ok(CallbackOutcome::ChooseCorp { login_code }) => {
            let expires_at = page.deps.store.now() + CHOICE_TTL;
            let choice = PendingChoice {
                login_code,
                expires_at,
                login_request: pending.login_request,
            };
            redirect_to_choice(page, state, &choice)
                .map(|response| keep_for_repeats(page, state, response))
                .unwrap_or_else(|error| page.failed(&error, retry_url(page, &choice.login_request)))
        }
        Ok(CallbackOutcome::Link(link)) => {
            redirect_to_link(page, state, &link, pending.login_request.clone())
                .map(|response| keep_for_repeats(page, state, response))
                .unwrap_or_else(|error| {
                    page.failed(&error, retry_url(page, &pending.login_request))
                })
        }
        Ok(CallbackOutcome::Expired) => {
            // The cookie stays: it knows where the person was going, who may come here again by the back button.
            expired(page, &pending.login_request).await
        }
        Err(error) => page.failed(&error, retry_url(page, &pending.login_request)),
    }
}

/// Sets the cookie of a login that came to its end again, for the repeats of its callback. A browser that does not get
/// this answer keeps it from before.
fn keep_for_repeats(
    page: &PageRequest<'_>,
    state: &str,
    response: Response<ResponseBody>,
) -> Response<ResponseBody> {
    let name = BrowserCookies::login_cookie(state);
    match page.cookies.read(page.headers(), &name) {
        Some(content) => response.with_header(
            "set-cookie",
            page.cookies
                .set(&name, content, FINISHED_LOGIN_COOKIE_MAX_AGE),
        ),
        None => response,
    }
}
