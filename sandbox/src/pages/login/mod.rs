//! The parts that the OAuth page and the QR page share: the login link, the member selection, the
//! redirect back.

mod member;
mod redirect_uri;

use std::collections::HashMap;

use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use wecom_login::web::Language;

pub(super) use member::{SelectableMember, initial, remark};
use redirect_uri::RedirectUri;

use super::layout::error_page;
use super::query::language;
use crate::actions::{LoginConsent, MemberRef};
use crate::engine::Engine;
use crate::store::{App, Corp, Store};

/// The parameter with the selected member, in links of these pages to themselves.
const MEMBER_PARAM: &str = "sandboxUser";
/// The parameter with the member's consent, `yes` or `no`.
const CONSENT_PARAM: &str = "sandboxAnswer";

/// A login link, as the app builds it.
pub(super) struct LoginRequest {
    pub(super) language: Language,
    pub(super) corp_key: String,
    pub(super) corp_name: String,
    pub(super) suite_id: String,
    redirect_uri: RedirectUri,
    pub(super) state: String,
    pub(super) scope: String,
    /// Whether the link has an `agentid`.
    pub(super) has_agent_id: bool,
    /// Whether links of the page leave a frame: WeCom's default (D/98478).
    pub(super) leaves_frame: bool,
    /// The parameters of the link without the two of the sandbox, for links of the page to itself.
    own_query: String,
    selected: Option<String>,
    pub(super) consent: Option<String>,
}

impl LoginRequest {
    /// Parses a link and checks it as WeCom does. The error is a page.
    pub(super) fn parse(
        engine: &Engine,
        query: Option<&str>,
        headers: &HeaderMap,
    ) -> Result<Self, Box<Response>> {
        let language = language(query, headers);
        let invalid = |(zh, en): Bilingual| invalid_link(language, zh, en);
        let pairs: Vec<(String, String)> =
            form_urlencoded::parse(query.unwrap_or_default().as_bytes())
                .into_owned()
                .collect();
        let own_query = own_query(&pairs);
        let mut values: HashMap<String, String> = pairs.into_iter().collect();
        let mut take = |name: &str| values.remove(name).filter(|text| !text.is_empty());
        let appid = take("appid").unwrap_or_default();
        let agent_id = take("agentid");
        let (corp_key, corp_name, suite_id) = engine
            .read(|store| find_app(engine, store, &appid, agent_id.as_deref()))
            .map_err(invalid)?;
        let redirect_uri = take("redirect_uri").unwrap_or_default();
        let redirect_uri = RedirectUri::parse(engine, redirect_uri)
            .map_err(|(zh, en)| invalid_link(language, &zh, &en))?;
        let state = take("state").unwrap_or_default();
        Ok(Self {
            language,
            corp_key,
            corp_name,
            suite_id,
            redirect_uri,
            state,
            scope: take("scope").unwrap_or_default(),
            has_agent_id: agent_id.is_some(),
            leaves_frame: take("redirect_type").is_none_or(|kind| kind == "top"),
            own_query,
            selected: take(MEMBER_PARAM),
            consent: take(CONSENT_PARAM),
        })
    }

    /// Scheme, host and port of the app.
    pub(super) fn app_origin(&self) -> &str {
        &self.redirect_uri.origin
    }

    /// The link that selects a member.
    pub(super) fn member_link(&self, member: &SelectableMember) -> String {
        self.own_link(&[(MEMBER_PARAM, &member.user_id)])
    }

    /// The link that gives or denies a member's consent.
    pub(super) fn consent_link(&self, member: &SelectableMember, answer: &str) -> String {
        self.own_link(&[(MEMBER_PARAM, &member.user_id), (CONSENT_PARAM, answer)])
    }

    /// The link that denies the login without selecting a member.
    pub(super) fn deny_link(&self) -> String {
        self.own_link(&[(CONSENT_PARAM, "no")])
    }

    /// The present members of the corp.
    pub(super) fn members(&self, engine: &Engine) -> Vec<SelectableMember> {
        engine.read(|store| {
            let Some(corp) = store.corp(&self.corp_key) else {
                return Vec::new();
            };
            let form = store.id_form_in(corp, &self.suite_id);
            corp.present_members()
                .map(|member| SelectableMember::new(corp, member, form, self.language))
                .collect()
        })
    }

    /// The member whom the link names, by either id, as in the control routes.
    pub(super) fn selected_member(&self, engine: &Engine) -> Option<SelectableMember> {
        let selected = self.selected.as_deref()?;
        engine.read(|store| {
            let corp = store.corp(&self.corp_key)?;
            let form = store.id_form_in(corp, &self.suite_id);
            let member = corp.member(selected)?;
            Some(SelectableMember::new(corp, member, form, self.language))
        })
    }

    /// Redirects to the app with a login code for this member.
    pub(super) fn accept(
        &self,
        engine: &Engine,
        member: &SelectableMember,
        private_info: bool,
    ) -> Response {
        let consent = LoginConsent {
            redirect_host: Some(self.redirect_uri.host.clone()),
            private_info,
            mini_program: false,
        };
        let member = MemberRef {
            corp_id: &self.corp_key,
            user_id: &member.user_id,
            suite_id: Some(&self.suite_id),
        };
        match engine.login_code(member, consent) {
            Ok(code) => self.redirect(&[("code", &code), ("state", &self.state)]),
            Err(problem) => {
                let title = self.language.choose("无法完成", "Request failed");
                error_page(self.language, StatusCode::CONFLICT, title, &problem.title)
            }
        }
    }

    /// Redirects to the app without a login code.
    pub(super) fn deny(&self) -> Response {
        self.redirect(&[("state", &self.state)])
    }

    /// The member may not use the app.
    pub(super) fn out_of_range(&self) -> Response {
        let say = |zh, en| self.language.choose(zh, en);
        let reason = say(
            "此人不在应用的可见范围内。",
            "The member is outside the app's visible range.",
        );
        error_page(
            self.language,
            StatusCode::FORBIDDEN,
            say("没有权限", "No permission"),
            reason,
        )
    }

    fn own_link(&self, more: &[(&str, &str)]) -> String {
        let mut query = form_urlencoded::Serializer::new(self.own_query.clone());
        query.extend_pairs(more);
        format!("?{}", query.finish())
    }

    fn redirect(&self, parameters: &[(&str, &str)]) -> Response {
        let headers = [
            (
                header::LOCATION,
                self.redirect_uri.with_parameters(parameters),
            ),
            (header::CACHE_CONTROL, "no-store".to_owned()),
            (header::REFERRER_POLICY, "no-referrer".to_owned()),
        ];
        (StatusCode::FOUND, headers).into_response()
    }
}

/// The error page of an invalid login link.
pub(super) fn invalid_link(language: Language, zh: &str, en: &str) -> Box<Response> {
    let title = language.choose("登录链接有误", "This login link is not right");
    Box::new(error_page(
        language,
        StatusCode::BAD_REQUEST,
        title,
        language.choose(zh, en),
    ))
}

/// A text in Chinese and in English.
type Bilingual<T = &'static str> = (T, T);

/// The corp's key and name, and the suite of the app that a link names.
fn find_app(
    engine: &Engine,
    store: &Store,
    appid: &str,
    agent_id: Option<&str>,
) -> Result<(String, String, String), Bilingual> {
    let corp = store.corp(appid).ok_or((
        "appid 不正确：应为授权了该应用的企业的 id。",
        "appid is invalid: it must be the id of a corp that authorized the app.",
    ))?;
    let app = installed_app(corp, agent_id).ok_or((
        "agentid 不正确：该企业没有安装此 agentid 的应用。",
        "agentid is invalid: the corp has no installed app with this agentid.",
    ))?;
    if engine.suite(&app.suite_id).is_none() || store.is_disabled(corp, app) {
        return Err(("应用已停用。", "The app is disabled."));
    }
    Ok((corp.key.clone(), corp.name.clone(), app.suite_id.clone()))
}

fn installed_app<'a>(corp: &'a Corp, agent_id: Option<&str>) -> Option<&'a App> {
    let mut apps = corp.installed_apps();
    match agent_id {
        Some(agent_id) => apps.find(|app| app.agent_id.to_string() == agent_id),
        None => apps.next(),
    }
}

fn own_query(pairs: &[(String, String)]) -> String {
    let own = pairs
        .iter()
        .filter(|(name, _)| name != MEMBER_PARAM && name != CONSENT_PARAM);
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(own)
        .finish()
}
