//! A handle on a database in memory, and short ways to ask an app.
#![allow(dead_code, reason = "each test file uses a part")]

use axum::Router;
use axum::body::{Body, Bytes};
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;
use wecom_login::callback::{CallbackKeys, EncodingAesKey};
use wecom_login::element::{InstanceConfig, InstanceName};
use wecom_login::{
    AgentId, CallbackToken, CorpId, DataKey, DataKeys, PermanentCode, Platform, Principal, Suite, SuiteId,
    SuiteSecret, UserId, WecomLogin,
};

pub(crate) const ADMIN_KEY: &str = "0123456789abcdef01234567";

pub(crate) async fn handle() -> WecomLogin {
    let key = EncodingAesKey::new("abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG").unwrap();
    let keys = CallbackKeys::new(CallbackToken::new("a-token-of-some-length"), key);
    let suite = Suite::new(SuiteId::new("dk1").unwrap(), SuiteSecret::new("secret"), keys);
    let name = InstanceName::new("auths.QywxProxyDefault").unwrap();
    let login = WecomLogin::builder()
        .instance(InstanceConfig::new(name, "Default", suite))
        .database_url("sqlite::memory:")
        .data_keys(DataKeys::given([DataKey::new([7; 32])]))
        .public_url("http://127.0.0.1:3000")
        // Nobody listens there: no test here needs WeCom.
        .wecom_url("http://127.0.0.1:9")
        .admin_key(ADMIN_KEY)
        .build()
        .await
        .unwrap();
    for corp in ["ww1", "ww2"] {
        let (suite_id, corp_id) = (SuiteId::new("dk1").unwrap(), CorpId::new(corp).unwrap());
        let (code, agent) = (PermanentCode::new("code"), Some(AgentId::new(1_000_002)));
        login.service().import_authorization(&suite_id, &corp_id, code, agent).await.unwrap();
    }
    login
}

/// A new session of a person of this company.
pub(crate) async fn token(login: &WecomLogin, corp: &str) -> String {
    let principal = Principal::new(
        SuiteId::new("dk1").unwrap(),
        CorpId::new(corp).unwrap(),
        UserId::new("zhangsan").unwrap(),
    );
    let issued = login.service().issue_session(&principal, Platform::App).await.unwrap();
    issued.token.expose().to_owned()
}

pub(crate) fn request(method: &str, path: &str, headers: &[(&str, &str)]) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Body::empty()).unwrap()
}

pub(crate) fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) extensions: http::Extensions,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Status and code of a problem.
    pub(crate) fn problem(&self) -> (u16, String) {
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        assert_eq!(self.header("cache-control"), Some("no-store"));
        let body = self.json();
        assert_eq!(body["status"], self.status.as_u16());
        assert!(body["title"].is_string());
        (self.status.as_u16(), body["code"].as_str().unwrap().to_owned())
    }
}

pub(crate) async fn ask(app: &Router, request: Request<Body>) -> Answer {
    collect(app.clone().oneshot(request).await.unwrap()).await
}

pub(crate) async fn collect<B: http_body::Body<Error: std::fmt::Debug>>(response: Response<B>) -> Answer {
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Answer { status: parts.status, headers: parts.headers, extensions: parts.extensions, body }
}
