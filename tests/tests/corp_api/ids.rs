//! Encrypted ids: asked for, and a large corp moved to them while its members log in.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use futures_util::future::join_all;
use serde_json::json;
use wecom_login::{
    AuthenticatedMember, Binding, CorpId, DefaultUserBinder, Error, ErrorKind, Platform, Principal,
    Result, SuiteId, UserBinder, WecomUserId,
};
use wecom_login_tests::TestApp;
use wecom_login_tests::app::{SUITE, principal};

use super::corp_on;

const PEOPLE: usize = 1_000;

async fn set_ids(node: &TestApp, form: &str) {
    node.sandbox
        .change_settings(json!({"ids": form}))
        .await
        .unwrap();
}

#[tokio::test]
async fn encrypted_ids_are_asked_for_in_batches() {
    let node = TestApp::builder().provider().members(8).start().await;
    set_ids(&node, "plain").await;
    let plain = node.install(0).await;
    let people: Vec<String> = node.sandbox.user_ids(&plain);
    let corp = corp_on(&node.login, &plain);
    let open = corp.open_corp_id().await.unwrap();
    assert!(open.as_str().starts_with("wp"), "{open}");
    let asked = node.sandbox.calls("service/corpid_to_opencorpid");
    assert_eq!(corp.open_corp_id().await.unwrap(), open);
    let by_open = corp_on(&node.login, open.as_str());
    assert_eq!(by_open.open_corp_id().await.unwrap(), open);
    assert_eq!(
        node.sandbox.calls("service/corpid_to_opencorpid"),
        asked,
        "it is known"
    );

    let own = WecomUserId::new(&people[0]).unwrap();
    let mut ids = vec![own.clone()];
    ids.extend((0..2_400).map(|number| WecomUserId::new(format!("nobody{number}")).unwrap()));
    let before = node.sandbox.calls("batch/userid_to_openuserid");
    let pairs = corp.open_user_ids(&ids).await.unwrap();
    assert_eq!(node.sandbox.calls("batch/userid_to_openuserid"), before + 3);
    assert_eq!(pairs.len(), 1);
    assert_eq!(pairs[0].0, own);
    set_ids(&node, "encrypted").await;
    assert_eq!(pairs[0].1.as_str(), node.user(0, 0));
    assert_eq!(corp.open_user_ids(&[]).await.unwrap(), []);
}

/// The default binder, of which a rebind fails once after so many.
struct Failing {
    default: DefaultUserBinder,
    rebinds: Arc<AtomicU64>,
    fails_at: u64,
}

impl UserBinder for Failing {
    async fn bind(&self, member: &AuthenticatedMember) -> Result<Binding> {
        self.default.bind(member).await
    }

    async fn find(&self, principal: &Principal) -> Result<Option<String>> {
        self.default.find(principal).await
    }

    async fn unbind(&self, principal: &Principal) -> Result<()> {
        self.default.unbind(principal).await
    }

    async fn rebind(&self, from: &Principal, to: &Principal) -> Result<()> {
        if self.rebinds.fetch_add(1, Ordering::Relaxed) == self.fails_at {
            return Err(Error::new(
                ErrorKind::StoreUnavailable,
                "the host app is down",
            ));
        }
        self.default.rebind(from, to).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn thousand_people_are_moved_while_they_log_in_and_after_an_interruption() {
    let rebinds = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&rebinds);
    let node = TestApp::builder()
        .provider()
        .members(PEOPLE + 3)
        .configure(move |builder| {
            builder.wrap_binder(move |default| Failing {
                default,
                rebinds: counted,
                fails_at: 300,
            })
        })
        .start()
        .await;
    set_ids(&node, "plain").await;
    let plain = node.install(0).await;
    let people: Vec<String> = node.sandbox.user_ids(&plain);
    let people = &people[..PEOPLE];
    let started = Instant::now();
    let mut before = Vec::new();
    for ids in people.chunks(50) {
        let issued = ids.iter().map(|id| async {
            let member = principal(SUITE, &plain, id);
            node.login
                .sessions()
                .issue(&member, Platform::App)
                .await
                .unwrap()
        });
        before.extend(join_all(issued).await);
    }
    println!("{PEOPLE} sessions and bindings in {:?}", started.elapsed());
    set_ids(&node, "encrypted").await;
    let moved_ids: Vec<String> = node.sandbox.user_ids(&node.corp(0))[..PEOPLE].to_vec();

    let (suite_id, corp_id) = (SuiteId::new(SUITE).unwrap(), CorpId::new(&plain).unwrap());
    let asked = || node.sandbox.calls("batch/userid_to_openuserid");
    let asked_before = asked();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let migrate = async || {
        let seen = Arc::clone(&seen);
        let admin = node.login.admin();
        let on_progress = move |progress| seen.lock().unwrap().push(progress);
        admin
            .migrate_ids_with_progress(&suite_id, &corp_id, on_progress)
            .await
    };
    let started = Instant::now();
    let error = migrate().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StoreUnavailable);
    let interrupted = seen.lock().unwrap().clone();
    let last = interrupted.last().unwrap();
    assert_eq!((last.total, last.asked, last.moved), (1_000, 1_000, 300));

    // The rest, while people log in by the ids that WeCom names now.
    seen.lock().unwrap().clear();
    let logins = (0..20).map(|number| {
        let (node, id) = (&node, &moved_ids[number * 50]);
        async move {
            let login = node.log_in_to_suite(SUITE, &node.corp(0), id).await;
            (number * 50, login.success())
        }
    });
    let (moved, logged_in) = tokio::join!(migrate(), join_all(logins));
    let moved = moved.unwrap();
    println!(
        "moved {PEOPLE} in {:?}, {moved} of them after the interruption; {} calls",
        started.elapsed(),
        asked() - asked_before
    );
    let progress = seen.lock().unwrap().clone();
    assert!(
        progress
            .iter()
            .all(|seen| seen.moved <= seen.total && seen.total <= 700)
    );
    assert!(
        progress
            .windows(2)
            .all(|pair| pair[0].moved <= pair[1].moved)
    );
    for (number, login) in &logged_in {
        assert_eq!(login["userId"], before[*number].user.user_id(), "{login}");
    }
    assert_eq!(
        node.number("SELECT COUNT(*) FROM wecom_person").await,
        1_000
    );
    assert_eq!(node.number("SELECT COUNT(*) FROM wecom_user").await, 1_000);
    for number in [0, 299, 300, 301, 650, 999] {
        let issued = &before[number];
        let verified = node.login.verify_token(issued.token.expose().as_bytes());
        let user = verified.resolve().await.unwrap().unwrap().user;
        assert_eq!(user.user_id(), issued.user.user_id(), "the session goes on");
        assert_eq!(user.third_user_id().as_str(), moved_ids[number]);
    }
    assert_eq!(migrate().await.unwrap(), 0, "nobody is left");
}
