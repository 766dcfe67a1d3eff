//! Errors and timeouts of WeCom.

use std::time::Duration;

use serde_json::json;
use wecom_sandbox::Fault;

use super::Target;
use crate::TestRequest;
use crate::auths::COMPANY_A;

const IDENTITY: &str = "auth/getuserinfo";

pub(super) async fn wecom_errors_map_to_codes(target: Target) {
    let app = target.app().start().await;
    let member = app.member(COMPANY_A);
    let _ = app.log_in(COMPANY_A, &member).await;
    for (errcode, status, code) in [
        (40029, 401, "CODE_INVALID"),
        (42003, 401, "CODE_INVALID"),
        (42022, 401, "CODE_INVALID"),
        (50003, 403, "LOGIN_DISABLED"),
        (701_008, 403, "LICENCE_MISSING"),
        (701_099, 403, "LICENCE_MISSING"),
        (50002, 403, "USER_NOT_VISIBLE"),
        (-1, 502, "UPSTREAM_ERROR"),
        (45009, 502, "UPSTREAM_ERROR"),
        (60020, 502, "UPSTREAM_ERROR"),
        (123_456, 502, "UPSTREAM_ERROR"),
    ] {
        let calls = app.sandbox.calls(IDENTITY);
        app.sandbox
            .fault(Fault::for_api(IDENTITY).errcode(errcode).times(1))
            .unwrap();
        let reply = app.try_log_in(COMPANY_A, &member).await;
        reply.assert_problem(status, code);
        assert_eq!(reply.json()["errcode"], errcode);
        assert_eq!(
            app.sandbox.calls(IDENTITY),
            calls + 1,
            "a call with a code is made once"
        );
    }
    for status in [500, 503, 404] {
        app.sandbox
            .fault(Fault::for_api(IDENTITY).http_status(status).times(1))
            .unwrap();
        let reply = app.try_log_in(COMPANY_A, &member).await;
        reply.assert_problem(502, "UPSTREAM_ERROR");
        assert!(reply.json().get("errcode").is_none());
    }
    let nonsense = json!({"api": IDENTITY, "times": 1, "body": "<html>busy</html>"});
    let fault = TestRequest::post("/sandbox/faults").json(&nonsense);
    assert!(crate::send(app.sandbox.addr(), &fault).await.status < 300);
    app.try_log_in(COMPANY_A, &member)
        .await
        .assert_problem(502, "UPSTREAM_ERROR");
    // The same errors by the sandbox's switches.
    app.sandbox
        .change_settings(json!({"licence": false}))
        .await
        .unwrap();
    app.try_log_in(COMPANY_A, &member)
        .await
        .assert_problem(403, "LICENCE_MISSING");
    app.sandbox
        .change_settings(json!({"licence": null, "disabled": [COMPANY_A]}))
        .await
        .unwrap();
    app.try_log_in(COMPANY_A, &member)
        .await
        .assert_problem(403, "LOGIN_DISABLED");
    app.sandbox
        .change_settings(json!({"disabled": null}))
        .await
        .unwrap();
    let _ = app.log_in(COMPANY_A, &member).await;
    app.stop().await;
}

pub(super) async fn rejected_token_is_refetched_once(target: Target) {
    let app = target.app().start().await;
    let member = app.member(COMPANY_A);
    let _ = app.log_in(COMPANY_A, &member).await;
    for errcode in [40014, 42001] {
        let calls = app.sandbox.calls(IDENTITY);
        app.sandbox
            .fault(Fault::for_api(IDENTITY).errcode(errcode).times(1))
            .unwrap();
        let _ = app.log_in(COMPANY_A, &member).await;
        assert_eq!(
            app.sandbox.calls(IDENTITY),
            calls + 2,
            "once more with another token"
        );
        app.sandbox
            .fault(Fault::for_api(IDENTITY).errcode(errcode).times(2))
            .unwrap();
        let reply = app.try_log_in(COMPANY_A, &member).await;
        reply.assert_problem(502, "UPSTREAM_ERROR");
        assert_eq!(reply.json()["errcode"], errcode);
        assert_eq!(
            app.sandbox.calls(IDENTITY),
            calls + 4,
            "a token is refetched once"
        );
    }
    app.sandbox.expire_tokens();
    let _ = app.log_in(COMPANY_A, &member).await;
    app.stop().await;
}

pub(super) async fn failed_profile_read_keeps_the_login(target: Target) {
    let app = target.app().start().await;
    let members = app.sandbox.user_ids(COMPANY_A);
    // Later than the authorization, so that a visible member is not read again.
    app.advance(Duration::from_secs(1));
    app.sandbox
        .fault(Fault::for_api("user/get").errcode(48002))
        .unwrap();
    let result = app.log_in(COMPANY_A, &members[0]).await;
    assert!(result["user"].get("name").is_none());
    app.sandbox.clear_faults();
    app.sandbox
        .fault(Fault::for_api("user/get").http_status(500))
        .unwrap();
    let _ = app.log_in(COMPANY_A, &members[1]).await;
    app.sandbox.clear_faults();
    let result = app.log_in(COMPANY_A, &members[0]).await;
    assert!(
        result["user"]["name"].is_string(),
        "the next login reads the profile again"
    );
    app.sandbox
        .fault(Fault::for_api("user/get").errcode(60111))
        .unwrap();
    let _ = app.log_in(COMPANY_A, &members[0]).await;
    app.stop().await;
}

pub(super) async fn hanging_wecom_is_504(target: Target) {
    let app = target.app().start().await;
    let member = app.member(COMPANY_A);
    let token = app.token(COMPANY_A, &member).await;
    app.sandbox
        .fault(Fault::for_api(IDENTITY).delay_ms(30_000).times(1))
        .unwrap();
    let calls = app.sandbox.calls(IDENTITY);
    let waiting = app.try_log_in(COMPANY_A, &member);
    let (waited, hello) = tokio::join!(waiting, app.hello_status(&token));
    waited.assert_problem(504, "UPSTREAM_TIMEOUT");
    assert_eq!(
        hello, 200,
        "a request with a session does not wait for WeCom"
    );
    assert_eq!(
        app.sandbox.calls(IDENTITY),
        calls + 1,
        "the code is not sent again"
    );
    let _ = app.log_in(COMPANY_A, &member).await;
    app.stop().await;
}
