//! What a call brought.

use std::collections::HashMap;
use std::net::IpAddr;

use axum::http::{HeaderMap, Method, Uri, header};
use serde_json::Value;
use wecom_login::Suite;

use super::Refusal;
use crate::engine::Engine;
use crate::world::{AppStatus, Holder, TokenTrouble, World};

/// One call.
pub(super) struct Request {
    /// Below `/cgi-bin/`.
    pub(super) path: String,
    pub(super) posted: bool,
    query: HashMap<String, String>,
    body: Value,
    /// The body was sent and is no JSON object.
    pub(super) broken_json: bool,
    pub(super) peer: IpAddr,
    /// Where the caller reached us, for links back.
    pub(super) host: Option<String>,
}

/// Whom an access token speaks for.
pub(super) struct Caller {
    /// The company's key.
    pub(super) corp: String,
    pub(super) suite_id: String,
}

impl Request {
    pub(super) fn read(
        path: &str,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
        body: &[u8],
        peer: IpAddr,
    ) -> Self {
        let query = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
        let parsed = serde_json::from_slice(body).ok().filter(Value::is_object);
        let broken_json = !body.is_empty() && parsed.is_none();
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).map(str::to_owned);
        let posted = *method == Method::POST;
        Self {
            path: path.to_owned(),
            posted,
            query,
            body: parsed.unwrap_or_default(),
            broken_json,
            peer,
            host,
        }
    }

    #[cfg(test)]
    pub(super) fn empty(path: &str) -> Self {
        let local = IpAddr::from([127, 0, 0, 1]);
        Self::read(path, &Method::GET, &Uri::from_static("/"), &HeaderMap::new(), b"", local)
    }

    /// A query parameter; blank is missing.
    pub(super) fn query(&self, name: &str, missing: i64) -> Result<&str, Refusal> {
        self.query
            .get(name)
            .map(String::as_str)
            .filter(|text| !text.is_empty())
            .ok_or_else(|| Refusal::new(missing))
    }

    /// A text of the body; blank is missing.
    pub(super) fn text(&self, name: &str, missing: i64) -> Result<&str, Refusal> {
        self.body[name].as_str().filter(|text| !text.is_empty()).ok_or_else(|| Refusal::new(missing))
    }

    pub(super) fn field(&self, name: &str) -> &Value {
        &self.body[name]
    }

    /// The suite whose `suite_access_token` was sent.
    pub(super) fn suite<'a>(&self, world: &World, engine: &'a Engine) -> Result<&'a Suite, Refusal> {
        let token = self.query("suite_access_token", 41022)?;
        let id = match world.tokens.holder(token, world.now()) {
            Ok(Holder::Suite(id)) => id,
            Err(TokenTrouble::Expired) => return Err(Refusal::new(42009)),
            Ok(_) | Err(TokenTrouble::Bad) => return Err(Refusal::new(40082)),
        };
        engine.suite(id).ok_or(Refusal::new(40083))
    }

    /// The provider whose `provider_access_token` was sent, by its corpid.
    pub(super) fn provider(&self, world: &World) -> Result<String, Refusal> {
        let token = self.query("provider_access_token", 41022)?;
        match world.tokens.holder(token, world.now()) {
            Ok(Holder::Provider(corp_id)) => Ok(corp_id.clone()),
            Err(TokenTrouble::Expired) => Err(Refusal::new(42009)),
            Ok(_) | Err(TokenTrouble::Bad) => Err(Refusal::new(40082)),
        }
    }

    /// The app whose `access_token` was sent, if it may call.
    pub(super) fn caller(&self, world: &World) -> Result<Caller, Refusal> {
        let token = self.query("access_token", 41001)?;
        let (corp, suite_id) = match world.tokens.holder(token, world.now()) {
            Ok(Holder::App(corp, suite_id)) => (corp.clone(), suite_id.clone()),
            Err(TokenTrouble::Expired) => return Err(Refusal::new(42001)),
            Ok(_) | Err(TokenTrouble::Bad) => return Err(Refusal::new(40014)),
        };
        let Some(company) = world.corp(&corp) else { return Err(Refusal::new(40014)) };
        match company.app(&suite_id) {
            Some(app) if app.status == AppStatus::Authorized => {}
            _ => return Err(Refusal::new(48004)),
        }
        if world.settings.disabled.is(company) {
            return Err(Refusal::new(50003));
        }
        Ok(Caller { corp, suite_id })
    }
}
