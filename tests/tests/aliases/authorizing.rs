//! A corp that authorizes while its other id is learnt.

use serde_json::json;
use wecom_login::{AuthorizationStatus, CorpId, SuiteId};
use wecom_login_tests::app::SUITE;
use wecom_login_tests::{TestApp, until};

use crate::set_ids;

#[tokio::test(flavor = "multi_thread")]
async fn corp_that_authorizes_while_its_pair_is_said_is_found_by_both_ids() {
    authorize_while_the_pair_is_said(false).await;
}

/// Before its first authorization, the encrypted id is taken for the one that the corp will be stored under.
#[tokio::test(flavor = "multi_thread")]
async fn corp_that_authorizes_while_its_pair_is_said_again_is_found_by_both_ids() {
    authorize_while_the_pair_is_said(true).await;
}

async fn authorize_while_the_pair_is_said(is_known: bool) {
    let app = TestApp::builder().start().await;
    set_ids(&app, "encrypted").await;
    let (open, open_person) = (app.corp(0), app.user(0, 0));
    set_ids(&app, "plain").await;
    let plain = app.corp(0);

    let (admin, suite_id) = (app.login.admin(), SuiteId::new(SUITE).unwrap());
    let ids = (CorpId::new(&plain).unwrap(), CorpId::new(&open).unwrap());
    if is_known {
        admin
            .add_corp_alias(&suite_id, &ids.0, &ids.1)
            .await
            .unwrap();
    }

    // Neither transaction sees what the other is about to commit.
    let lock = app.database.lock_announcements().await;
    let said = tokio::spawn(async move { admin.add_corp_alias(&suite_id, &ids.0, &ids.1).await });
    until("the pair is about to be stored", async || {
        lock.waiting().await.is_none_or(|waiting| waiting == 1)
    })
    .await;
    let delivery = app.sandbox.install_suite(&plain, SUITE).await.unwrap();
    assert!(delivery.succeeded(), "{delivery:?}");
    until("the authorization is about to be stored", async || {
        lock.waiting().await.is_none_or(|waiting| waiting == 2)
    })
    .await;
    lock.release().await;
    said.await.unwrap().unwrap();
    app.wait_until_active(SUITE, &plain).await;

    for corp_id in [&plain, &open] {
        let code = app
            .sandbox
            .code_for_suite(&plain, &open_person, SUITE)
            .unwrap();
        let login = app.log_in_with_code(corp_id, &code, Some(SUITE)).await;
        assert_eq!(login.success()["corpId"], json!(plain), "by {corp_id}");
    }
    let corps = app.login.admin().corps().await.unwrap();
    let ids: Vec<_> = corps.iter().map(|corp| corp.corp_id.as_str()).collect();
    assert_eq!(ids, [plain.as_str()]);
    assert_eq!(corps[0].aliases, [CorpId::new(&open).unwrap()]);
    assert_eq!(corps[0].status, AuthorizationStatus::Active);
}
