//! `GET /login`: the company that is meant, and whether the person has to click first.

use http::Response;

use crate::domain::{CorpId, SuiteId};
use crate::error::{ErrorKind, Result};
use crate::login::CorpChoice;
use crate::web::browser::cookies::{CORP_COOKIE, LOGGED_OUT_COOKIE, ORGANIZATION_COOKIE, is_state};
use crate::web::browser::corp_selection::display_name;
use crate::web::browser::flow_end::current_session;
use crate::web::browser::login_query::LoginQuery;
use crate::web::browser::page_request::PageRequest;
use crate::web::browser::pages::{
    ConfirmPage, CorpOption, CorpSwitchPage, OrganizationCodePage, PageError,
};
use crate::web::browser::pending::CorpSelector;
use crate::web::browser::way_to_wecom::{begin, is_wecom};
use crate::web::navigation::is_from_another_site;
use crate::web::response::{ResponseBody, ResponseExt as _};

pub(super) async fn answer(page: &PageRequest<'_>) -> Response<ResponseBody> {
    let Some(mut query) = LoginQuery::read(&page.request.query, page.config()) else {
        return page.error(PageError::BadLink, page.login_path(&[]));
    };
    let mut is_remembered = false;
    if !query.names_company() && page.deps.instances.only_corp().is_none() {
        // Within WeCom nobody types a code; elsewhere the person may want another company.
        is_remembered = is_wecom(page.headers()) && remembered_company(page, &mut query);
        if !is_remembered {
            return ask(page, &query, false).await;
        }
    }
    let logged_out = logged_out(page);
    if let Some(mark) = logged_out
        && query.confirmed.as_deref() != Some(mark)
    {
        return confirm(page, &query, mark);
    }
    let begun = lead_on(page, &query);
    let refusals = &page.deps.refusals;
    match refusals
        .watch(page.client(), query.corp_id.clone(), begun)
        .await
    {
        Ok(response) if logged_out.is_some() => {
            response.with_header("set-cookie", page.cookies.clear(LOGGED_OUT_COOKIE))
        }
        Ok(response) => response,
        // The company that is remembered is none to log in to any more.
        Err(error)
            if is_remembered
                && error.kind().status() < 500
                && error.kind() != ErrorKind::RateLimited =>
        {
            (query.corp_id, query.organization_code) = (None, None);
            ask(page, &query, false).await
        }
        Err(error) if error.kind() == ErrorKind::OrgCodeNotFound => ask(page, &query, true).await,
        // A temporary error offers the same login again; after any other one the member may choose another corp.
        Err(error) if error.kind().status() >= 500 || error.kind() == ErrorKind::RateLimited => {
            page.failed(&error, query.link(page, &query.company()))
        }
        Err(error) => page.failed(&error, query.link(page, &[])),
    }
}

/// The mark that a logout left.
fn logged_out<'a>(page: &PageRequest<'a>) -> Option<&'a str> {
    page.cookies
        .read(page.headers(), LOGGED_OUT_COOKIE)
        .filter(|mark| is_state(mark))
}

async fn ask(page: &PageRequest<'_>, query: &LoginQuery, unknown: bool) -> Response<ResponseBody> {
    let mut fields = query.query();
    // To send the form is the click that a logout wants.
    fields.extend(logged_out(page).map(|mark| ("confirm", mark.to_owned())));
    let remembered = || {
        page.cookies
            .read(page.headers(), ORGANIZATION_COOKIE)
            .map(str::to_owned)
    };
    let form = OrganizationCodePage {
        action: page.login_path(&[]),
        hidden_fields: fields,
        prefilled: query
            .organization_code
            .clone()
            .or_else(remembered)
            .unwrap_or_default(),
        is_unknown: unknown,
        last_corp: last_corp(page, query).await,
    };
    let status = if unknown {
        ErrorKind::OrgCodeNotFound.status()
    } else {
        200
    };
    page.page(status, None, |pages, frame| {
        pages.organization_code(frame, &form)
    })
}

fn confirm(page: &PageRequest<'_>, query: &LoginQuery, mark: &str) -> Response<ResponseBody> {
    let [corp_id, organization_code] = query.company();
    let named = [corp_id, organization_code, ("confirm", Some(mark))];
    let confirm_page = ConfirmPage {
        continue_url: query.link(page, &named),
    };
    page.page(200, None, |pages, frame| {
        pages.confirm(frame, &confirm_page)
    })
}

/// The page that asks before a link from another site puts a live session of one company into another.
fn confirm_switch(
    page: &PageRequest<'_>,
    query: &LoginQuery,
    current: &CorpChoice,
    target: &CorpChoice,
) -> Response<ResponseBody> {
    let both = [current.clone(), target.clone()];
    let switch_page = CorpSwitchPage {
        current: display_name(current, &both),
        target: display_name(target, &both),
        // The click comes from our own page.
        continue_url: query.link(page, &query.company()),
        stay_url: page.config().home(),
    };
    page.page(200, None, |pages, frame| {
        pages.corp_switch(frame, &switch_page)
    })
}

async fn lead_on(page: &PageRequest<'_>, query: &LoginQuery) -> Result<Response<ResponseBody>> {
    let (suite_id, corp_id, corp_selector) = company(page, query).await?;
    let service = &page.deps.browser_login;
    let login_target = service.target(suite_id, corp_id).await?;
    if is_from_another_site(page.headers())
        && let Some(user) = current_session(page).await?
    {
        let (suite_id, target) = (&login_target.suite_id, &login_target.corp_id);
        let stays =
            user.suite_id() == suite_id && service.is_same_corp(suite_id, user.corp_id(), target);
        if !stays {
            let current = service.corp_of(&user).await?;
            let target = CorpChoice::new(target.clone(), login_target.corp_name);
            return Ok(confirm_switch(page, query, &current, &target));
        }
    }
    begin(page, query, login_target, corp_selector)
}

/// Puts the company of the last login into a query that names none.
fn remembered_company(page: &PageRequest<'_>, query: &mut LoginQuery) -> bool {
    query.corp_id = remembered_corp(page);
    if query.corp_id.is_none() {
        let code = page.cookies.read(page.headers(), ORGANIZATION_COOKIE);
        query.organization_code = code.map(str::to_owned);
    }
    query.names_company()
}

/// The corp of the last login, where that named it by its id.
fn remembered_corp(page: &PageRequest<'_>) -> Option<CorpId> {
    let corp_id = page.cookies.read(page.headers(), CORP_COOKIE)?;
    CorpId::new(corp_id).ok()
}

/// The way to the corp of the last login, for those who know no organization code.
async fn last_corp(page: &PageRequest<'_>, query: &LoginQuery) -> Option<CorpOption> {
    let corp_id = remembered_corp(page)?;
    let service = &page.deps.browser_login;
    let found = service.corp_of_id(&corp_id, page.client()).await.ok()?;
    let login_target = service.target(found.0, found.1).await.ok()?;
    let corp = CorpChoice::new(login_target.corp_id, login_target.corp_name);
    let mark = logged_out(page);
    let named = [("corpId", Some(corp_id.as_str())), ("confirm", mark)];
    Some(CorpOption {
        name: display_name(&corp, std::slice::from_ref(&corp)),
        url: query.link(page, &named),
    })
}

/// The company that is named, or the only one there is.
async fn company(
    page: &PageRequest<'_>,
    query: &LoginQuery,
) -> Result<(SuiteId, CorpId, CorpSelector)> {
    if let Some(corp_id) = &query.corp_id {
        let (suite_id, resolved) = page
            .deps
            .browser_login
            .corp_of_id(corp_id, page.client())
            .await?;
        return Ok((suite_id, resolved, CorpSelector::CorpId(corp_id.clone())));
    }
    if let Some(code) = &query.organization_code {
        let service = &page.deps.browser_login;
        let (suite_id, corp_id) = service.corp_of_code(code, page.client()).await?;
        return Ok((
            suite_id,
            corp_id,
            CorpSelector::OrganizationCode(code.clone()),
        ));
    }
    let only = page.deps.instances.only_corp();
    let (suite_id, corp_id) = only.ok_or_else(crate::authorization::not_authorized)?;
    Ok((suite_id.clone(), corp_id.clone(), CorpSelector::Only))
}
