//! Access tokens of providers, suites and apps.

use serde_json::json;
use wecom_login::Suite;

use super::{ApiError, ApiResult, Request};
use crate::engine::Engine;
use crate::store::{Store, TokenSubject};

/// `service/get_provider_token` (D/96237).
pub(super) fn get_provider_token(
    store: &mut Store,
    engine: &Engine,
    request: &Request,
) -> ApiResult {
    let corp_id = request.text("corpid", 41002)?;
    let secret = request.text("provider_secret", 41024)?;
    let is_provider = |suite: &&Suite| {
        suite
            .provider_corp_id
            .as_ref()
            .is_some_and(|id| id.as_str() == corp_id)
    };
    let mut suites = engine.suites.iter().filter(is_provider).peekable();
    if suites.peek().is_none() {
        return Err(ApiError::new(40013));
    }
    let mut secrets = suites.filter_map(|suite| suite.provider_secret.as_ref());
    if !secrets.any(|expected| expected.expose() == secret) {
        return Err(ApiError::new(40001));
    }
    let (token, expires_in) = issue(store, &TokenSubject::Provider(corp_id.to_owned()));
    Ok(json!({"provider_access_token": token, "expires_in": expires_in}))
}

/// `service/get_suite_token` (D/97162). On success the body has no errcode.
pub(super) fn get_suite_token(store: &mut Store, engine: &Engine, request: &Request) -> ApiResult {
    let suite_id = request.text("suite_id", 41021)?;
    let secret = request.text("suite_secret", 41024)?;
    let ticket = request.text("suite_ticket", 41023)?;
    let suite = engine.suite(suite_id).ok_or(ApiError::new(40083))?;
    if suite.secret.expose() != secret {
        return Err(ApiError::new(40001));
    }
    if !store.is_valid_ticket(suite_id, ticket) {
        return Err(ApiError::new(40085));
    }
    let (token, expires_in) = issue(store, &TokenSubject::Suite(suite_id.to_owned()));
    Ok(json!({"suite_access_token": token, "expires_in": expires_in}))
}

/// `gettoken` with the permanent code as the secret (D/97164).
pub(super) fn gettoken(store: &mut Store, _: &Engine, request: &Request) -> ApiResult {
    let corp_id = request.query("corpid", 41002)?;
    let secret = request.query("corpsecret", 41004)?;
    let corp = store.corp(corp_id).ok_or(ApiError::new(40013))?;
    // A reset secret, a cancelled app and a disabled app are all 40001 (D/96213).
    let subject = corp
        .installed_apps()
        .find(|app| app.permanent_code == secret)
        .filter(|app| !store.is_disabled(corp, app))
        .map(|app| TokenSubject::App(corp.key.clone(), app.suite_id.clone()))
        .ok_or(ApiError::new(40001))?;
    let (token, expires_in) = issue(store, &subject);
    Ok(json!({"access_token": token, "expires_in": expires_in}))
}

/// `service/get_corp_token` (D/90605) is for third-party apps; what it answers a 代开发 suite is the
/// `getCorpToken` setting.
pub(super) fn get_corp_token(store: &mut Store, engine: &Engine, request: &Request) -> ApiResult {
    let suite = request.suite(store, engine)?;
    if let Some(errcode) = store.settings.get_corp_token.refusal() {
        return Err(ApiError::new(errcode));
    }
    let (corp, app) = request.authorization(store, suite)?;
    let subject = TokenSubject::App(corp.key.clone(), app.suite_id.clone());
    let (token, expires_in) = issue(store, &subject);
    Ok(json!({"access_token": token, "expires_in": expires_in}))
}

/// An endpoint for third-party apps only: 48002 for a 代开发 suite (D/96213, D/91121).
pub(super) fn third_party_only(store: &mut Store, engine: &Engine, request: &Request) -> ApiResult {
    request.suite(store, engine)?;
    Err(ApiError::new(48002))
}

pub(super) fn issue(store: &mut Store, subject: &TokenSubject) -> (String, i64) {
    let now = store.now();
    let ttl = store.settings.token_ttl_ms;
    store.dirty = true;
    store.tokens.issue(subject, ttl, now)
}
