//! Links that ask for an authorisation (D/98744), and what is authorised (D/100795).

use serde_json::{Value, json};

use super::{Refusal, Request};
use crate::engine::Engine;
use crate::world::{App, AppStatus, AuthLink, Corp, World};

const LINK_LIFE_SECONDS: i64 = 864_000;

/// `service/get_customized_auth_url`.
pub(super) fn link(world: &mut World, engine: &Engine, request: &Request) -> Result<Value, Refusal> {
    let provider = request.provider(world)?;
    let state = request.field("state").as_str().unwrap_or_default();
    if state.len() > 32 || !state.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(Refusal::with(
            40058,
            "state must be [a-zA-Z0-9], at most 32 bytes. invalid Request Parameter",
        ));
    }
    let Some(templates) = request.field("templateid_list").as_array() else {
        return Err(Refusal::with(40058, "templateid_list missing. invalid Request Parameter"));
    };
    if templates.is_empty() || templates.len() > 9 {
        return Err(Refusal::with(40058, "templateid_list holds 1 to 9 ids. invalid Request Parameter"));
    }
    let mut suite_ids = Vec::with_capacity(templates.len());
    for template in templates {
        let suite = template
            .as_str()
            .and_then(|id| engine.suite(id))
            .filter(|suite| suite.provider_corp_id.as_ref().is_some_and(|own| own.as_str() == provider))
            .ok_or(Refusal::new(40083))?;
        suite_ids.push(suite.id.as_str().to_owned());
    }
    let now = world.now();
    world.auth_links.retain(|_, link| now - link.born < LINK_LIFE_SECONDS * 1000);
    let key = crate::random::text(32);
    world.auth_links.insert(key.clone(), AuthLink { suite_ids, state: state.to_owned(), born: now });
    world.unsaved = true;
    let host = request.host.clone().unwrap_or_else(|| engine.addr.to_string());
    let url = format!("http://{host}/wwopen/customApp/authorize?key={key}");
    Ok(json!({"qrcode_url": url, "expires_in": LINK_LIFE_SECONDS}))
}

impl World {
    /// The link with this key, while it lives.
    pub(crate) fn auth_link(&self, key: &str) -> Option<&AuthLink> {
        self.auth_links.get(key).filter(|link| self.now() - link.born < LINK_LIFE_SECONDS * 1000)
    }
}

/// `service/v2/get_auth_info`.
pub(super) fn v2(world: &mut World, engine: &Engine, request: &Request) -> Result<Value, Refusal> {
    info(world, engine, request, false)
}

/// `service/get_auth_info`: the same and the company's QR code.
pub(super) fn v1(world: &mut World, engine: &Engine, request: &Request) -> Result<Value, Refusal> {
    info(world, engine, request, true)
}

fn info(world: &World, engine: &Engine, request: &Request, old: bool) -> Result<Value, Refusal> {
    let suite = request.suite(world, engine)?;
    let corp_id = request.text("auth_corpid", 41002)?;
    let code = request.text("permanent_code", 41025)?;
    let corp = world.corp(corp_id).ok_or(Refusal::new(40013))?;
    let app = corp.app(suite.id.as_str()).ok_or(Refusal::new(48004))?;
    // A cancelled authorisation is 40084 as well (D/96213).
    if app.status != AppStatus::Authorized || app.permanent_code != code {
        return Err(Refusal::new(40084));
    }
    Ok(json!({"auth_corp_info": corp_info(world, corp, old), "auth_info": agents(world, corp, app)}))
}

pub(super) fn corp_info(world: &World, corp: &Corp, old: bool) -> Value {
    let mut info = json!({
        "corpid": world.shown_corp_id(corp),
        "corp_name": corp.name,
        "corp_type": "verified",
        "corp_square_logo_url": "",
        "corp_user_max": 200,
        "corp_full_name": corp.name,
        "verified_end_time": world.now() / 1000 + 31_536_000,
        "subject_type": 1,
        "corp_scale": "1-50人",
        "corp_industry": "IT服务",
        "corp_sub_industry": "计算机软件/硬件/信息服务",
    });
    if old {
        info["corp_wxqrcode"] = json!("");
    }
    info
}

pub(super) fn agents(world: &World, corp: &Corp, app: &App) -> Value {
    let users: Vec<String> = corp
        .members
        .iter()
        .filter(|member| member.is_member() && member.visible)
        .map(|member| corp.user_id(member, world.settings.ids))
        .collect();
    // level is always 0 for 代开发; what is granted is told by agent/get_permissions (D/100795).
    let none: [i64; 0] = [];
    json!({"agent": [{
        "agentid": app.agent_id,
        "name": "Sandbox app",
        "round_logo_url": "",
        "square_logo_url": "",
        "auth_mode": 0,
        "is_customized_app": true,
        "auth_from_thirdapp": false,
        "privilege": {
            "level": 0, "allow_party": none, "allow_user": users, "allow_tag": none,
            "extra_party": none, "extra_user": none, "extra_tag": none,
        },
    }]})
}
