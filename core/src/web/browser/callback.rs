//! `GET /callback`: from WeCom with a code, or from the page of companies with one of them. The only place that sets
//! the session cookie.

use super::cookies::{Cookies, LOGGED_OUT, is_state};
use super::pages::{CompaniesPage, Company, PageError};
use super::pending::{Beginning, CHOICE_LIFE, Pending as _, PendingChoice, PendingLogin};
use super::visit::{Parameters, Visit};
use crate::error::{ErrorKind, Result};
use crate::ids::CorpId;
use crate::login::Attempt;
use crate::secret::AuthCode;
use crate::session::IssuedSession;
use crate::web::response::Response;
use crate::wecom_login::{BrowserLogin, BrowserReturn, CorpChoice};

pub(super) async fn answer(visit: &Visit<'_>) -> Response {
    let bad_link = || visit.error(PageError::BadLink, visit.login_path(&[]));
    let read = Parameters::read(&visit.call.request.query, &["code", "state", "corpId"]);
    let Some(mut read) = read else { return bad_link() };
    let Some(state) = read.take("state").filter(|state| is_state(state)) else { return bad_link() };
    let (code, corp_id) = (read.take("code"), read.take("corpId"));
    if code.is_none()
        && let Some(corp_id) = corp_id
    {
        let Ok(corp_id) = CorpId::new(corp_id) else { return bad_link() };
        return choose(visit, &state, corp_id).await;
    }
    let content = visit.cookies.read(visit.headers(), &Cookies::state(&state));
    let pending = content.and_then(|content| PendingLogin::open(visit.keys(), &state, content));
    let Some(pending) = pending else {
        return visit.error(PageError::NotThisBrowser, visit.login_path(&[]));
    };
    if visit.login.0.store.now() >= pending.expires_at {
        return over(visit, &state, again(visit, &pending.beginning));
    }
    // The state stays good: on WeCom's page the person may still say yes.
    let Some(code) = code else { return visit.error(PageError::Cancelled, again(visit, &pending.beginning)) };
    finish(visit, &state, pending, AuthCode::new(code)).await
}

async fn finish(visit: &Visit<'_>, state: &str, pending: PendingLogin, code: AuthCode) -> Response {
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
            enter(visit, issued, &pending.beginning, &Cookies::state(state)).await
        }
        Ok(BrowserLogin::Choice { login_code, corps }) => {
            let choice = PendingChoice { login_code, beginning: pending.beginning };
            offer(visit, state, &choice, corps)
                .unwrap_or_else(|error| visit.failed(&error, again(visit, &choice.beginning)))
        }
        Ok(BrowserLogin::Over) => over(visit, state, again(visit, &pending.beginning)),
        Err(error) => visit.failed(&error, again(visit, &pending.beginning)),
    }
}

/// The page of companies. The proof goes into a cookie of its own, in place of the login's.
fn offer(visit: &Visit<'_>, state: &str, choice: &PendingChoice, corps: Vec<CorpChoice>) -> Result<Response> {
    let sealed = choice.seal(visit.keys(), state)?;
    let company = |corp: CorpChoice| {
        let query = [("state", state), ("corpId", corp.corp_id.as_str())];
        let link = visit.web().path_with("/callback", &query);
        let name = if corp.corp_name.is_empty() { corp.corp_id.to_string() } else { corp.corp_name };
        Company { name, link }
    };
    let page = CompaniesPage { companies: corps.into_iter().map(company).collect() };
    let cookies = visit.cookies;
    Ok(visit
        .page(200, None, |pages, frame| pages.companies(frame, &page))
        .with_header("set-cookie", cookies.clear(&Cookies::state(state)))
        .with_header("set-cookie", cookies.set(&Cookies::choice(state), &sealed, CHOICE_LIFE)))
}

async fn choose(visit: &Visit<'_>, state: &str, corp_id: CorpId) -> Response {
    let name = Cookies::choice(state);
    let content = visit.cookies.read(visit.headers(), &name);
    let choice = content.and_then(|content| PendingChoice::open(visit.keys(), state, content));
    let Some(choice) = choice else {
        return visit.error(PageError::NotThisBrowser, visit.login_path(&[]));
    };
    match visit.login.service().choose_in_browser(choice.login_code, corp_id, visit.client()).await {
        Ok(issued) => enter(visit, issued, &choice.beginning, &name).await,
        // Whatever it was, the login code is spent.
        Err(error) => {
            let again = again(visit, &choice.beginning);
            visit.failed(&error, again).with_header("set-cookie", visit.cookies.clear(&name))
        }
    }
}

/// Into the app, with a new token; the session that the browser held before is over.
async fn enter(visit: &Visit<'_>, issued: IssuedSession, beginning: &Beginning, carried: &str) -> Response {
    if let Err(error) = end_former(visit).await {
        return visit.failed(&error, again(visit, beginning));
    }
    let sessions = &visit.login.0.sessions;
    let cookie = visit.web().cookie.set(issued.token.expose(), sessions.settings().absolute);
    let mut response = visit
        .redirect(303, beginning.return_to.as_str())
        .with_header("set-cookie", cookie)
        .with_header("set-cookie", visit.cookies.clear(carried));
    if visit.cookies.read(visit.headers(), LOGGED_OUT).is_some() {
        response = response.with_header("set-cookie", visit.cookies.clear(LOGGED_OUT));
    }
    response
}

async fn end_former(visit: &Visit<'_>) -> Result<()> {
    let Some(former) = visit.web().cookie.read(visit.headers()) else { return Ok(()) };
    let sessions = &visit.login.0.sessions;
    match sessions.verify(former).answer().await {
        Ok(Some(former)) => sessions.end(&former.user).await,
        Ok(None) => Ok(()),
        Err(error) if error.kind() == ErrorKind::TokenInvalid => Ok(()),
        Err(error) => Err(error),
    }
}

fn over(visit: &Visit<'_>, state: &str, again: String) -> Response {
    let response = visit.error(PageError::Over, again);
    response.with_header("set-cookie", visit.cookies.clear(&Cookies::state(state)))
}

/// The link that begins the same login anew.
fn again(visit: &Visit<'_>, beginning: &Beginning) -> String {
    visit.login_path(&beginning.query())
}
