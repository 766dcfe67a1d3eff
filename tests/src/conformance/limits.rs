//! Limits of failed logins, and that WeCom is not called beyond them.

use std::time::Duration;

use serde_json::json;

use super::Target;
use crate::app::TestApp;
use crate::auths::COMPANY_A;
use crate::{TestRequest, TestResponse};

pub(super) async fn try_code(app: &TestApp, corp: &str, code: &str, client: &str) -> TestResponse {
    let body = json!({"corpId": corp, "code": code});
    app.send(
        TestRequest::post("/loginByWorkbench")
            .json(&body)
            .forwarded_for(client),
    )
    .await
}

#[track_caller]
pub(super) fn limited(reply: &TestResponse) {
    reply.assert_problem(429, "RATE_LIMITED");
    let wait: u64 = reply.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
}

pub(super) async fn sixty_failed_codes_block_the_client(target: Target) {
    let app = target.app().start().await;
    let (guesser, other) = ("203.0.113.1", "203.0.113.2");
    let member = app.member(COMPANY_A);
    let calls = app.sandbox.calls("auth/getuserinfo");
    for number in 0..59 {
        let reply = try_code(&app, COMPANY_A, &format!("guess-{number}"), guesser).await;
        reply.assert_problem(401, "CODE_INVALID");
    }
    // Successful logins are not counted.
    let _ = try_code(&app, COMPANY_A, &app.code(COMPANY_A, &member), guesser)
        .await
        .success();
    try_code(&app, COMPANY_A, "guess-59", guesser)
        .await
        .assert_problem(401, "CODE_INVALID");
    let good = app.code(COMPANY_A, &member);
    for code in ["guess-60", "guess-61", &good] {
        limited(&try_code(&app, COMPANY_A, code, guesser).await);
    }
    let body = json!({"corpId": COMPANY_A, "code": good});
    let login_code = TestRequest::post("/QywxProxyCompanyA/getLoginCode")
        .json(&body)
        .forwarded_for(guesser);
    limited(&app.send(login_code).await);
    let made_up = TestRequest::post("/loginByCode")
        .json(&json!({"loginCode": "made-up"}))
        .forwarded_for(guesser);
    limited(&app.send(made_up).await);
    assert_eq!(
        app.sandbox.calls("auth/getuserinfo"),
        calls + 61,
        "sixty failed codes and one valid code"
    );
    let _ = try_code(&app, COMPANY_A, &good, other).await.success();
    app.advance(Duration::from_secs(60));
    let _ = try_code(&app, COMPANY_A, &app.code(COMPANY_A, &member), guesser)
        .await
        .success();
    app.stop().await;
}

pub(super) async fn failed_code_is_refused_without_a_call(target: Target) {
    let app = target.app().start().await;
    let calls = app.sandbox.calls("auth/getuserinfo");
    for client in ["203.0.113.1", "203.0.113.2", "203.0.113.1"] {
        try_code(&app, COMPANY_A, "stale", client)
            .await
            .assert_problem(401, "CODE_INVALID");
    }
    assert_eq!(app.sandbox.calls("auth/getuserinfo"), calls + 1);
    // Failed codes are remembered for each corp.
    try_code(&app, &app.open_corp(), "stale", "203.0.113.1")
        .await
        .assert_problem(401, "CODE_INVALID");
    assert_eq!(app.sandbox.calls("auth/getuserinfo"), calls + 2);
    app.advance(Duration::from_secs(299));
    try_code(&app, COMPANY_A, "stale", "203.0.113.1")
        .await
        .assert_problem(401, "CODE_INVALID");
    assert_eq!(app.sandbox.calls("auth/getuserinfo"), calls + 2);
    app.advance(Duration::from_secs(2));
    try_code(&app, COMPANY_A, "stale", "203.0.113.1")
        .await
        .assert_problem(401, "CODE_INVALID");
    assert_eq!(
        app.sandbox.calls("auth/getuserinfo"),
        calls + 3,
        "after five minutes WeCom is asked again"
    );
    app.stop().await;
}

pub(super) async fn three_hundred_failed_codes_block_the_corp(target: Target) {
    let app = target.app().start().await;
    let calls = app.sandbox.calls("auth/getuserinfo");
    for number in 0..300 {
        let client = format!("203.0.113.{}", number / 50);
        let reply = try_code(&app, COMPANY_A, &format!("guess-{number}"), &client).await;
        reply.assert_problem(401, "CODE_INVALID");
    }
    let good = app.code(COMPANY_A, &app.member(COMPANY_A));
    limited(&try_code(&app, COMPANY_A, &good, "203.0.113.200").await);
    assert_eq!(app.sandbox.calls("auth/getuserinfo"), calls + 300);
    let open = app.open_corp();
    let other = app.code(&open, &app.member(&open));
    let _ = try_code(&app, &open, &other, "203.0.113.200")
        .await
        .success();
    app.advance(Duration::from_secs(60));
    let _ = try_code(&app, COMPANY_A, &good, "203.0.113.200")
        .await
        .success();
    app.stop().await;
}

pub(super) async fn thirty_organization_code_lookups_block_the_client(target: Target) {
    let app = target.app().start().await;
    let set = TestRequest::post("/setCode").json(&json!({"corpId": COMPANY_A, "code": "acme"}));
    app.send_as_admin(set).await.assert_no_content();
    let find = |number: usize, client: &str| {
        let route = ["/getLoginConfigByCode", "/getLoginConfig"][number % 2];
        let code = if number.is_multiple_of(3) {
            "acme"
        } else {
            "nobody"
        };
        app.send(TestRequest::get(format!("{route}?code={code}")).forwarded_for(client))
    };
    // An IPv6 client is counted by its /64.
    let (one, same, other) = ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", "2001:db8:1:3::1");
    for number in 0..30 {
        let client = if number < 15 { one } else { same };
        let status = if number % 3 == 0 { 200 } else { 404 };
        assert_eq!(find(number, client).await.status, status);
    }
    for number in 30..34 {
        limited(&find(number, one).await);
        limited(&find(number, same).await);
    }
    let _ = find(0, other).await.success();
    app.advance(Duration::from_secs(59));
    limited(&find(0, one).await);
    app.advance(Duration::from_secs(1));
    let _ = find(0, one).await.success();
    app.stop().await;
}
