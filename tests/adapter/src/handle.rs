//! A handle on a database in memory, and sessions on it. No WeCom is running.

use http::{HeaderMap, header};
use wecom_login::callback::{CallbackKeys, EncodingAesKey};
use wecom_login::element::{InstanceConfig, InstanceName};
use wecom_login::{
    AgentId, CallbackToken, CorpId, DataKey, DataKeys, PermanentCode, Platform, Principal, Suite,
    SuiteId, SuiteSecret, WecomLogin, WecomUserId,
};

/// The key of the admin routes.
pub const ADMIN_KEY: &str = "0123456789abcdef01234567";
/// The origin of the handle's public URL.
pub const ORIGIN: &str = "http://127.0.0.1:3000";
/// The userid of every session's member.
pub const MEMBER: &str = "zhangsan";

/// A handle with one instance, `auths.QywxProxyDefault`, that the corps `ww1` and `ww2` have authorized.
pub async fn handle() -> WecomLogin {
    let key = EncodingAesKey::new("abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG").unwrap();
    let keys = CallbackKeys::new(CallbackToken::new("a-token-of-some-length"), key);
    let suite = Suite::new(
        SuiteId::new("dk1").unwrap(),
        SuiteSecret::new("secret"),
        keys,
    );
    let name = InstanceName::new("auths.QywxProxyDefault").unwrap();
    let login = WecomLogin::builder()
        .instance(InstanceConfig::new(name, "Default", suite))
        .database_url("sqlite::memory:")
        .data_keys(DataKeys::from_keys([DataKey::new([7; 32])]))
        .public_url(ORIGIN)
        // The discard port: these tests never call WeCom.
        .wecom_url("http://127.0.0.1:9")
        .admin_key(ADMIN_KEY)
        .build()
        .await
        .unwrap();
    for corp in ["ww1", "ww2"] {
        let (suite_id, corp_id) = (SuiteId::new("dk1").unwrap(), CorpId::new(corp).unwrap());
        let (code, agent) = (PermanentCode::new("code"), Some(AgentId::new(1_000_002)));
        login
            .admin()
            .import_authorization(&suite_id, &corp_id, code, agent)
            .await
            .unwrap();
    }
    login
}

/// The token of a new session of [`MEMBER`] in this corp.
pub async fn token(login: &WecomLogin, corp: &str) -> String {
    let principal = Principal::new(
        SuiteId::new("dk1").unwrap(),
        CorpId::new(corp).unwrap(),
        WecomUserId::new(MEMBER).unwrap(),
    );
    let issued = login
        .sessions()
        .issue(&principal, Platform::App)
        .await
        .unwrap();
    issued.token.expose().to_owned()
}

/// Ends this one session, which also removes it from the cache.
pub async fn log_out(login: &WecomLogin, token: &str) {
    let mut headers = HeaderMap::new();
    headers.insert(header::AUTHORIZATION, bearer(token).parse().unwrap());
    let verified = login.verify("GET", &headers).resolve().await.unwrap();
    login
        .sessions()
        .logout(&verified.unwrap().user)
        .await
        .unwrap();
}

/// The value of `Authorization` for this token.
#[must_use]
pub fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}
