//! Interface licenses, and the login of a member who has none.

use std::time::Duration;

use serde_json::json;
use wecom_login::{CorpLicence, ErrorKind, ManualClock, WecomUserId};
use wecom_login_tests::TestApp;
use wecom_login_tests::app::SUITE;

use super::corp_on;

async fn set(node: &TestApp, settings: serde_json::Value) {
    node.sandbox.change_settings(settings).await.unwrap();
}

#[tokio::test]
async fn licence_tells_trial_and_bought() {
    let node = TestApp::builder().provider().start().await;
    let corp_id = node.install(0).await;
    let corp = corp_on(&node.login, &corp_id);
    let CorpLicence::Trial { until } = corp.licence().await.unwrap() else {
        panic!("the trial runs")
    };
    assert!(until.as_millis() > node.now_millis());
    let user = WecomUserId::new(node.user(0, 0)).unwrap();
    let licence = corp.licence_of(&user).await.unwrap();
    assert!(licence.is_active && licence.missed_at.is_none());
    assert!(licence.expires_at.unwrap().as_millis() > node.now_millis());
    set(&node, json!({"licenceStatus": "unchecked"})).await;
    assert_eq!(corp.licence().await.unwrap(), CorpLicence::Unchecked);
    set(
        &node,
        json!({"licenceStatus": "paid", "licence": "missing"}),
    )
    .await;
    assert_eq!(corp.licence().await.unwrap(), CorpLicence::Bought);
    let licence = corp.licence_of(&user).await.unwrap();
    assert!(!licence.is_active && licence.expires_at.is_none());
    let nobody = WecomUserId::new("nobody").unwrap();
    let error = corp.licence_of(&nobody).await.unwrap_err();
    assert_eq!(error.errcode(), Some(60111));
}

#[tokio::test]
async fn licence_needs_the_provider() {
    let node = TestApp::builder().start().await;
    let corp_id = node.install(0).await;
    let error = corp_on(&node.login, &corp_id).licence().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
}

/// WeCom's word that a member could not log in.
fn unlicensed_notify(corp_id: &str, user: &str) -> String {
    format!(
        "<xml><ToUserName><![CDATA[{corp_id}]]></ToUserName><FromUserName><![CDATA[{user}]]></FromUserName>\
         <CreateTime>1403610513</CreateTime><MsgType><![CDATA[event]]></MsgType>\
         <Event><![CDATA[unlicensed_notify]]></Event><AgentID>1000002</AgentID></xml>"
    )
}

async fn notify(node: &TestApp, corp_id: &str, user: &str) {
    let push = node
        .push_builder
        .post(corp_id, &unlicensed_notify(corp_id, user));
    node.notify_until_done(&push, "unlicensed_notify").await;
    let kept = "SELECT COUNT(*) FROM wecom_person WHERE unlicensed_at IS NOT NULL";
    assert_eq!(node.number(kept).await, 1, "it is kept on the person");
}

#[tokio::test]
async fn login_of_a_member_without_a_licence_says_so_until_there_is_one() {
    let node = TestApp::builder().provider().start().await;
    let corp_id = node.install(0).await;
    let (user, other) = (node.user(0, 0), node.user(0, 1));
    let log_in = |user: &str| {
        let user = user.to_owned();
        let (node, corp_id) = (&node, &corp_id);
        async move { node.log_in_to_suite(SUITE, corp_id, &user).await }
    };
    let _ = log_in(&user).await.success();
    let asked = || node.sandbox.calls("license/get_active_info_by_user");
    assert_eq!(asked(), 0, "nobody is asked about without a reason");
    notify(&node, &corp_id, &user).await;
    set(&node, json!({"licenceStatus": "paid"})).await;
    // The code was had before; its holder has no license.
    let code = node.sandbox.code(&corp_id, &user).unwrap();
    let mut fault = wecom_sandbox::Fault::for_api("license/get_active_info_by_user").times(1);
    fault.body = Some(r#"{"errcode":0,"active_status":0,"active_info_list":[]}"#.to_owned());
    node.sandbox.fault(fault).unwrap();
    node.log_in_with_code(&corp_id, &code, Some(SUITE))
        .await
        .assert_problem(403, "LICENCE_MISSING");
    let corp = corp_on(&node.login, &corp_id);
    let licence = corp
        .licence_of(&WecomUserId::new(&user).unwrap())
        .await
        .unwrap();
    assert!(licence.missed_at.is_some());
    let _ = log_in(&other).await.success();
    // Bought meanwhile.
    let before = asked();
    let _ = log_in(&user).await.success();
    let _ = log_in(&user).await.success();
    assert_eq!(asked(), before + 1, "it is asked for once");
}

#[tokio::test]
async fn word_of_wecom_stands_for_ten_minutes_where_it_cannot_be_asked() {
    let clock = ManualClock::starting_now();
    let node = TestApp::builder().clock(&clock).start().await;
    let corp_id = node.install(0).await;
    let user = node.user(0, 0);
    let _ = node.log_in_to_suite(SUITE, &corp_id, &user).await.success();
    notify(&node, &corp_id, &user).await;
    node.log_in_to_suite(SUITE, &corp_id, &user)
        .await
        .assert_problem(403, "LICENCE_MISSING");
    clock.advance(Duration::from_mins(10));
    let _ = node.log_in_to_suite(SUITE, &corp_id, &user).await.success();
    let kept = "SELECT COUNT(*) FROM wecom_person WHERE unlicensed_at IS NOT NULL";
    assert_eq!(node.number(kept).await, 0);
}

#[tokio::test]
async fn nothing_is_kept_of_a_member_who_never_logged_in() {
    let node = TestApp::builder().start().await;
    let corp_id = node.install(0).await;
    let push = node
        .push_builder
        .post(&corp_id, &unlicensed_notify(&corp_id, &node.user(0, 0)));
    node.notify_until_done(&push, "unlicensed_notify").await;
    assert_eq!(node.number("SELECT COUNT(*) FROM wecom_person").await, 0);
}
