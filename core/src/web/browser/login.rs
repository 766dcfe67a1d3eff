//! `GET /login`: to WeCom, for the company that is named. Nothing is written.

use std::time::Duration;

use http::Response;

use crate::domain::{CorpId, LoginType, SuiteId};
use crate::error::{ErrorKind, Result};
use crate::query::Query;
use crate::random;
use crate::web::browser::cookies::{
    BrowserCookies, LOGGED_OUT_COOKIE, ORGANIZATION_COOKIE, is_state,
};
use crate::web::browser::flow_cookie::cookies_to_evict;
use crate::web::browser::page_request::PageRequest;
use crate::web::browser::pages::{ConfirmPage, OrganizationCodePage, PageError, QrPanelPage};
use crate::web::browser::pending::{
    CorpSelector, FlowPayload as _, LOGIN_COOKIE_MAX_AGE, LOGIN_TTL, LoginRequest, PendingLogin,
};
use crate::web::browser::qr_panel::{QrPanel, panel_parameters};
use crate::web::browser::return_to::ReturnTo;
use crate::web::request::Headers;
use crate::web::response::{ResponseBody, ResponseExt as _};

use crate::wecom::{State, qr_link, workbench_link};

/// An organization code is remembered for the next login.
const ORGANIZATION_COOKIE_MAX_AGE: Duration = Duration::from_hours(180 * 24);

/// What a link to the login page says.
struct LoginQuery {
    return_to: ReturnTo,
    corp_id: Option<CorpId>,
    organization_code: Option<String>,
    /// As it was named; without it, the browser decides.
    mode: Option<LoginType>,
    /// The mark of the logout after which the person clicked.
    confirmed: Option<String>,
}

impl LoginQuery {
    fn read(query: &str, home: &str) -> Option<Self> {
        let known = ["returnTo", "orgCode", "corpId", "mode", "confirm"];
        let mut query = Query::parse_known(query, &known).ok()?;
        Some(Self {
            return_to: ReturnTo::parse_or_root(
                query.take_non_blank("returnTo").as_deref().unwrap_or(home),
            ),
            corp_id: query
                .take_non_blank("corpId")
                .map(CorpId::new)
                .transpose()
                .ok()?,
            organization_code: query
                .take_non_blank("orgCode")
                .map(|code| code.trim().to_owned()),
            mode: query
                .take_non_blank("mode")
                .map(|mode| mode.parse())
                .transpose()
                .ok()?,
            confirmed: query.take_non_blank("confirm"),
        })
    }

    /// The parameters that say the same again, but for the company.
    fn query(&self) -> Vec<(&'static str, String)> {
        let mut query = vec![("returnTo", self.return_to.as_str().to_owned())];
        query.extend(self.mode.map(|mode| ("mode", mode.as_str().to_owned())));
        query
    }

    /// The company, as far as it was named.
    fn company(&self) -> [(&'static str, Option<&str>); 2] {
        [
            ("corpId", self.corp_id.as_ref().map(CorpId::as_str)),
            ("orgCode", self.organization_code.as_deref()),
        ]
    }

    fn link(&self, page: &PageRequest<'_>, more: &[(&'static str, Option<&str>)]) -> String {
        let query = self.query();
        let own = query.iter().map(|(name, value)| (*name, value.as_str()));
        let more = more
            .iter()
            .filter_map(|(name, value)| Some((*name, (*value)?)));
        page.login_path(&own.chain(more).collect::<Vec<_>>())
    }
}

pub(super) async fn answer(page: &PageRequest<'_>) -> Response<ResponseBody> {
    let Some(query) = LoginQuery::read(&page.request.query, &page.config().home()) else {
        return page.error(PageError::BadLink, page.login_path(&[]));
    };
    let only = page.deps.instances.only_corp();
    if query.corp_id.is_none() && query.organization_code.is_none() && only.is_none() {
        return ask(page, &query, false);
    }
    let logged_out = logged_out(page);
    if let Some(mark) = logged_out
        && query.confirmed.as_deref() != Some(mark)
    {
        return confirm(page, &query, mark);
    }
    let begun = begin(page, &query);
    let refusals = &page.deps.refusals;
    match refusals
        .watch(page.client(), query.corp_id.clone(), begun)
        .await
    {
        Ok(response) if logged_out.is_some() => {
            response.with_header("set-cookie", page.cookies.clear(LOGGED_OUT_COOKIE))
        }
        Ok(response) => response,
        Err(error) if error.kind() == ErrorKind::OrgCodeNotFound => ask(page, &query, true),
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

fn ask(page: &PageRequest<'_>, query: &LoginQuery, unknown: bool) -> Response<ResponseBody> {
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

async fn begin(page: &PageRequest<'_>, query: &LoginQuery) -> Result<Response<ResponseBody>> {
    let (suite_id, corp_id, corp_selector) = company(page, query).await?;
    let login_target = page.deps.browser_login.target(suite_id, corp_id).await?;
    let inside = is_wecom(page.headers());
    let login_type = query.mode.unwrap_or(if inside {
        LoginType::Workbench
    } else {
        LoginType::Qr
    });
    let state = random::hex::<16>();
    let now = page.deps.store.now();
    let pending = PendingLogin {
        suite_id: login_target.suite_id,
        corp_id: login_target.corp_id.clone(),
        epoch: login_target.epoch,
        login_type,
        expires_at: now + LOGIN_TTL,
        login_request: LoginRequest {
            return_to: query.return_to.as_str().to_owned(),
            corp_selector,
            mode: query.mode,
        },
    };
    let sealed = pending.seal(page.keys(), &state)?;
    let redirect_uri = format!(
        "{}{}",
        page.config().public_url.origin(),
        page.config().path_of("/callback")
    );
    let (hosts, corp_id, agent_id) = (page.hosts(), &login_target.corp_id, login_target.agent_id);
    let wecom_state = State::new(&state)?;
    let link = match login_type {
        LoginType::Workbench => workbench_link(
            hosts,
            corp_id,
            agent_id,
            &redirect_uri,
            login_target.scope,
            &wecom_state,
        ),
        LoginType::Qr => {
            let language = Some(page.language.qr_language());
            qr_link(
                hosts,
                corp_id,
                agent_id,
                &redirect_uri,
                &wecom_state,
                language,
            )
        }
    };
    let panel = page.config().page_config.qr_panel.as_ref();
    let mut response =
        match panel.filter(|_| login_type == LoginType::Qr && QrPanel::supports(hosts)) {
            None => page.redirect(302, link),
            Some(panel) => {
                let agent_id = agent_id.to_string();
                let panel_page = QrPanelPage {
                    script_url: panel.script_url().to_owned(),
                    integrity: panel.integrity().map(str::to_owned),
                    parameters: panel_parameters(
                        corp_id.as_str(),
                        &agent_id,
                        &redirect_uri,
                        &state,
                        page.language,
                    ),
                    qr_page_url: link,
                };
                page.page(200, Some(QrPanel::frame_origin()), |pages, frame| {
                    pages.qr_panel(frame, &panel_page)
                })
            }
        };
    let cookies = page.cookies;
    for over in cookies_to_evict(cookies, page.headers(), page.keys(), now, sealed.len()) {
        response = response.with_header("set-cookie", cookies.clear(&over));
    }
    if let CorpSelector::OrganizationCode(code) = &pending.login_request.corp_selector {
        response = response.with_header(
            "set-cookie",
            cookies.set(ORGANIZATION_COOKIE, code, ORGANIZATION_COOKIE_MAX_AGE),
        );
    }
    Ok(response.with_header(
        "set-cookie",
        cookies.set(
            &BrowserCookies::login_cookie(&state),
            &sealed,
            LOGIN_COOKIE_MAX_AGE,
        ),
    ))
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

/// Whether the browser is WeCom's own (D/96215).
fn is_wecom(headers: &(impl Headers + ?Sized)) -> bool {
    headers.values("user-agent").any(|agent| {
        agent
            .to_ascii_lowercase()
            .windows(6)
            .any(|part| part == b"wxwork")
    })
}
