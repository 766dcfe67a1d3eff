//! `GET /callback`: from WeCom with a code, or from the page of companies with one of them. The only place that sets
//! the session cookie.

use crate::app::{BrowserLogin, BrowserReturn, CorpChoice};
use crate::domain::CorpId;
use crate::domain::OAuthCode;
use crate::error::{Error, ErrorKind, Result};
use crate::login::Attempt;
use crate::query::Query;
use crate::session::{CurrentUser, IssuedSession};
use crate::web::browser::cookies::{BrowserCookies, LOGGED_OUT_COOKIE, is_state};
use crate::web::browser::page_request::Visit;
use crate::web::browser::pages::{CorpOption, CorpSelectionPage, PageError};
use crate::web::browser::pending::{
    CHOICE_TTL, FlowPayload as _, LoginRequest, PendingChoice, PendingLogin,
};
use crate::web::response::Response;

pub(super) async fn answer(visit: &Visit<'_>) -> Response {
    let bad_link = || visit.error(PageError::BadLink, visit.login_path(&[]));
    let query = Query::parse_known(&visit.call.request.query, &["code", "state", "corpId"]);
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
        (Some(code), _) => come_back(visit, &state, Some(OAuthCode::new(code))).await,
        (None, Some(corp_id)) => match CorpId::new(corp_id) {
            Ok(corp_id) => choose(visit, &state, corp_id).await,
            Err(_) => bad_link(),
        },
        (None, None) => match pending_choice(visit, &state) {
            Some(choice) => offer(visit, &state, &choice).await,
            None => come_back(visit, &state, None).await,
        },
    }
}

/// From WeCom; without a code the person said no.
async fn come_back(visit: &Visit<'_>, state: &str, code: Option<OAuthCode>) -> Response {
    let content = visit
        .cookies
        .read(visit.headers(), &BrowserCookies::login_cookie(state));
    let pending = content.and_then(|content| PendingLogin::open(visit.keys(), state, content));
    let Some(pending) = pending else {
        return not_this_browser(visit).await;
    };
    if visit.login.0.store.now() >= pending.expires_at {
        return over(
            visit,
            &BrowserCookies::login_cookie(state),
            &pending.login_request,
        )
        .await;
    }
    // The state stays good: on WeCom's page the person may still say yes.
    let Some(code) = code else {
        return visit.error(PageError::Cancelled, again(visit, &pending.login_request));
    };
    finish(visit, state, pending, code).await
}

async fn finish(
    visit: &Visit<'_>,
    state: &str,
    pending: PendingLogin,
    code: OAuthCode,
) -> Response {
    let returned = BrowserReturn {
        attempt: Attempt {
            suite_id: pending.suite_id.clone(),
            corp_id: pending.corp_id.clone(),
            code,
            client: visit.client(),
            stated: true,
        },
        epoch: pending.epoch,
        login_type: pending.login_type,
        state: state.to_owned(),
        expires_at: pending.expires_at,
    };
    match visit.login.service().finish_in_browser(returned).await {
        Ok(BrowserLogin::Session(issued)) => {
            enter(
                visit,
                issued,
                &pending.login_request,
                &BrowserCookies::login_cookie(state),
            )
            .await
        }
        Ok(BrowserLogin::Choice { login_code }) => {
            let expires_at = visit.login.0.store.now() + CHOICE_TTL;
            let choice = PendingChoice {
                login_code,
                expires_at,
                login_request: pending.login_request,
            };
            lead_to_choice(visit, state, &choice)
                .unwrap_or_else(|error| visit.failed(&error, again(visit, &choice.login_request)))
        }
        Ok(BrowserLogin::Over) => {
            over(
                visit,
                &BrowserCookies::login_cookie(state),
                &pending.login_request,
            )
            .await
        }
        Err(error) => visit.failed(&error, again(visit, &pending.login_request)),
    }
}

/// To the page of companies, away from the URL with the code. The proof goes into a cookie of its own, in place of the
/// login's.
fn lead_to_choice(visit: &Visit<'_>, state: &str, choice: &PendingChoice) -> Result<Response> {
    let sealed = choice.seal(visit.keys(), state)?;
    Ok(visit
        .redirect(303, choice_path(visit, state))
        .with_header(
            "set-cookie",
            visit.cookies.clear(&BrowserCookies::login_cookie(state)),
        )
        .with_header(
            "set-cookie",
            visit
                .cookies
                .set(&BrowserCookies::choice_cookie(state), &sealed, CHOICE_TTL),
        ))
}

/// The page of companies. It may be loaded again: not the page spends the proof, but the choice.
async fn offer(visit: &Visit<'_>, state: &str, choice: &PendingChoice) -> Response {
    let name = BrowserCookies::choice_cookie(state);
    if visit.login.0.store.now() >= choice.expires_at {
        return over(visit, &name, &choice.login_request).await;
    }
    match visit
        .login
        .service()
        .companies_in_browser(choice.login_code.clone())
        .await
    {
        Ok(corps) => {
            let page = CorpSelectionPage {
                corps: corp_options(visit, state, &corps),
            };
            visit.page(200, None, |pages, frame| pages.corp_selection(frame, &page))
        }
        Err(error) => choice_failed(visit, state, choice, &error).await,
    }
}

fn corp_options(visit: &Visit<'_>, state: &str, corps: &[CorpChoice]) -> Vec<CorpOption> {
    let company = |corp: &CorpChoice| {
        let query = [("state", state), ("corpId", corp.corp_id.as_str())];
        CorpOption {
            name: name(corp, corps),
            url: visit.web().path_with("/callback", &query),
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

async fn choose(visit: &Visit<'_>, state: &str, corp_id: CorpId) -> Response {
    let Some(choice) = pending_choice(visit, state) else {
        return not_this_browser(visit).await;
    };
    let login_code = choice.login_code.clone();
    match visit
        .login
        .service()
        .choose_in_browser(login_code, corp_id, visit.client())
        .await
    {
        Ok(issued) => {
            enter(
                visit,
                issued,
                &choice.login_request,
                &BrowserCookies::choice_cookie(state),
            )
            .await
        }
        Err(error) => choice_failed(visit, state, &choice, &error).await,
    }
}

/// The proof is spent, whatever it was, unless the code was not even looked at: then it can be tried again.
async fn choice_failed(
    visit: &Visit<'_>,
    state: &str,
    choice: &PendingChoice,
    error: &Error,
) -> Response {
    let name = BrowserCookies::choice_cookie(state);
    match error.kind() {
        ErrorKind::RateLimited | ErrorKind::StoreUnavailable => {
            visit.failed(error, choice_path(visit, state))
        }
        ErrorKind::LoginCodeInvalid => over(visit, &name, &choice.login_request).await,
        _ => {
            let response = visit.failed(error, again(visit, &choice.login_request));
            response.with_header("set-cookie", visit.cookies.clear(&name))
        }
    }
}

/// Into the app, with a new token; the session that the browser held before is over.
async fn enter(
    visit: &Visit<'_>,
    issued: IssuedSession,
    login_request: &LoginRequest,
    cookie_name: &str,
) -> Response {
    let sessions = &visit.login.0.sessions;
    if let Err(error) = end_former(visit, &issued.user).await {
        // Nobody gets to know the new token: its session is over too.
        if let Err(error) = sessions.revoke(&issued.user).await {
            tracing::warn!(target: "wecom_login", %error, "a session that nobody holds was not ended");
        }
        return visit.failed(&error, again(visit, login_request));
    }
    let cookie = visit
        .web()
        .cookie
        .set(issued.token.expose(), sessions.config().absolute_timeout);
    let mut response = visit
        .redirect(303, login_request.return_to.as_str())
        .with_header("set-cookie", cookie)
        .with_header("set-cookie", visit.cookies.clear(cookie_name));
    if visit
        .cookies
        .read(visit.headers(), LOGGED_OUT_COOKIE)
        .is_some()
    {
        response = response.with_header("set-cookie", visit.cookies.clear(LOGGED_OUT_COOKIE));
    }
    response
}

/// Ends the session that the browser holds, unless that is the new one: a second click brings it back.
async fn end_former(visit: &Visit<'_>, new: &CurrentUser) -> Result<()> {
    match held(visit).await? {
        Some(former) if former.session_id() != new.session_id() => {
            visit.login.0.sessions.revoke(&former).await
        }
        _ => Ok(()),
    }
}

/// Whose live session the browser holds.
async fn held(visit: &Visit<'_>) -> Result<Option<CurrentUser>> {
    let Some(token) = visit.web().cookie.read(visit.headers()) else {
        return Ok(None);
    };
    match visit.login.0.sessions.verify(token).resolve().await {
        Ok(verified) => Ok(verified.map(|verified| verified.user)),
        Err(error) if error.kind() == ErrorKind::TokenInvalid => Ok(None),
        Err(error) => Err(error),
    }
}

fn pending_choice(visit: &Visit<'_>, state: &str) -> Option<PendingChoice> {
    let content = visit
        .cookies
        .read(visit.headers(), &BrowserCookies::choice_cookie(state))?;
    PendingChoice::open(visit.keys(), state, content)
}

async fn not_this_browser(visit: &Visit<'_>) -> Response {
    let continue_url = way_on(visit, None).await;
    visit.ended(
        PageError::StateMismatch,
        visit.login_path(&[]),
        continue_url,
    )
}

async fn over(visit: &Visit<'_>, cookie_name: &str, login_request: &LoginRequest) -> Response {
    let continue_url = way_on(visit, Some(login_request)).await;
    let response = visit.ended(
        PageError::Expired,
        again(visit, login_request),
        continue_url,
    );
    response.with_header("set-cookie", visit.cookies.clear(cookie_name))
}

/// Into the app, for whoever is logged in all the same: they came here by the back button.
async fn way_on(visit: &Visit<'_>, login_request: Option<&LoginRequest>) -> Option<String> {
    held(visit).await.ok().flatten()?;
    Some(login_request.map_or_else(
        || visit.web().home(),
        |login_request| login_request.return_to.clone(),
    ))
}

/// The page of companies.
fn choice_path(visit: &Visit<'_>, state: &str) -> String {
    visit.web().path_with("/callback", &[("state", state)])
}

/// The link that begins the same login anew.
fn again(visit: &Visit<'_>, login_request: &LoginRequest) -> String {
    visit.login_path(&login_request.query())
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
