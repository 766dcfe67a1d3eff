//! A handle on a database in memory, and sessions on it. The tests of every adapter begin with it.

use wecom_login::callback::{CallbackKeys, EncodingAesKey};
use wecom_login::element::{InstanceConfig, InstanceName};
use wecom_login::{
    AgentId, CallbackToken, CorpId, DataKey, DataKeys, PermanentCode, Platform, Principal, Suite,
    SuiteId, SuiteSecret, WecomLogin, WecomUserId,
};

pub(crate) const ADMIN_KEY: &str = "0123456789abcdef01234567";

pub(crate) async fn handle() -> WecomLogin {
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
        login
            .service()
            .import_authorization(&suite_id, &corp_id, code, agent)
            .await
            .unwrap();
    }
    login
}

/// A new session of a person of this company.
pub(crate) async fn token(login: &WecomLogin, corp: &str) -> String {
    let principal = Principal::new(
        SuiteId::new("dk1").unwrap(),
        CorpId::new(corp).unwrap(),
        WecomUserId::new("zhangsan").unwrap(),
    );
    let issued = login
        .service()
        .issue_session(&principal, Platform::App)
        .await
        .unwrap();
    issued.token.expose().to_owned()
}

pub(crate) fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}
