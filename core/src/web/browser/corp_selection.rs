//! The choice of a corp at `/callback?state=…`: a page of links for a person who may enter several corps. The links name
//! the state; a cookie of its own holds the login code.

use http::Response;

use crate::domain::CorpId;
use crate::error::{Error, ErrorKind, Result};
use crate::login::CorpChoice;
use crate::web::browser::cookies::BrowserCookies;
use crate::web::browser::flow_end::{expired, log_in, retry_url, state_mismatch};
use crate::web::browser::page_request::PageRequest;
use crate::web::browser::pages::{CorpOption, CorpSelectionPage};
use crate::web::browser::pending::{CHOICE_TTL, FlowPayload as _, PendingChoice};
use crate::web::response::{ResponseBody, ResponseExt as _};

/// Redirects to the page of corps, away from the URL with the code. The login code goes into a cookie of its own.
pub(super) fn redirect_to_choice(
    page: &PageRequest<'_>,
    state: &str,
    choice: &PendingChoice,
) -> Result<Response<ResponseBody>> {
    let sealed = choice.seal(page.keys(), state)?;
    Ok(page.redirect(303, choice_path(page, state)).with_header(
        "set-cookie",
        page.cookies
            .set(&BrowserCookies::choice_cookie(state), &sealed, CHOICE_TTL),
    ))
}
/// The page of corps. It may be loaded again: the choice uses the login code up, not the page.
pub(super) async fn offer(
    page: &PageRequest<'_>,
    state: &str,
    choice: &PendingChoice,
) -> Response<ResponseBody> {
    let name = BrowserCookies::choice_cookie(state);
    if page.deps.store.now() >= choice.expires_at {
        let response = expired(page, &choice.login_request).await;
        return response.with_header("set-cookie", page.cookies.clear(&name));
    }
    match page
        .deps
        .browser_login
        .corps(choice.login_code.clone())
        .await
    {
        // Nothing to choose, such as after the host app found out who the person is.
        Ok(corps) if corps.len() == 1 => choose(page, state, corps[0].corp_id.clone()).await,
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
pub(super) async fn choose(
    page: &PageRequest<'_>,
    state: &str,
    corp_id: CorpId,
) -> Response<ResponseBody> {
    let Some(choice) = pending_choice(page, state) else {
        return state_mismatch(page).await;
    };
    let login_code = choice.login_code.clone();
    match page
        .deps
        .browser_login
        .choose(login_code, corp_id, page.client())
        .await
    {
        // The cookie stays, for the repeats of the choice.
        Ok(issued) => log_in(page, issued, &choice.login_request).await,
        Err(error) => choice_failed(page, state, &choice, &error).await,
    }
}
pub(super) fn pending_choice(page: &PageRequest<'_>, state: &str) -> Option<PendingChoice> {
    let content = page
        .cookies
        .read(page.headers(), &BrowserCookies::choice_cookie(state))?;
    PendingChoice::open(page.keys(), state, content)
}
fn corp_options(page: &PageRequest<'_>, state: &str, corps: &[CorpChoice]) -> Vec<CorpOption> {
    let company = |corp: &CorpChoice| {
        let query = [("state", state), ("corpId", corp.corp_id.as_str())];
        CorpOption {
            name: display_name(corp, corps),
            url: page.config().path_with("/callback", &query),
        }
    };
    corps.iter().map(company).collect()
}
/// The name of a corp among these: where two have the same name, their ids tell them apart.
pub(super) fn display_name(corp: &CorpChoice, corps: &[CorpChoice]) -> String {
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
/// The login code is used up, except where it was not looked at: then the choice can be tried again.
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
        ErrorKind::LoginCodeInvalid => expired(page, &choice.login_request).await,
        _ => {
            let response = page.failed(error, retry_url(page, &choice.login_request));
            response.with_header("set-cookie", page.cookies.clear(&name))
        }
    }
}
/// The page of corps.
fn choice_path(page: &PageRequest<'_>, state: &str) -> String {
    page.config().path_with("/callback", &[("state", state)])
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
        let names: Vec<_> = corps
            .iter()
            .map(|corp| display_name(corp, &corps))
            .collect();
        assert_eq!(names, ["Acme (ww1)", "ww2", "Acme (ww3)", "Other", "ww5"]);
    }
}
