//! The token ladder: provider, suite, app.

use serde_json::{Value, json};
use wecom_login::Suite;

use super::{Refusal, Request};
use crate::engine::Engine;
use crate::world::{AppStatus, Holder, World};

/// `service/get_provider_token` (D/96237).
pub(super) fn provider(world: &mut World, engine: &Engine, request: &Request) -> Result<Value, Refusal> {
    let corp_id = request.text("corpid", 41002)?;
    let secret = request.text("provider_secret", 41024)?;
    let own = |suite: &&Suite| suite.provider_corp_id.as_ref().is_some_and(|id| id.as_str() == corp_id);
    let mut suites = engine.suites.iter().filter(own).peekable();
    if suites.peek().is_none() {
        return Err(Refusal::new(40013));
    }
    let mut secrets = suites.filter_map(|suite| suite.provider_secret.as_ref());
    if !secrets.any(|expected| expected.expose() == secret) {
        return Err(Refusal::new(40001));
    }
    let (token, expires_in) = issue(world, &Holder::Provider(corp_id.to_owned()));
    Ok(json!({"provider_access_token": token, "expires_in": expires_in}))
}

/// `service/get_suite_token` (D/97162).
pub(super) fn suite(world: &mut World, engine: &Engine, request: &Request) -> Result<Value, Refusal> {
    let suite_id = request.text("suite_id", 41021)?;
    let secret = request.text("suite_secret", 41024)?;
    let ticket = request.text("suite_ticket", 41023)?;
    let suite = engine.suite(suite_id).ok_or(Refusal::new(40083))?;
    if suite.secret.expose() != secret {
        return Err(Refusal::new(40001));
    }
    if !world.ticket_is_good(suite_id, ticket) {
        return Err(Refusal::new(40085));
    }
    let (token, expires_in) = issue(world, &Holder::Suite(suite_id.to_owned()));
    Ok(json!({"suite_access_token": token, "expires_in": expires_in}))
}

/// `gettoken` with the permanent code as the secret (D/97164).
pub(super) fn app(world: &mut World, _: &Engine, request: &Request) -> Result<Value, Refusal> {
    let corp_id = request.query("corpid", 41002)?;
    let secret = request.query("corpsecret", 41004)?;
    let corp = world.corp(corp_id).ok_or(Refusal::new(40013))?;
    // A secret that was reset, of a cancelled app, of a disabled app: all are 40001 (D/96213).
    let holder = corp
        .installed()
        .find(|app| app.permanent_code == secret)
        .filter(|_| !world.settings.disabled.is(corp))
        .map(|app| Holder::App(corp.key.clone(), app.suite_id.clone()))
        .ok_or(Refusal::new(40001))?;
    let (token, expires_in) = issue(world, &holder);
    Ok(json!({"access_token": token, "expires_in": expires_in}))
}

/// `service/get_corp_token` (D/90605) is for third-party apps; a switch opens it.
pub(super) fn corp(world: &mut World, engine: &Engine, request: &Request) -> Result<Value, Refusal> {
    let suite = request.suite(world, engine)?;
    if !world.settings.get_corp_token {
        return Err(Refusal::new(48002));
    }
    let corp_id = request.text("auth_corpid", 41002)?;
    let secret = request.text("permanent_code", 41025)?;
    let corp = world.corp(corp_id).ok_or(Refusal::new(40013))?;
    let app = corp.app(suite.id.as_str()).ok_or(Refusal::new(48004))?;
    if app.status != AppStatus::Authorized || app.permanent_code != secret {
        return Err(Refusal::new(40084));
    }
    let holder = Holder::App(corp.key.clone(), app.suite_id.clone());
    let (token, expires_in) = issue(world, &holder);
    Ok(json!({"access_token": token, "expires_in": expires_in}))
}

/// What only third-party apps may call: 48002 for a 代开发 suite (D/96213, D/91121).
pub(super) fn third_party_only(
    world: &mut World,
    engine: &Engine,
    request: &Request,
) -> Result<Value, Refusal> {
    request.suite(world, engine)?;
    Err(Refusal::new(48002))
}

fn issue(world: &mut World, holder: &Holder) -> (String, i64) {
    let now = world.now();
    let life = world.settings.token_ttl_ms;
    world.unsaved = true;
    world.tokens.issue(holder, life, now)
}
