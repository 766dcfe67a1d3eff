//! `GET /callback`: from WeCom with a code, or from the page of corps with one of them. The only route that sets the
//! session cookie.

use http::Response;

use crate::domain::{CorpId, OAuthCode};
use crate::login::{AttemptState, AuthAttempt, CallbackOutcome, OAuthCallback};
use crate::query::Query;
use crate::web::browser::cookies::{BrowserCookies, is_state};
use crate::web::browser::corp_selection::{choose, offer, pending_choice, redirect_to_choice};
use crate::web::browser::flow_end::{expired, log_in, retry_url, state_mismatch};
use crate::web::browser::page_request::PageRequest;
use crate::web::browser::pages::PageError;
use crate::web::browser::pending::{CHOICE_TTL, FlowPayload as _, PendingChoice, PendingLogin};
use crate::web::response::ResponseBody;

pub(super) async fn answer(page: &PageRequest<'_>) -> Response<ResponseBody> {
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
    let content = page
        .cookies
        .read(page.headers(), &BrowserCookies::login_cookie(state));
    let pending = content.and_then(|content| PendingLogin::open(page.keys(), state, content));
    let Some(pending) = pending else {
        return state_mismatch(page).await;
    };
    if page.deps.store.now() >= pending.expires_at {
        return expired(
            page,
            &BrowserCookies::login_cookie(state),
            &pending.login_request,
        )
        .await;
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
        attempt: AuthAttempt {
            suite_id: pending.suite_id.clone(),
            corp_id: pending.corp_id.clone(),
            code,
            client: page.client(),
            state: AttemptState::Ours(state.to_owned()),
        },
        epoch: pending.epoch,
        login_type: pending.login_type,
        state: state.to_owned(),
        expires_at: pending.expires_at,
    };
    match page.deps.browser_login.finish(returned).await {
        Ok(CallbackOutcome::LoggedIn(issued)) => {
            log_in(
                page,
                issued,
                &pending.login_request,
                &BrowserCookies::login_cookie(state),
            )
            .await
        }
        Ok(CallbackOutcome::ChooseCorp { login_code }) => {
            let expires_at = page.deps.store.now() + CHOICE_TTL;
            let choice = PendingChoice {
                login_code,
                expires_at,
                login_request: pending.login_request,
            };
            redirect_to_choice(page, state, &choice)
                .unwrap_or_else(|error| page.failed(&error, retry_url(page, &choice.login_request)))
        }
        Ok(CallbackOutcome::Expired) => {
            expired(
                page,
                &BrowserCookies::login_cookie(state),
                &pending.login_request,
            )
            .await
        }
        Err(error) => page.failed(&error, retry_url(page, &pending.login_request)),
    }
}
