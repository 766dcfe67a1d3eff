//! Events of a corp and its members, and the sessions they end.

use serde_json::json;
use wecom_login::AuthorizationStatus;

use super::Target;
use crate::app::TestApp;
use crate::auths::{COMPANY_A, SUITE};
use crate::until;
use crate::{TestRequest, send};

/// Waits for the end of a session: an event is executed after its push was answered.
async fn ends(app: &TestApp, token: &str) {
    until("the session is revoked", async || {
        app.hello_status(token).await == 401
    })
    .await;
    let reply = app
        .send_to_host(TestRequest::get("/api/hello").bearer(token))
        .await;
    reply.assert_problem(401, "TOKEN_INVALID");
}

pub(super) async fn cancel_auth_ends_every_session_of_the_corp(target: Target) {
    let app = target.app().start().await;
    let open = app.open_corp();
    let mut tokens = Vec::new();
    for member in app.sandbox.user_ids(COMPANY_A).iter().take(2) {
        tokens.push(app.token(COMPANY_A, member).await);
        tokens.push(app.token(COMPANY_A, member).await);
    }
    let other = app.token(&open, &app.member(&open)).await;
    let member = app.member(COMPANY_A);
    let code = app.code(COMPANY_A, &member);
    assert!(app.sandbox.cancel(COMPANY_A).await.unwrap().succeeded());
    for token in &tokens {
        ends(&app, token).await;
    }
    app.settled_records().await;
    let body = json!({"corpId": COMPANY_A, "code": code});
    app.send(TestRequest::post("/loginByWorkbench").json(&body))
        .await
        .assert_problem(403, "CORP_NOT_AUTHORIZED");
    assert_eq!(
        app.hello_status(&other).await,
        200,
        "members of another corp stay logged in"
    );
    until("the data of the corp is erased", async || {
        let gone = app.corp_summary(SUITE, COMPANY_A).await.unwrap();
        assert_eq!(gone.status, AuthorizationStatus::Cancelled);
        gone.agent_id.is_none()
    })
    .await;

    app.install_corp(SUITE, COMPANY_A).await;
    let back = app.token(COMPANY_A, &member).await;
    assert_eq!(app.hello_status(&back).await, 200);
    for token in &tokens {
        assert_eq!(
            app.hello_status(token).await,
            401,
            "a new authorization revives no session"
        );
    }
    app.stop().await;
}

pub(super) async fn login_code_from_before_a_cancellation_is_invalid(target: Target) {
    let app = target.app().start().await;
    let member = app.member(COMPANY_A);
    let mut codes = Vec::new();
    for _ in 0..2 {
        let body = json!({"corpId": COMPANY_A, "code": app.code(COMPANY_A, &member)});
        let code = app
            .send(TestRequest::post("/QywxProxyCompanyA/getLoginCode").json(&body))
            .await
            .success();
        codes.push(code["loginCode"].clone());
    }
    let exchange =
        |code| app.send(TestRequest::post("/loginByCode").json(&json!({"loginCode": code})));
    assert!(app.sandbox.cancel(COMPANY_A).await.unwrap().succeeded());
    app.settled_records().await;
    let during = exchange(codes[0].clone()).await;
    assert!(
        matches!(
            during.problem().1.as_str(),
            "LOGIN_CODE_INVALID" | "CORP_NOT_AUTHORIZED"
        ),
        "{during:?}"
    );
    app.install_corp(SUITE, COMPANY_A).await;
    exchange(codes[1].clone())
        .await
        .assert_problem(401, "LOGIN_CODE_INVALID");
    // The same after the member has logged out everywhere.
    let token = app.token(COMPANY_A, &member).await;
    let body = json!({"corpId": COMPANY_A, "code": app.code(COMPANY_A, &member)});
    let code = app
        .send(TestRequest::post("/QywxProxyCompanyA/getLoginCode").json(&body))
        .await
        .success();
    app.send(TestRequest::post("/logoutAll").bearer(&token))
        .await
        .assert_no_content();
    exchange(code["loginCode"].clone())
        .await
        .assert_problem(401, "LOGIN_CODE_INVALID");
    app.stop().await;
}

pub(super) async fn member_who_leaves_loses_session_and_binding(target: Target) {
    let app = target.app().start().await;
    let members = app.sandbox.user_ids(COMPANY_A);
    let before = app.log_in(COMPANY_A, &members[0]).await;
    let colleague = app.token(COMPANY_A, &members[1]).await;
    let code = app.code(COMPANY_A, &members[0]);
    assert!(
        app.sandbox
            .leave(COMPANY_A, &members[0])
            .await
            .unwrap()
            .succeeded()
    );
    ends(&app, before["token"].as_str().unwrap()).await;
    assert_eq!(app.hello_status(&colleague).await, 200);
    let body = json!({"corpId": COMPANY_A, "code": code});
    let gone = app
        .send(TestRequest::post("/loginByWorkbench").json(&body))
        .await;
    assert_ne!(gone.status, 200, "who left cannot log in");
    app.settled_records().await;
    // The userid is used again: it is a new member.
    let join = format!("/sandbox/corps/{COMPANY_A}/members/{}/join", members[0]);
    let joined = send(
        app.sandbox.addr(),
        &TestRequest::post(join).json(&json!({})),
    )
    .await;
    assert_eq!(joined.status, 200, "{joined:?}");
    let after = app.log_in(COMPANY_A, &members[0]).await;
    assert_ne!(
        after["userId"], before["userId"],
        "a reused userid inherits nothing"
    );
    assert_eq!(
        app.hello_status(before["token"].as_str().unwrap()).await,
        401
    );
    app.stop().await;
}

pub(super) async fn renamed_member_stays_the_same_user(target: Target) {
    let app = target.app().start().await;
    let members = app.sandbox.user_ids(COMPANY_A);
    let before = app.log_in(COMPANY_A, &members[0]).await;
    let colleague = app.token(COMPANY_A, &members[1]).await;
    assert!(
        app.sandbox
            .rename(COMPANY_A, &members[0], "renamed-01")
            .await
            .unwrap()
            .succeeded()
    );
    ends(&app, before["token"].as_str().unwrap()).await;
    app.settled_records().await;
    let after = app.log_in(COMPANY_A, "renamed-01").await;
    assert_eq!(after["user"]["thirdUserId"], "renamed-01");
    assert_eq!(after["userId"], before["userId"]);
    assert_eq!(app.hello_status(&colleague).await, 200);
    app.stop().await;
}

pub(super) async fn unsubscribe_ends_sessions(target: Target) {
    let app = target.app().start().await;
    let members = app.sandbox.user_ids(COMPANY_A);
    let token = app.token(COMPANY_A, &members[0]).await;
    let colleague = app.token(COMPANY_A, &members[1]).await;
    assert!(
        app.sandbox
            .unsubscribe(COMPANY_A, &members[0])
            .await
            .unwrap()
            .succeeded()
    );
    ends(&app, &token).await;
    assert_eq!(app.hello_status(&colleague).await, 200);
    app.stop().await;
}

pub(super) async fn hidden_member_cannot_log_in(target: Target) {
    let app = target.app().start().await;
    let members = app.sandbox.user_ids(COMPANY_A);
    let token = app.token(COMPANY_A, &members[0]).await;
    // Later than the login, so that visibility is read again after the change.
    app.advance(std::time::Duration::from_secs(1));
    assert!(
        app.sandbox
            .hide(COMPANY_A, &members[0])
            .await
            .unwrap()
            .succeeded()
    );
    app.settled_records().await;
    app.try_log_in(COMPANY_A, &members[0])
        .await
        .assert_problem(403, "USER_NOT_VISIBLE");
    assert_eq!(
        app.hello_status(&token).await,
        401,
        "existing sessions are revoked"
    );
    let _ = app.log_in(COMPANY_A, &members[1]).await;
    assert!(
        app.sandbox
            .show(COMPANY_A, &members[0])
            .await
            .unwrap()
            .succeeded()
    );
    app.settled_records().await;
    let _ = app.log_in(COMPANY_A, &members[0]).await;
    app.stop().await;
}

pub(super) async fn reset_permanent_code_keeps_sessions(target: Target) {
    let app = target.app().start().await;
    let member = app.member(COMPANY_A);
    let token = app.token(COMPANY_A, &member).await;
    assert!(
        app.sandbox
            .reset_secret(COMPANY_A)
            .await
            .unwrap()
            .succeeded()
    );
    let records = app.settled_records().await;
    assert!(
        records.iter().all(|record| record["status"] == "succeeded"),
        "{records:?}"
    );
    assert_eq!(app.hello_status(&token).await, 200);
    app.sandbox.expire_tokens();
    let _ = app.log_in(COMPANY_A, &member).await;
    assert!(app.sandbox.change(COMPANY_A).await.unwrap().succeeded());
    app.settled_records().await;
    assert_eq!(app.hello_status(&token).await, 200);
    app.stop().await;
}
