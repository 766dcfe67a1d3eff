//! Pairs that an administrator says.

use wecom_login::{CorpId, SuiteId};
use wecom_login_tests::app::SUITE;
use wecom_login_tests::{TestApp, until};

use crate::{Migrated, migrated_with};

async fn add_alias(migrated: &Migrated) {
    let id = |text: &str| CorpId::new(text).unwrap();
    migrated
        .app
        .login
        .admin()
        .add_corp_alias(
            &SuiteId::new(SUITE).unwrap(),
            &id(&migrated.plain),
            &id(&migrated.open),
        )
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_event_is_carried_out_when_the_pair_is_said() {
    let migrated = migrated_with(TestApp::builder()).await;
    let app = &migrated.app;
    let left = app
        .sandbox
        .leave(&migrated.open, &migrated.open_person)
        .await
        .unwrap();
    assert!(left.succeeded(), "{left:?}");
    until("the event waits", async || {
        let records = app.records().await;
        records
            .iter()
            .any(|record| record.event == "change_contact" && record.last_error.is_some())
    })
    .await;
    assert_eq!(app.record_statuses("change_contact").await, ["waiting"]);
    assert!(app.is_valid(&migrated.token).await);
    add_alias(&migrated).await;
    until("the session is revoked", async || {
        !app.is_valid(&migrated.token).await
    })
    .await;
    let corps = app.login.admin().corps().await.unwrap();
    assert_eq!(corps[0].aliases, [CorpId::new(&migrated.open).unwrap()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_authorizations_of_one_corp_become_one() {
    let migrated = migrated_with(TestApp::builder()).await;
    let app = &migrated.app;
    // Nobody knows that it is the same corp, which authorizes again.
    let open = app.install(0).await;
    assert_eq!(open, migrated.open);
    let in_second = app.token_for_suite(SUITE, &open, &app.user(0, 1)).await;
    assert_eq!(app.login.admin().corps().await.unwrap().len(), 2);
    add_alias(&migrated).await;
    let corps = app.login.admin().corps().await.unwrap();
    assert_eq!(corps.len(), 1, "{corps:?}");
    assert_eq!(corps[0].corp_id.as_str(), migrated.plain);
    assert_eq!(
        app.authorization_status(SUITE, &migrated.plain).await,
        "active"
    );
    until("sessions under the other id are revoked", async || {
        !app.is_valid(&in_second).await
    })
    .await;
    assert!(app.is_valid(&migrated.token).await);
    for corp_id in [&migrated.open, &migrated.plain] {
        let code = app
            .sandbox
            .code_for_suite(&migrated.open, &migrated.open_person, SUITE)
            .unwrap();
        let login = app.log_in_with_code(corp_id, &code, None).await.success();
        assert_eq!(login["userId"], migrated.user_id.as_str());
    }
}
