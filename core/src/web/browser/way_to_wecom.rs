//! The way from `/login` to WeCom, with everything in a cookie. Nothing is written.

use std::time::Duration;

use http::Response;

use crate::domain::{FlowSecret, LoginType};
use crate::error::Result;
use crate::login::LoginTarget;
use crate::random;
use crate::web::browser::cookies::{BrowserCookies, ORGANIZATION_COOKIE};
use crate::web::browser::flow_cookie::cookies_to_evict;
use crate::web::browser::login_query::LoginQuery;
use crate::web::browser::page_request::PageRequest;
use crate::web::browser::pages::QrPanelPage;
use crate::web::browser::pending::{
    CorpSelector, FlowPayload as _, LOGIN_COOKIE_MAX_AGE, LOGIN_TTL, LoginRequest, PendingLogin,
};
use crate::web::browser::qr_panel::{QrPanel, panel_parameters};
use crate::web::request::Headers;
use crate::web::response::{ResponseBody, ResponseExt as _};
use crate::wecom::{State, qr_link, workbench_link};

/// A company is remembered for the next login.
pub(super) const COMPANY_COOKIE_MAX_AGE: Duration = Duration::from_hours(180 * 24);

/// The redirect to WeCom, or the page with its QR code, and the cookie of the login.
pub(super) fn begin(
    page: &PageRequest<'_>,
    query: &LoginQuery,
    login_target: LoginTarget,
    corp_selector: CorpSelector,
) -> Result<Response<ResponseBody>> {
    let login_type = query.mode.unwrap_or_else(|| {
        if is_wecom(page.headers()) {
            LoginType::Workbench
        } else {
            LoginType::Qr
        }
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
        secret: Some(FlowSecret::new(random::hex::<16>())),
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
            cookies.set(ORGANIZATION_COOKIE, code, COMPANY_COOKIE_MAX_AGE),
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

/// Whether the browser is WeCom's own, or WeChat's, in which members use the app too (D/96215). Such a browser is on the
/// phone that would scan the QR code.
pub(super) fn is_wecom(headers: &(impl Headers + ?Sized)) -> bool {
    headers.values("user-agent").any(|agent| {
        let agent = agent.to_ascii_lowercase();
        [&b"wxwork"[..], b"micromessenger"]
            .into_iter()
            .any(|name| agent.windows(name.len()).any(|part| part == name))
    })
}
