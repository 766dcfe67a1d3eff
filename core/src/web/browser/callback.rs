//! `GET /callback`: from WeCom with a code, or from the page of companies with one of them. The only place that sets
//! the session cookie.

use http::Response;

use crate::domain::CorpId;
use crate::domain::OAuthCode;
use crate::error::{Error, ErrorKind, Result};
use crate::login::{AuthAttempt, CallbackOutcome, CorpChoice, OAuthCallback};
use crate::query::Query;
use crate::session::{CurrentUser, IssuedSession};
use crate::web::browser::cookies::{BrowserCookies, LOGGED_OUT_COOKIE, is_state};
use crate::web::browser::page_request::PageRequest;
use crate::web::browser::pages::{CorpOption, CorpSelectionPage, PageError};
use crate::web::browser::pending::{
    CHOICE_TTL, FlowPayload as _, LoginRequest, PendingChoice, PendingLogin,
};
use crate::web::response::{ResponseBody, ResponseExt as _};

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
        (Some(code), _) => come_back(page, &state, Some(OAuthCode::new(code))).await,
        (None, Some(corp_id)) => match CorpId::new(corp_id) {
            Ok(corp_id) => choose(page, &state, corp_id).await,
            Err(_) => bad_link(),
        },
        (None, None) => match pending_choice(page, &state) {
            Some(choice) => offer(page, &state, &choice).await,
            None => come_back(page, &state, None).await,
        },
    }
}

/// From WeCom; without a code the person said no.
async fn come_back(
    page: &PageRequest<'_>,
    state: &str,
    code: Option<OAuthCode>,
) -> Response<ResponseBody> {
    let content = page
        .cookies
        .read(page.headers(), &BrowserCookies::login_cookie(state));
    let pending = content.and_then(|content| PendingLogin::open(page.keys(), state, content));
    let Some(pending) = pending else {
        return not_this_browser(page).await;
    };
    if page.deps.store.now() >= pending.expires_at {
        return expired(
            page,
            &BrowserCookies::login_cookie(state),
            &pending.login_request,
        )
        .await;
    }
    // The state stays good: on WeCom's page the person may still say yes.
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
            state_verified: true,
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
            lead_to_choice(page, state, &choice)
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

/// To the page of companies, away from the URL with the code. The proof goes into a cookie of its own, in place of the
/// login's.
fn lead_to_choice(
    page: &PageRequest<'_>,
    state: &str,
    choice: &PendingChoice,
) -> Result<Response<ResponseBody>> {
    let sealed = choice.seal(page.keys(), state)?;
    Ok(page
        .redirect(303, choice_path(page, state))
        .with_header(
            "set-cookie",
            page.cookies.clear(&BrowserCookies::login_cookie(state)),
        )
        .with_header(
            "set-cookie",
            page.cookies
                .set(&BrowserCookies::choice_cookie(state), &sealed, CHOICE_TTL),
        ))
}

/// The page of companies. It may be loaded again: not the page spends the proof, but the choice.
async fn offer(
    page: &PageRequest<'_>,
    state: &str,
    choice: &PendingChoice,
) -> Response<ResponseBody> {
    let name = BrowserCookies::choice_cookie(state);
    if page.deps.store.now() >= choice.expires_at {
        return expired(page, &name, &choice.login_request).await;
    }
    match page
        .deps
        .browser_login
        .corps(choice.login_code.clone())
        .await
    {
        Ok(corps) => {
            let corp_selection_page = CorpSelectionPage {
                corps: corp_options(page, state, &corps),
            };
            page.page(200, None, |pages, frame| {
                pages.corp_selection(frame, &corp_selection_page)
            })
        }
        Err(error) => choice_failed(page, state, choice, &error).await,
    }
}

fn corp_options(page: &PageRequest<'_>, state: &str, corps: &[CorpChoice]) -> Vec<CorpOption> {
    let company = |corp: &CorpChoice| {
        let query = [("state", state), ("corpId", corp.corp_id.as_str())];
        CorpOption {
            name: name(corp, corps),
            url: page.config().path_with("/callback", &query),
        }
    };
    corps.iter().map(company).collect()
}

/// What a company is called among these: where two have one name, their ids tell them apart.
fn name(corp: &CorpChoice, corps: &[CorpChoice]) -> String {
    match corps
        .iter()
        .filter(|other| other.corp_name == corp.corp_name)
        .count()
    {
        _ if corp.corp_name.is_empty() => corp.corp_id.to_string(),
        1 => corp.corp_name.clone(),
        _ => format!("{} ({})", corp.corp_name, corp.corp_id),
    }
}

async fn choose(page: &PageRequest<'_>, state: &str, corp_id: CorpId) -> Response<ResponseBody> {
    let Some(choice) = pending_choice(page, state) else {
        return not_this_browser(page).await;
    };
    let login_code = choice.login_code.clone();
    match page
        .deps
        .browser_login
        .choose(login_code, corp_id, page.client())
        .await
    {
        Ok(issued) => {
            log_in(
                page,
                issued,
                &choice.login_request,
                &BrowserCookies::choice_cookie(state),
            )
            .await
        }
        Err(error) => choice_failed(page, state, &choice, &error).await,
    }
}

/// The proof is spent, whatever it was, unless the code was not even looked at: then it can be tried again.
async fn choice_failed(
    page: &PageRequest<'_>,
    state: &str,
    choice: &PendingChoice,
    error: &Error,
) -> Response<ResponseBody> {
    let name = BrowserCookies::choice_cookie(state);
    match error.kind() {
        ErrorKind::RateLimited | ErrorKind::StoreUnavailable => {
            page.failed(error, choice_path(page, state))
        }
        ErrorKind::LoginCodeInvalid => expired(page, &name, &choice.login_request).await,
        _ => {
            let response = page.failed(error, retry_url(page, &choice.login_request));
            response.with_header("set-cookie", page.cookies.clear(&name))
        }
    }
}

/// Into the app, with a new token; the session that the browser held before is over.
async fn log_in(
    page: &PageRequest<'_>,
    issued: IssuedSession,
    login_request: &LoginRequest,
    cookie_name: &str,
) -> Response<ResponseBody> {
    let sessions = &page.deps.sessions;
    if let Err(error) = end_former(page, &issued.user).await {
        // Nobody gets to know the new token: its session is over too.
        if let Err(error) = sessions.revoke(&issued.user).await {
            tracing::warn!(target: "wecom_login", %error, "a session that nobody holds was not ended");
        }
        return page.failed(&error, retry_url(page, login_request));
    }
    let cookie = page
        .config()
        .cookie
        .set(issued.token.expose(), sessions.config().absolute_timeout);
    let mut response = page
        .redirect(303, login_request.return_to.as_str())
        .with_header("set-cookie", cookie)
        .with_header("set-cookie", page.cookies.clear(cookie_name));
    if page
        .cookies
        .read(page.headers(), LOGGED_OUT_COOKIE)
        .is_some()
    {
        response = response.with_header("set-cookie", page.cookies.clear(LOGGED_OUT_COOKIE));
    }
    response
}

/// Ends the session that the browser holds, unless that is the new one: a second click brings it back.
async fn end_former(page: &PageRequest<'_>, new: &CurrentUser) -> Result<()> {
    match current_session(page).await? {
        Some(former) if former.session_id() != new.session_id() => {
            page.deps.sessions.revoke(&former).await
        }
        _ => Ok(()),
    }
}

/// Whose live session the browser holds.
async fn current_session(page: &PageRequest<'_>) -> Result<Option<CurrentUser>> {
    let Some(token) = page.config().cookie.read(page.headers()) else {
        return Ok(None);
    };
    match page.deps.sessions.verify(token).resolve().await {
        Ok(verified) => Ok(verified.map(|verified| verified.user)),
        Err(error) if error.kind() == ErrorKind::TokenInvalid => Ok(None),
        Err(error) => Err(error),
    }
}

fn pending_choice(page: &PageRequest<'_>, state: &str) -> Option<PendingChoice> {
    let content = page
        .cookies
        .read(page.headers(), &BrowserCookies::choice_cookie(state))?;
    PendingChoice::open(page.keys(), state, content)
}

async fn not_this_browser(page: &PageRequest<'_>) -> Response<ResponseBody> {
    let url = continue_url(page, None).await;
    page.ended(PageError::StateMismatch, page.login_path(&[]), url)
}

async fn expired(
    page: &PageRequest<'_>,
    cookie_name: &str,
    login_request: &LoginRequest,
) -> Response<ResponseBody> {
    let url = continue_url(page, Some(login_request)).await;
    let response = page.ended(PageError::Expired, retry_url(page, login_request), url);
    response.with_header("set-cookie", page.cookies.clear(cookie_name))
}

/// Into the app, for whoever is logged in all the same: they came here by the back button.
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

/// The page of companies.
fn choice_path(page: &PageRequest<'_>, state: &str) -> String {
    page.config().path_with("/callback", &[("state", state)])
}

/// The link that begins the same login anew.
fn retry_url(page: &PageRequest<'_>, login_request: &LoginRequest) -> String {
    page.login_path(&login_request.query())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn companies_of_one_name_are_told_apart() {
        let corp =
            |id: &str, name: &str| CorpChoice::new(CorpId::new(id).unwrap(), name.to_owned());
        let corps = [
            corp("ww1", "Acme"),
            corp("ww2", ""),
            corp("ww3", "Acme"),
            corp("ww4", "Other"),
            corp("ww5", ""),
        ];
        let names: Vec<_> = corps.iter().map(|corp| name(corp, &corps)).collect();
        assert_eq!(names, ["Acme (ww1)", "ww2", "Acme (ww3)", "Other", "ww5"]);
    }
}
