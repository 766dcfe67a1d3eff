//! Authorizations that are imported under a plain id.

use wecom_login::{CorpId, PermanentCode, SuiteId};
use wecom_login_tests::app::SUITE;
use wecom_login_tests::{TestApp, until};

use crate::set_ids;

#[tokio::test(flavor = "multi_thread")]
async fn corp_imported_by_its_plain_id_takes_events_by_the_encrypted_one() {
    let app = TestApp::builder().provider().without_push().start().await;
    set_ids(&app, "plain").await;
    let plain = app.corp(0);
    // Authorized long ago, with nobody listening.
    let _ = app.sandbox.install_suite(&plain, SUITE).await;
    let code = app.sandbox.permanent_code(&plain, SUITE).unwrap();
    app.start_pushing().await;
    let (suite, corp) = (SuiteId::new(SUITE).unwrap(), CorpId::new(&plain).unwrap());
    app.login
        .admin()
        .import_authorization(&suite, &corp, PermanentCode::new(code), None)
        .await
        .unwrap();
    app.wait_until_active(SUITE, &plain).await;
    let token = app.issue_session(SUITE, &plain, &app.user(0, 0)).await;
    set_ids(&app, "encrypted").await;
    let open = app.corp(0);
    assert!(app.sandbox.cancel(&open).await.unwrap().succeeded());
    until("the session is revoked", async || {
        !app.is_valid(&token).await
    })
    .await;
    assert_eq!(app.authorization_status(SUITE, &plain).await, "cancelled");
    assert_eq!(app.authorization_status(SUITE, &open).await, "none");
}
