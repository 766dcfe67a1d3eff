//! No secret is in the log, at any level.
//!
//! A test of its own, because it reads the log of the process.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use serde_json::json;
use wecom_login_tests::app::{ADMIN_KEY, PROVIDER, SUITE};
use wecom_login_tests::log::LogCapture;
use wecom_login_tests::push::{SignedPush, app_event, suite_event};
use wecom_login_tests::{TestApp, TestRequest, until};
use wecom_sandbox::Fault;

#[tokio::test(flavor = "multi_thread")]
async fn log_holds_no_secret_and_no_query() {
    let lines = LogCapture::default();
    // Everything of the product, including its statements.
    let filter = "warn,wecom_login=trace,wecom_login_tower=trace,sqlx=trace,sea_orm=trace";
    lines.record_with_spans(filter);
    let node = TestApp::builder().provider().start().await;
    let corp = node.install(0).await;
    let user = node.user(0, 0);
    let code = node.sandbox.code(&corp, &user).unwrap();
    let login = node.log_in_with_code(&corp, &code, Some(SUITE)).await;
    assert_eq!(login.status, 200, "{:?}", login.json());
    let token = login.json()["token"].as_str().unwrap().to_owned();
    let body = json!({"corpId": corp, "code": node.sandbox.code(&corp, &user).unwrap()});
    let login_code = node
        .call(TestRequest::post("/First/getLoginCode").json(&body))
        .await;
    let login_code = login_code.json()["loginCode"].as_str().unwrap().to_owned();
    let wrong_key = node
        .call(TestRequest::get("/corps").bearer("a-wrong-key-of-somebody-else"))
        .await;
    assert!((400..500).contains(&wrong_key.status));

    // Failures log more than successes: rejected codes and secrets, a broken call, a failed event.
    let refused_code = "refused-code-of-somebody";
    assert_eq!(
        node.log_in_with_code(&corp, refused_code, Some(SUITE))
            .await
            .status,
        401
    );
    for fault in [
        Fault::for_api("auth/getuserinfo").http_status(500),
        Fault::for_api("gettoken").errcode(40001),
    ] {
        node.sandbox.fault(fault.times(1)).unwrap();
        node.sandbox.expire_tokens();
        assert!(node.log_in_to_suite(SUITE, &corp, &user).await.status >= 400);
    }
    let auth_code = "AuthCodeThatNobodyMaySee".repeat(3);
    let event = suite_event(
        SUITE,
        "create_auth",
        1_700_000_000,
        &[("AuthCode", &auth_code)],
    );
    let push = node.push_builder.post(SUITE, &event);
    node.notify_until_accepted(&push).await;
    until("the record failed", async || {
        node.record_statuses("create_auth").await[0] == "failed"
    })
    .await;
    let words = "the private words of a member";
    node.notify_until_accepted(&node.push_builder.post(
        &corp,
        &app_event(&corp, "enter_agent", 1, &[("Note", words)]),
    ))
    .await;
    let echo = node
        .push_builder
        .url_verification(PROVIDER, "1616140317555161061");
    let callback = "code=CodeOfTheBrowser&state=0123456789abcdef0123456789abcdef";
    for target in [
        format!("/notify?{echo}"),
        format!("/notify?{echo}x"),
        format!("/callback?{callback}"),
    ] {
        node.call(TestRequest::get(target)).await;
    }
    let refused = node
        .notify(&SignedPush {
            query: format!("{}0", push.query),
            ..push.clone()
        })
        .await;
    assert_eq!(refused.status, 403);
    node.login.shutdown().await;

    let log = lines.text();
    assert!(log.contains("wecom_login"), "nothing was logged");
    for field in [
        "login{wecom_login.method=\"workbench\"",
        "wecom_login.outcome=\"succeeded\"",
        "callback{messaging.system=\"wecom\"",
        "wecom_call{otel.kind=\"client\"",
        "url.template=\"gettoken\"",
        "http.request.method=\"GET\"",
        "server.address=\"127.0.0.1\"",
        "http.response.status_code=200",
        "wecom.errcode=40001",
        "error.type=\"CODE_INVALID\"",
    ] {
        assert!(log.contains(field), "no span has {field}");
    }
    let parameter = |name: &str| {
        let pairs = [push.query.as_str(), echo.as_str()].join("&");
        pairs
            .split('&')
            .filter_map(|pair| pair.strip_prefix(name))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let permanent_code = node.sandbox.permanent_code(&corp, SUITE).unwrap();
    let mut secrets = vec![
        ("a session's token", token),
        ("a login code", login_code),
        ("a code", code),
        ("a refused code", refused_code.to_owned()),
        ("a browser's code", "CodeOfTheBrowser".to_owned()),
        ("an AuthCode", auth_code),
        ("a permanent code", permanent_code),
        ("the admin key", ADMIN_KEY.to_owned()),
        (
            "a wrong admin key",
            "a-wrong-key-of-somebody-else".to_owned(),
        ),
        (
            "the suite's secret",
            "the-suite-secret-of-the-tests".to_owned(),
        ),
        ("the callback token", "TestsCallbackToken01".to_owned()),
        ("a member's words", words.to_owned()),
        ("the parameter of a token", "access_token=".to_owned()),
        ("the parameter of a secret", "corpsecret".to_owned()),
    ];
    secrets.extend(
        parameter("msg_signature=")
            .into_iter()
            .map(|signature| ("a signature", signature)),
    );
    secrets.extend(
        parameter("echostr=")
            .into_iter()
            .map(|echostr| ("an echostr", echostr)),
    );
    assert_eq!(secrets.len(), 17);
    for (what, secret) in secrets {
        let line = log.lines().find(|line| line.contains(&secret));
        assert_eq!(line, None, "{what} is in the log");
    }
}
