//! Logins from a mini program.

use serde_json::json;
use wecom_login::{CorpId, ErrorKind, JsCode, MiniProgramLoginRequest, WecomUserId};
use wecom_login_tests::app::SUITE;
use wecom_login_tests::{TestApp, TestRequest};

async fn log_in(node: &TestApp, corp_id: &str, user: &str) -> wecom_login::LoginResult {
    let js_code = JsCode::new(node.sandbox.js_code(corp_id, user).unwrap());
    let request = MiniProgramLoginRequest::new(CorpId::new(corp_id).unwrap(), js_code);
    let logged_in = node.login.service().login_by_mini_program(request).await;
    logged_in.unwrap()
}

async fn user_of(node: &TestApp, token: &str) -> wecom_login::CurrentUser {
    let verified = node.login.verify_token(token.as_bytes()).resolve().await;
    verified.unwrap().unwrap().user
}

#[tokio::test]
async fn person_is_the_same_user_by_every_login_method_and_the_key_stays_here() {
    let node = TestApp::builder().start().await;
    let corp_id = node.install(0).await;
    let user = node.user(0, 0);
    let workbench = node.log_in_to_suite(SUITE, &corp_id, &user).await.success();
    let result = log_in(&node, &corp_id, &user).await;
    assert_eq!(workbench["userId"], result.user_id);
    let wire = serde_json::to_value(&result).unwrap();
    assert!(!wire.to_string().contains("session_key"), "{wire}");

    let token = result.token.expose().to_owned();
    let current = user_of(&node, &token).await;
    assert_eq!(*current.third_user_id(), WecomUserId::new(&user).unwrap());
    let sessions = node.login.sessions();
    let key = sessions.mini_program_key(&current).await.unwrap().unwrap();
    assert!(!key.expose().is_empty() && !wire.to_string().contains(key.expose()));
    assert!(!node.database.contains(key.expose()).await, "it is sealed");
    // Another node opens it, and a session of another login has none.
    let other = node.second_handle().await;
    let elsewhere = other.verify_token(token.as_bytes()).resolve().await;
    let elsewhere = elsewhere.unwrap().unwrap().user;
    let found = other.sessions().mini_program_key(&elsewhere).await.unwrap();
    assert_eq!(found, Some(key));
    let by_workbench = user_of(&node, workbench["token"].as_str().unwrap()).await;
    assert_eq!(
        sessions.mini_program_key(&by_workbench).await.unwrap(),
        None
    );

    sessions.logout(&current).await.unwrap();
    assert_eq!(sessions.mini_program_key(&current).await.unwrap(), None);
    let kept = "SELECT COUNT(*) FROM wecom_session WHERE mini_program_key IS NOT NULL";
    assert_eq!(node.number(kept).await, 0, "it goes with its session");
    other.shutdown().await;
}

#[tokio::test]
async fn key_survives_a_change_of_data_keys() {
    use wecom_login::{DataKey, DataKeys};

    let node = TestApp::builder().start().await;
    let corp_id = node.install(0).await;
    let result = log_in(&node, &corp_id, &node.user(0, 0)).await;
    let current = user_of(&node, result.token.expose()).await;
    let key = node
        .login
        .sessions()
        .mini_program_key(&current)
        .await
        .unwrap();
    let keys = || DataKeys::from_keys([DataKey::new([8; 32]), DataKey::new([7; 32])]);
    let rotating = node
        .second_handle_with(|builder| builder.data_keys(keys()))
        .await;
    let report = rotating.admin().rotate_keys().await.unwrap();
    assert!(report.resealed > 0 && report.unreadable == 0, "{report:?}");
    let found = rotating
        .sessions()
        .mini_program_key(&current)
        .await
        .unwrap();
    assert_eq!(found, key);
    rotating.shutdown().await;
}

#[tokio::test]
async fn code_is_counted_and_refused_as_other_codes_are() {
    let node = TestApp::builder().start().await;
    let corp_id = node.install(0).await;
    let user = node.user(0, 0);
    let js_code = node.sandbox.js_code(&corp_id, &user).unwrap();
    let ask = |code: &str| {
        let body = json!({"corpId": corp_id, "jsCode": code, "platform": "mobile"});
        node.call(TestRequest::post("/loginByMiniProgram").json(&body))
    };
    let result = ask(&js_code).await.success();
    assert_eq!(result["platform"], "mobile");
    // Used, and then refused from memory.
    let exchanges = || node.sandbox.calls("miniprogram/jscode2session");
    for _ in 0..2 {
        ask(&js_code).await.assert_problem(401, "CODE_INVALID");
    }
    assert_eq!(exchanges(), 2);
    // The code of another way to log in.
    let oauth = node.sandbox.code(&corp_id, &user).unwrap();
    ask(&oauth).await.assert_problem(401, "CODE_INVALID");
    let request = MiniProgramLoginRequest::new(CorpId::new(&corp_id).unwrap(), JsCode::new(" "));
    let blank = node.login.service().login_by_mini_program(request).await;
    assert_eq!(blank.unwrap_err().kind(), ErrorKind::ApiParams);
    for number in 0..60 {
        let status = ask(&format!("wrong{number}")).await.status;
        assert!(matches!(status, 401 | 429), "{status}");
    }
    ask("wrong").await.assert_problem(429, "RATE_LIMITED");
}
