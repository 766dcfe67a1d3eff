//! Body limits, and that a rejected body spends no code.

use serde_json::json;

use super::Target;
use super::rows::refused;
use crate::TestRequest;
use crate::adapter::HOST_BODY_LIMIT;
use crate::app::ADMIN_KEY;
use crate::auths::{COMPANY_A, SUITE};
use crate::push::Push;

const JSON_LIMIT: usize = 16 * 1024;
const NOTIFY_LIMIT: usize = 64 * 1024;

pub(super) async fn body_limits_are_independent_of_the_host_app(target: Target) {
    let app = target.app().start().await;
    let token = app.token(COMPANY_A, &app.member(COMPANY_A)).await;
    let small = app
        .send_to_host(TestRequest::post("/api/upload").body(vec![b'x'; HOST_BODY_LIMIT]))
        .await;
    assert_eq!((small.status, small.text()), (200, "1024"));
    let large = app
        .send_to_host(TestRequest::post("/api/upload").body(vec![b'x'; HOST_BODY_LIMIT + 1]))
        .await;
    assert_eq!(large.status, 413, "the host app has a limit of its own");

    for (path, bearer, within) in [
        ("/loginByCode", None, (401, "LOGIN_CODE_INVALID")),
        ("/loginByWorkbench", None, (403, "CORP_NOT_AUTHORIZED")),
        (
            "/QywxProxyDefault/getLoginCode",
            None,
            (403, "CORP_NOT_AUTHORIZED"),
        ),
        ("/setCode", Some(ADMIN_KEY), (403, "CORP_NOT_AUTHORIZED")),
        ("/retryCallBack", Some(ADMIN_KEY), (404, "RECORD_NOT_FOUND")),
    ] {
        let body = match path {
            "/loginByCode" => json!({"loginCode": "x"}),
            "/retryCallBack" => json!({"recordId": 4_000_000}),
            _ => json!({"corpId": "wwnobody", "code": "x"}),
        };
        // White space is valid padding: the longest body that is accepted, and one byte more.
        let padded = |length: usize| {
            let mut body = body.to_string().into_bytes();
            body.resize(length, b' ');
            body
        };
        for chunk in [None, Some(1000)] {
            let ask = |length: usize| {
                let ask = TestRequest::post(path).body(padded(length));
                let ask = if let Some(bearer) = bearer {
                    ask.bearer(bearer)
                } else {
                    ask
                };
                if let Some(chunk) = chunk {
                    ask.chunked(chunk)
                } else {
                    ask
                }
            };
            app.send(ask(JSON_LIMIT))
                .await
                .assert_problem(within.0, within.1);
            app.send(ask(JSON_LIMIT + 1))
                .await
                .assert_problem(413, "BODY_TOO_LARGE");
            app.send(ask(1_000_000))
                .await
                .assert_problem(413, "BODY_TOO_LARGE");
        }
    }
    for (method, path) in [
        ("POST", "/logout"),
        ("POST", "/logoutAll"),
        ("DELETE", "/sessions/1"),
    ] {
        let ask = TestRequest::new(method, path)
            .bearer(&token)
            .body(vec![b'x'; JSON_LIMIT + 1]);
        app.send(ask).await.assert_problem(413, "BODY_TOO_LARGE");
    }
    assert_eq!(app.hello_status(&token).await, 200);

    let signed = "msg_signature=a&timestamp=1&nonce=1";
    for path in ["/notify", "/QywxProxyDefault/notify"] {
        for chunk in [None, Some(5000)] {
            let ask = |length: usize| {
                let ask = TestRequest::post(format!("{path}?{signed}")).body(vec![b' '; length]);
                if let Some(chunk) = chunk {
                    ask.chunked(chunk)
                } else {
                    ask
                }
            };
            refused(&app.send(ask(NOTIFY_LIMIT)).await, 400);
            refused(&app.send(ask(NOTIFY_LIMIT + 1)).await, 413);
        }
    }
    // The longest event that fits into an envelope is accepted.
    let long = "x".repeat(40_000);
    let push = Push::suite_event(SUITE, "reserved", 1, &[("Long", &long)]);
    assert_eq!(app.send(push.post().chunked(7000)).await.text(), "success");
    app.stop().await;
}

pub(super) async fn rejected_body_spends_no_code(target: Target) {
    let app = target.app().start().await;
    let code = app.code(COMPANY_A, &app.member(COMPANY_A));
    let good = json!({"corpId": COMPANY_A, "code": code});
    let calls = app.sandbox.calls("auth/getuserinfo");
    for path in ["/loginByWorkbench", "/QywxProxyCompanyA/getLoginCode"] {
        let send = |body: String| app.send(TestRequest::post(path).body(body));
        for (field, value) in [
            ("surplus", json!(1)),
            ("platform", json!(null)),
            ("platform", json!(["app"])),
            ("loginType", json!(7)),
            ("suiteId", json!("")),
            ("corpid", json!(COMPANY_A)),
        ] {
            let mut body = good.clone();
            body[field] = value;
            send(body.to_string())
                .await
                .assert_problem(400, "API_PARAMS_ERROR");
        }
        let twice = format!("{{\"corpId\":\"{COMPANY_A}\",{}", &good.to_string()[1..]);
        send(twice).await.assert_problem(400, "API_PARAMS_ERROR");
        send(format!("{good}x"))
            .await
            .assert_problem(400, "API_PARAMS_ERROR");
        send(format!("{:<20000}", good.to_string()))
            .await
            .assert_problem(413, "BODY_TOO_LARGE");
    }
    let padded = format!(
        "{}{}",
        app.code(COMPANY_A, &app.member(COMPANY_A)),
        "x".repeat(500)
    );
    let long = json!({"corpId": COMPANY_A, "code": padded});
    app.send(TestRequest::post("/loginByWorkbench").json(&long))
        .await
        .assert_problem(400, "API_PARAMS_ERROR");
    assert_eq!(app.sandbox.calls("auth/getuserinfo"), calls);
    let answer = app
        .send(TestRequest::post("/loginByWorkbench").json(&good))
        .await;
    let _ = answer.success();
    assert_eq!(app.sandbox.calls("auth/getuserinfo"), calls + 1);
    app.stop().await;
}
