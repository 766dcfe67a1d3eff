//! Suites and the provider.

use std::time::Duration;

use wecom_login::ManualClock;
use wecom_login_tests::app::{PROVIDER, SUITE};
use wecom_login_tests::{TestApp, until};
use wecom_sandbox::Fault;

use super::{check, checks_of, says};

#[tokio::test(flavor = "multi_thread")]
async fn suite_ticket_that_does_not_come_or_is_old_or_refused_is_told_of() {
    let clock = ManualClock::starting_now();
    let app = TestApp::builder()
        .clock(&clock)
        .without_push()
        .start()
        .await;
    says(
        &check(&app, "suiteTicket").await,
        "warn",
        "has come yet",
        "刷新ticket",
    );
    app.advance(Duration::from_mins(16));
    says(
        &check(&app, "suiteTicket").await,
        "fail",
        "ever come",
        "刷新ticket",
    );
    app.start_pushing().await;
    let good = check(&app, "suiteTicket").await;
    says(&good, "ok", "0 min old", "");
    assert_eq!(
        (&good["subject"], &good["since"]),
        (&SUITE.into(), &app.now_millis().into())
    );
    app.advance(Duration::from_mins(16));
    says(
        &check(&app, "suiteTicket").await,
        "warn",
        "16 min old",
        "callback URL",
    );
    app.advance(Duration::from_mins(15));
    says(
        &check(&app, "suiteTicket").await,
        "fail",
        "31 min old",
        "callback URL",
    );
    app.database
        .execute("UPDATE wecom_suite SET ticket_refused = TRUE")
        .await;
    says(
        &check(&app, "suiteTicket").await,
        "fail",
        "refused",
        "刷新ticket",
    );
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_suite_secret_is_told_of_and_not_tried_again() {
    let app = TestApp::builder().start().await;
    let refusal = Fault::for_api("service/get_suite_token").errcode(40001);
    app.sandbox.fault(refusal).unwrap();
    let corp = app.corp(0);
    let _ = app.sandbox.install_suite(&corp, SUITE).await.unwrap();
    until("the secret is known to be wrong", async || {
        checks_of(&app.login, "suiteToken").await[0]["status"] == "fail"
    })
    .await;
    let calls = app.sandbox.calls("service/get_suite_token");
    let wrong = check(&app, "suiteToken").await;
    says(&wrong, "fail", "suite secret wrong", "suiteSecret");
    assert_eq!(wrong["subject"], SUITE);
    assert_eq!(app.sandbox.calls("service/get_suite_token"), calls);
    let budget = check(&app, "wrongSecrets").await;
    says(&budget, "warn", "1 wrong secrets", "bars the address");
    assert!(budget["since"].is_i64());
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_provider_secret_is_told_of() {
    let app = TestApp::builder().provider().start().await;
    app.sandbox.expire_tokens();
    let refusal = Fault::for_api("service/get_provider_token").errcode(40001);
    app.sandbox.fault(refusal).unwrap();
    let state = wecom_login::wecom::InstallState::new("s").unwrap();
    let suites = [wecom_login::SuiteId::new(SUITE).unwrap()];
    until("the secret is known to be wrong", async || {
        let _ = app.login.admin().install_link(&suites, &state).await;
        checks_of(&app.login, "providerToken").await[0]["status"] == "fail"
    })
    .await;
    let wrong = check(&app, "providerToken").await;
    says(&wrong, "fail", "provider secret wrong", "providerSecret");
    assert_eq!(wrong["subject"], PROVIDER);
    app.stop().await;
}
