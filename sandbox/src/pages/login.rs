//! What the OAuth page and the QR page have in common: reading the link, and the way back.

use std::collections::HashMap;

use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use wecom_login::web::Language;

use super::shell::{escape, language, refusal};
use crate::actions::{LoginConsent, MemberRef};
use crate::delivery::host_and_port;
use crate::engine::Engine;
use crate::store::{App, Corp, Member, MemberKind, Store};

/// Who was chosen, in links of these pages to themselves.
pub(super) const CHOSEN: &str = "sandboxUser";
/// What was answered: `yes` or `no`.
pub(super) const ANSWER: &str = "sandboxAnswer";

/// A link that asks for a login.
pub(super) struct Ask {
    pub(super) language: Language,
    pub(super) corp: String,
    pub(super) corp_name: String,
    pub(super) suite_id: String,
    redirect_uri: String,
    redirect_host: String,
    state: String,
    pub(super) scope: String,
    pub(super) agent_named: bool,
    /// In a frame, the way back leads out of it: WeCom's default (D/98478).
    leaves_frame: bool,
    /// The link's own parameters, for links of the page to itself.
    own: String,
    pub(super) chosen: Option<String>,
    pub(super) answer: Option<String>,
}

/// Somebody to log in as.
pub(super) struct Person {
    pub(super) bare_user_id: String,
    pub(super) name: String,
    remark: &'static str,
    pub(super) visible: bool,
    pub(super) is_member: bool,
}

impl Ask {
    /// Reads a link as WeCom does; what it refuses is a page.
    pub(super) fn read(
        engine: &Engine,
        query: Option<&str>,
        headers: &HeaderMap,
    ) -> Result<Self, Box<Response>> {
        let language = language(query, headers);
        let told = |(zh, en): (&str, &str)| refused(language, zh, en);
        let pairs: Vec<(String, String)> =
            form_urlencoded::parse(query.unwrap_or_default().as_bytes())
                .into_owned()
                .collect();
        let own = own_query(&pairs);
        let mut values: HashMap<String, String> = pairs.into_iter().collect();
        let mut take = |name: &str| values.remove(name).filter(|text| !text.is_empty());
        let appid = take("appid").unwrap_or_default();
        let agent = take("agentid");
        let (corp, corp_name, suite_id) = engine
            .read(|store| addressee(engine, store, &appid, agent.as_deref()))
            .map_err(told)?;
        let redirect_uri = take("redirect_uri").unwrap_or_default();
        let redirect_host =
            redirect_host(engine, &redirect_uri).map_err(|(zh, en)| told((&zh, &en)))?;
        let state = take("state").unwrap_or_default();
        if state.len() > 128 || !state.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(told((
                "state 参数错误：最多 128 字节，只能是 a-z A-Z 0-9。",
                "state is wrong: it is at most 128 bytes of a-z A-Z 0-9.",
            )));
        }
        Ok(Self {
            language,
            corp,
            corp_name,
            suite_id,
            redirect_uri,
            redirect_host,
            state,
            scope: take("scope").unwrap_or_default(),
            agent_named: agent.is_some(),
            leaves_frame: take("redirect_type").is_none_or(|kind| kind == "top"),
            own,
            chosen: take(CHOSEN),
            answer: take(ANSWER),
        })
    }

    /// A link of the page to itself with one more answer, as an attribute.
    pub(super) fn link(&self, more: &[(&str, &str)]) -> String {
        let mut query = form_urlencoded::Serializer::new(self.own.clone());
        query.extend_pairs(more);
        escape(&format!("?{}", query.finish()))
    }

    /// Where links of the page open, as an attribute.
    pub(super) const fn target(&self) -> &'static str {
        if self.leaves_frame {
            " target=\"_top\""
        } else {
            ""
        }
    }

    /// Scheme, host and port of the app.
    pub(super) fn app_origin(&self) -> &str {
        let authority = self
            .redirect_uri
            .find("://")
            .map_or(0, |position| position + 3);
        let end = self.redirect_uri[authority..]
            .find(['/', '?', '#'])
            .map(|end| authority + end);
        &self.redirect_uri[..end.unwrap_or(self.redirect_uri.len())]
    }

    /// The people of the company.
    pub(super) fn people(&self, engine: &Engine) -> Vec<Person> {
        engine.read(|store| {
            let Some(corp) = store.corp(&self.corp) else {
                return Vec::new();
            };
            let present = corp.members.iter().filter(|member| !member.left);
            present
                .map(|member| Person {
                    bare_user_id: corp.bare_user_id(member, store.settings.ids).to_owned(),
                    name: member.name.clone(),
                    remark: remark(member, self.language),
                    visible: member.visible,
                    is_member: member.is_member(),
                })
                .collect()
        })
    }

    /// The person that was chosen.
    pub(super) fn person(&self, engine: &Engine) -> Option<Person> {
        let chosen = self.chosen.as_deref()?;
        self.people(engine)
            .into_iter()
            .find(|person| person.bare_user_id == chosen)
    }

    /// The people as links.
    pub(super) fn list(&self, engine: &Engine) -> String {
        let target = self.target();
        let mut list = String::from("<ul class=\"people\">");
        for person in self.people(engine) {
            let initial: String = person.name.chars().take(1).collect();
            let remark = match person.remark {
                "" => String::new(),
                remark => format!(" <span class=\"tag\">{}</span>", escape(remark)),
            };
            list.push_str(&format!(
                "<li><a href=\"{}\"{target}><span class=\"face\" aria-hidden=\"true\">{}</span><span><b>{}{remark}</b><small>{}</small></span></a></li>",
                self.link(&[(CHOSEN, &person.bare_user_id)]),
                escape(&initial),
                escape(&person.name),
                escape(&person.bare_user_id),
            ));
        }
        list + "</ul>"
    }

    /// Back to the app with a code for this person.
    pub(super) fn accept(&self, engine: &Engine, person: &Person, private_info: bool) -> Response {
        let member = MemberRef {
            corp_id: &self.corp,
            user_id: &person.bare_user_id,
            suite_id: Some(&self.suite_id),
        };
        let grant = LoginConsent {
            redirect_host: Some(self.redirect_host.clone()),
            private_info,
        };
        match engine.login_code(member, grant) {
            Ok(code) => self.back(&[("code", &code), ("state", &self.state)]),
            Err(problem) => {
                let title = self.language.choose("无法完成", "That does not work");
                refusal(self.language, StatusCode::CONFLICT, title, &problem.title)
            }
        }
    }

    /// The person must not see the app.
    pub(super) fn invisible(&self) -> Response {
        let say = |zh, en| self.language.choose(zh, en);
        let why = say(
            "此人不在应用的可见范围内。",
            "The person is outside the app's visible range.",
        );
        refusal(
            self.language,
            StatusCode::FORBIDDEN,
            say("没有权限", "No permission"),
            why,
        )
    }

    /// Back to the app without a code: the person said no.
    pub(super) fn refuse(&self) -> Response {
        self.back(&[("state", &self.state)])
    }

    /// The redirect URI keeps the query that it has (D/96441).
    fn back(&self, parameters: &[(&str, &str)]) -> Response {
        let added = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(parameters)
            .finish();
        let (base, fragment) = match self.redirect_uri.split_once('#') {
            Some((base, fragment)) => (base, format!("#{fragment}")),
            None => (self.redirect_uri.as_str(), String::new()),
        };
        let mark = match base.chars().last() {
            Some('?' | '&') => "",
            _ if base.contains('?') => "&",
            _ => "?",
        };
        let location = format!("{base}{mark}{added}{fragment}");
        let headers = [
            (header::LOCATION, location),
            (header::CACHE_CONTROL, "no-store".to_owned()),
            (header::REFERRER_POLICY, "no-referrer".to_owned()),
        ];
        (StatusCode::FOUND, headers).into_response()
    }
}

/// In Chinese and in English.
type Both<T = &'static str> = (T, T);

/// The company and the app that a link names.
fn addressee(
    engine: &Engine,
    store: &Store,
    appid: &str,
    agent: Option<&str>,
) -> Result<(String, String, String), Both> {
    let corp = store.corp(appid).ok_or((
        "appid 不正确：应为授权了该应用的企业的 id。",
        "appid is wrong: it is the id of the company that authorised the app.",
    ))?;
    let app = named_app(corp, agent).ok_or((
        "agentid 不正确：该企业没有安装此 agentid 的应用。",
        "agentid is wrong: this company has not installed an app with that agentid.",
    ))?;
    if engine.suite(&app.suite_id).is_none() || store.is_disabled(corp) {
        return Err(("应用已停用。", "The app is disabled."));
    }
    Ok((corp.key.clone(), corp.name.clone(), app.suite_id.clone()))
}

fn named_app<'a>(corp: &'a Corp, agent: Option<&str>) -> Option<&'a App> {
    let mut apps = corp.installed_apps();
    match agent {
        Some(agent) => apps.find(|app| app.agent_id.to_string() == agent),
        None => apps.next(),
    }
}

/// Host and port of the redirect URI, which must be the app's trusted domain exactly (D/96441).
fn redirect_host(engine: &Engine, redirect_uri: &str) -> Result<String, Both<String>> {
    let uri: Option<Uri> = redirect_uri
        .split('#')
        .next()
        .and_then(|uri| uri.parse().ok());
    let Some(host) = uri.as_ref().and_then(host_and_port) else {
        return Err((
            "redirect_uri 参数错误：不是 http 或 https 链接。".to_owned(),
            "redirect_uri is wrong: it is no http or https URL.".to_owned(),
        ));
    };
    let trusted = engine.read(|store| engine.trusted_domain(store));
    if trusted.as_deref() == Some(host.as_str()) {
        return Ok(host);
    }
    let (zh, en) = (
        trusted.as_deref().unwrap_or("未设置"),
        trusted.as_deref().unwrap_or("not set"),
    );
    Err((
        format!("redirect_uri 参数错误：其域名为 {host}，应用的可信域名为 {zh}。"),
        format!("redirect_uri is wrong: its host is {host}, the app's trusted domain is {en}."),
    ))
}

/// WeCom's answer to a link that is not right.
pub(super) fn refused(language: Language, zh: &str, en: &str) -> Box<Response> {
    let title = language.choose("登录链接有误", "This login link is not right");
    Box::new(refusal(
        language,
        StatusCode::BAD_REQUEST,
        title,
        language.choose(zh, en),
    ))
}

fn own_query(pairs: &[(String, String)]) -> String {
    let own = pairs
        .iter()
        .filter(|(name, _)| name != CHOSEN && name != ANSWER);
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(own)
        .finish()
}

/// What the pages note about a special member; empty for an ordinary one.
pub(super) const fn remark(member: &Member, language: Language) -> &'static str {
    match member.kind {
        Some(MemberKind::Linked) => language.choose("关联企业的成员", "of a linked company"),
        Some(MemberKind::NonMember) => language.choose("非企业成员", "not a member"),
        _ if !member.visible => language.choose("不在可见范围内", "outside the visible range"),
        _ => "",
    }
}
