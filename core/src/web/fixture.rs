//! Sessions in a database in memory, for the tests of this module.

use std::sync::Arc;

use tokio::sync::mpsc;

use crate::clock::SystemClock;
use crate::db::{Pool, Store};
use crate::domain::{CorpId, LoginType, Platform, Principal, Profile, SuiteId, WecomUserId};
use crate::session::fixture::insert_member;
use crate::session::{BackgroundTask, CurrentUser, NewSession, SessionConfig, Sessions, TokenSeed};
use crate::vault::{DataKey, KeyRing};
use crate::web::admin::AdminAuth;
use crate::web::client::TrustedProxies;
use crate::web::config::HttpConfig;
use crate::web::mount::Mount;
use crate::web::public_url::PublicUrl;

pub(super) struct Fixture {
    pub(super) sessions: Sessions,
    _background_tasks: mpsc::UnboundedReceiver<BackgroundTask>,
}

impl Fixture {
    pub(super) async fn new() -> Self {
        let database = Pool::connect("sqlite::memory:").await.unwrap();
        let keys = KeyRing::new(vec![DataKey::new([7; 32])]).unwrap();
        let store = Store::open(database, Arc::new(SystemClock), true)
            .await
            .unwrap();
        insert_member(&store, &principal()).await;
        let (sender, background_tasks) = mpsc::unbounded_channel();
        let runtime = tokio::runtime::Handle::current();
        let sessions = Sessions::new(store, &keys, SessionConfig::default(), sender, runtime);
        Self {
            sessions,
            _background_tasks: background_tasks,
        }
    }

    pub(super) async fn login(&self) -> (String, CurrentUser) {
        let new_session = NewSession {
            principal: principal(),
            user_id: "1".into(),
            instance: "auths.QywxProxyDefault".into(),
            platform: Platform::App,
            login_type: LoginType::Qr,
            profile: Profile::default(),
            attributes: crate::session::StoredAttributes::default(),
            member_epoch: 0,
            authorization_epoch: 0,
            visible_at: crate::clock::Timestamp::default(),
            revocation_seq: 0,
            origin: crate::audit::LoginOrigin::HostApp,
            seed: TokenSeed::random(),
        };
        let issued = self.sessions.issue(new_session).await.unwrap();
        (issued.token.expose().to_owned(), issued.user)
    }

    pub(super) fn bearer(&self, token: &str) -> Vec<(String, Vec<u8>)> {
        headers(&[("authorization", &format!("Bearer {token}"))])
    }

    pub(super) fn cookie(&self, token: &str) -> Vec<(String, Vec<u8>)> {
        headers(&[("cookie", &format!("wecom_login={token}"))])
    }
}

fn principal() -> Principal {
    Principal::new(
        SuiteId::new("dk1").unwrap(),
        CorpId::new("ww1").unwrap(),
        WecomUserId::new("zhangsan").unwrap(),
    )
}

pub(super) fn headers(lines: &[(&str, &str)]) -> Vec<(String, Vec<u8>)> {
    lines
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()))
        .collect()
}

pub(super) fn web() -> HttpConfig {
    web_with(AdminAuth::default())
}

pub(super) fn web_with(admin: AdminAuth) -> HttpConfig {
    let url = PublicUrl::new("http://127.0.0.1:3000").unwrap();
    HttpConfig::new(url, Mount::default(), admin, TrustedProxies::default())
}
