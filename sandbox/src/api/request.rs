//! A request to the server API: its parameters, and the subject of its token.

use std::collections::HashMap;
use std::net::IpAddr;

use axum::http::{HeaderMap, Method, Uri, header};
use serde_json::Value;
use wecom_login::Suite;

use super::multipart::{FormFile, boundary, form_file};
use super::{ApiError, ApiResult};
use crate::engine::Engine;
use crate::store::{App, Corp, Store, TokenError, TokenSubject};

/// A request to the server API.
pub(super) struct Request {
    /// Below `/cgi-bin/`.
    pub(super) path: String,
    pub(super) is_post: bool,
    query: HashMap<String, String>,
    body: Value,
    raw_body: Vec<u8>,
    /// Of a body that is a form.
    boundary: Option<String>,
    /// Whether there is a body that is not a JSON object.
    pub(super) has_invalid_json: bool,
    pub(super) peer: IpAddr,
    /// The Host header, for links back to the sandbox.
    pub(super) host: Option<String>,
}

/// The app that an access token was issued to.
pub(super) struct Caller {
    pub(super) corp_key: String,
    pub(super) suite_id: String,
}

/// A query parameter with a token, and the errcodes of its errors.
struct TokenParameter {
    name: &'static str,
    missing: i64,
    invalid: i64,
    expired: i64,
}

const SUITE_ACCESS_TOKEN: TokenParameter = TokenParameter {
    name: "suite_access_token",
    missing: 41022,
    invalid: 40082,
    expired: 42009,
};
const PROVIDER_ACCESS_TOKEN: TokenParameter = TokenParameter {
    name: "provider_access_token",
    missing: 41022,
    invalid: 40082,
    expired: 42009,
};
const ACCESS_TOKEN: TokenParameter = TokenParameter {
    name: "access_token",
    missing: 41001,
    invalid: 40014,
    expired: 42001,
};

impl Request {
    pub(super) fn new(
        path: &str,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
        body: &[u8],
        peer: IpAddr,
    ) -> Self {
        let query = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes())
            .into_owned()
            .collect();
        let parsed = serde_json::from_slice(body).ok().filter(Value::is_object);
        let text_of = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let host = text_of(header::HOST).map(str::to_owned);
        let boundary = text_of(header::CONTENT_TYPE)
            .and_then(boundary)
            .map(str::to_owned);
        Self {
            path: path.to_owned(),
            is_post: *method == Method::POST,
            query,
            has_invalid_json: !body.is_empty() && parsed.is_none() && boundary.is_none(),
            body: parsed.unwrap_or_default(),
            raw_body: body.to_vec(),
            boundary,
            peer,
            host,
        }
    }

    #[cfg(test)]
    pub(super) fn empty(path: &str) -> Self {
        let local = IpAddr::from([127, 0, 0, 1]);
        Self::new(
            path,
            &Method::GET,
            &Uri::from_static("/"),
            &HeaderMap::new(),
            b"",
            local,
        )
    }

    /// A query parameter; an empty one counts as missing.
    pub(super) fn query(&self, name: &str, missing: i64) -> ApiResult<&str> {
        self.query
            .get(name)
            .map(String::as_str)
            .filter(|text| !text.is_empty())
            .ok_or_else(|| ApiError::new(missing))
    }

    /// A text field of the body; an empty one counts as missing.
    pub(super) fn text(&self, name: &str, missing: i64) -> ApiResult<&str> {
        self.body[name]
            .as_str()
            .filter(|text| !text.is_empty())
            .ok_or_else(|| ApiError::new(missing))
    }

    /// A field of the body; null if it is missing.
    pub(super) fn field(&self, name: &str) -> &Value {
        &self.body[name]
    }

    /// The file in a field of the form that the body is.
    pub(super) fn form_file(&self, field: &str) -> Option<FormFile<'_>> {
        form_file(&self.raw_body, self.boundary.as_deref()?, field)
    }

    /// The suite that the `suite_access_token` was issued to.
    pub(super) fn suite<'a>(&self, store: &Store, engine: &'a Engine) -> ApiResult<&'a Suite> {
        match self.token_subject(store, &SUITE_ACCESS_TOKEN)? {
            TokenSubject::Suite(id) => engine.suite(id).ok_or(ApiError::new(40083)),
            _ => Err(ApiError::new(SUITE_ACCESS_TOKEN.invalid)),
        }
    }

    /// The corpid of the provider that the `provider_access_token` was issued to.
    pub(super) fn provider(&self, store: &Store) -> ApiResult<String> {
        match self.token_subject(store, &PROVIDER_ACCESS_TOKEN)? {
            TokenSubject::Provider(corp_id) => Ok(corp_id.clone()),
            _ => Err(ApiError::new(PROVIDER_ACCESS_TOKEN.invalid)),
        }
    }

    /// The app that the `access_token` was issued to, if it is authorized and enabled.
    pub(super) fn caller(&self, store: &Store) -> ApiResult<Caller> {
        let TokenSubject::App(corp_key, suite_id) = self.token_subject(store, &ACCESS_TOKEN)?
        else {
            return Err(ApiError::new(ACCESS_TOKEN.invalid));
        };
        let corp = store
            .corp(corp_key)
            .ok_or(ApiError::new(ACCESS_TOKEN.invalid))?;
        let app = corp
            .app(suite_id)
            .filter(|app| app.is_authorized())
            .ok_or(ApiError::new(48004))?;
        if store.is_disabled(corp, app) {
            return Err(ApiError::new(50003));
        }
        Ok(Caller {
            corp_key: corp_key.clone(),
            suite_id: suite_id.clone(),
        })
    }

    /// The key of the corp that the call is counted for: that of the access token, or of `gettoken`.
    pub(super) fn corp_key(&self, store: &Store) -> Option<String> {
        if let Some(token) = self.query.get(ACCESS_TOKEN.name) {
            return match store.tokens.subject(token, store.now()) {
                Ok(TokenSubject::App(corp_key, _)) => Some(corp_key.clone()),
                _ => None,
            };
        }
        let corp = store.corp(self.query.get("corpid")?)?;
        Some(corp.key.clone())
    }

    /// The authorization that `auth_corpid` and `permanent_code` prove.
    pub(super) fn authorization<'a>(
        &self,
        store: &'a Store,
        suite: &Suite,
    ) -> ApiResult<(&'a Corp, &'a App)> {
        let corp_id = self.text("auth_corpid", 41002)?;
        let code = self.text("permanent_code", 41025)?;
        let corp = store.corp(corp_id).ok_or(ApiError::new(40013))?;
        let app = corp.app(suite.id.as_str()).ok_or(ApiError::new(48004))?;
        // A cancelled authorization is 40084 as well (D/96213).
        if !app.is_authorized() || app.permanent_code != code {
            return Err(ApiError::new(40084));
        }
        Ok((corp, app))
    }

    fn token_subject<'a>(
        &self,
        store: &'a Store,
        parameter: &TokenParameter,
    ) -> ApiResult<&'a TokenSubject> {
        let token = self.query(parameter.name, parameter.missing)?;
        store.tokens.subject(token, store.now()).map_err(|error| {
            ApiError::new(match error {
                TokenError::Invalid => parameter.invalid,
                TokenError::Expired => parameter.expired,
            })
        })
    }
}
