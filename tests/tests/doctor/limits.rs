//! WeCom's limits.

use wecom_login::{CorpId, SuiteId};
use wecom_login_tests::app::SUITE;
use wecom_login_tests::{TestApp, until};
use wecom_sandbox::Fault;

use super::{check, checks_of, says};

#[tokio::test(flavor = "multi_thread")]
async fn refused_address_is_told_of_with_the_paused_rate() {
    let app = TestApp::builder().start().await;
    let corp = app.install(0).await;
    app.wait_until_done().await;
    says(&check(&app, "addressAllowed").await, "ok", "60020", "");
    let mut fault = Fault::for_api("service/v2/get_auth_info");
    fault.body = Some(
        r#"{"errcode":60020,"errmsg":"not allow to access from your ip, hint: [17], from ip: 203.0.113.7, more info at https://open.work.weixin.qq.com"}"#
            .to_owned(),
    );
    app.sandbox.fault(fault).unwrap();
    let (suite_id, corp_id) = (SuiteId::new(SUITE).unwrap(), CorpId::new(&corp).unwrap());
    app.login
        .admin()
        .read_corp(&suite_id, &corp_id)
        .await
        .unwrap_err();
    let refused = check(&app, "addressAllowed").await;
    says(&refused, "fail", "203.0.113.7", "IP白名单");
    assert!(refused["since"].is_i64());
    let calls = app.sandbox.calls("service/v2/get_auth_info");
    let paused = check(&app, "pausedRates").await;
    says(
        &paused,
        "fail",
        "service/v2/get_auth_info with 60020",
        "IP白名单",
    );
    assert_eq!(paused["subject"], SUITE);
    assert!(paused["since"].is_i64());
    assert_eq!(
        app.sandbox.calls("service/v2/get_auth_info"),
        calls,
        "no probe is used up"
    );
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn budget_of_wrong_secrets_is_told_of() {
    let app = TestApp::builder().start().await;
    says(
        &check(&app, "wrongSecrets").await,
        "ok",
        "0 wrong secrets",
        "",
    );
    let insert = async |number: i64| {
        let secret = app.database.bytes(&format!("secret-{number}"));
        let at = app.now_millis();
        app.database
            .execute(&format!(
                "INSERT INTO wecom_secret_attempt (secret, kind, rejected, at) VALUES ({secret}, 'unproven', TRUE, {at})"
            ))
            .await;
    };
    insert(1).await;
    says(
        &check(&app, "wrongSecrets").await,
        "warn",
        "1 wrong",
        "broken corps",
    );
    for number in 2..=9 {
        insert(number).await;
    }
    until("the budget is told to be used up", async || {
        checks_of(&app.login, "wrongSecrets").await[0]["status"] == "fail"
    })
    .await;
    says(
        &check(&app, "wrongSecrets").await,
        "fail",
        "9 wrong",
        "hour",
    );
    app.stop().await;
}
