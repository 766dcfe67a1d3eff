//! Access to the admin routes.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;
use wecom_login::Builder;
use wecom_login::web::AdminAction;

use super::Target;
use crate::TestRequest;
use crate::app::ADMIN_KEY;
use crate::auths::{self, COMPANY_A, SECOND_SUITE, SUITE};
use crate::conformance::rows::has_fields;

/// The arguments of a call of the predicate: action and corp.
type Asked = (AdminAction, Option<String>);

fn admin_asks() -> [TestRequest; 4] {
    [
        TestRequest::get("/corps"),
        TestRequest::get("/callbackRecords"),
        TestRequest::post("/setCode").json(&json!({"corpId": COMPANY_A, "code": "abc"})),
        TestRequest::post("/retryCallBack").json(&json!({"recordId": 1})),
    ]
}

pub(super) async fn admin_routes_are_403_without_a_configured_key(target: Target) {
    let app = target.app().without_admin_key().start().await;
    let token = app.token(COMPANY_A, &app.member(COMPANY_A)).await;
    for ask in admin_asks() {
        for bearer in ["", ADMIN_KEY, token.as_str()] {
            app.send(ask.clone().bearer(bearer))
                .await
                .assert_problem(403, "FORBIDDEN");
        }
        app.send(ask).await.assert_problem(403, "FORBIDDEN");
    }
    app.stop().await;
}

pub(super) async fn ten_wrong_admin_keys_block_the_client(target: Target) {
    let app = target.app().start().await;
    let (guesser, other) = ("203.0.113.1", "203.0.113.2");
    for (number, ask) in admin_asks().iter().cycle().take(10).enumerate() {
        let wrong = ask
            .clone()
            .bearer(&format!("conformance-admin-key-1{number:03}"));
        app.send(wrong.forwarded_for(guesser))
            .await
            .assert_problem(403, "FORBIDDEN");
    }
    for key in ["another-wrong-key-for-the-limit", ADMIN_KEY] {
        let shut = app
            .send(
                TestRequest::get("/corps")
                    .bearer(key)
                    .forwarded_for(guesser),
            )
            .await;
        shut.assert_problem(429, "RATE_LIMITED");
        let wait: u64 = shut.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=60).contains(&wait));
    }
    // Addresses further left in the header come from the client.
    let forged = TestRequest::get("/corps")
        .bearer(ADMIN_KEY)
        .forwarded_for(&format!("198.51.100.9, {guesser}"));
    app.send(forged).await.assert_problem(429, "RATE_LIMITED");
    let _ = app
        .send(
            TestRequest::get("/corps")
                .bearer(ADMIN_KEY)
                .forwarded_for(other),
        )
        .await
        .success();
    app.advance(Duration::from_secs(60));
    let _ = app
        .send(
            TestRequest::get("/corps")
                .bearer(ADMIN_KEY)
                .forwarded_for(guesser),
        )
        .await
        .success();
    app.stop().await;
}

pub(super) async fn admin_predicate_decides_by_user_action_and_corp(target: Target) {
    let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
    let seen = Arc::clone(&asked);
    let setup = target.app().without_admin_key().configure(move |builder| {
        builder.admin_predicate(move |user, action, corp| {
            seen.lock()
                .unwrap()
                .push((action, corp.map(|corp| corp.as_str().to_owned())));
            user.corp_id().as_str() == COMPANY_A && corp.is_none_or(|corp| corp == user.corp_id())
        })
    });
    let app = setup.start().await;
    let open = app.open_corp();
    let administrator = app.token(COMPANY_A, &app.member(COMPANY_A)).await;
    let other = app.token(&open, &app.member(&open)).await;
    for ask in admin_asks() {
        app.send(ask.clone())
            .await
            .assert_problem(401, "UNAUTHENTICATED");
        app.send(ask.clone().bearer("nonsense"))
            .await
            .assert_problem(401, "TOKEN_INVALID");
        app.send(ask.bearer(&other))
            .await
            .assert_problem(403, "FORBIDDEN");
    }
    asked.lock().unwrap().clear();
    let _ = app
        .send(TestRequest::get("/corps").bearer(&administrator))
        .await
        .success();
    let _ = app
        .send(TestRequest::get("/callbackRecords").cookie(&administrator))
        .await
        .success();
    let set =
        |corp: &str| TestRequest::post("/setCode").json(&json!({"corpId": corp, "code": "abc"}));
    app.send(set(COMPANY_A).bearer(&administrator))
        .await
        .assert_no_content();
    app.send(set(&open).bearer(&administrator))
        .await
        .assert_problem(403, "FORBIDDEN");
    app.send(set(COMPANY_A).cookie(&administrator))
        .await
        .assert_problem(403, "CROSS_SITE");
    let retry = TestRequest::post("/retryCallBack")
        .json(&json!({"recordId": 4_000_000}))
        .bearer(&administrator);
    app.send(retry)
        .await
        .assert_problem(404, "RECORD_NOT_FOUND");
    let expected = vec![
        (AdminAction::Corps, None),
        (AdminAction::CallbackRecords, None),
        (AdminAction::SetCode, Some(COMPANY_A.to_owned())),
        (AdminAction::SetCode, Some(open)),
        (AdminAction::RetryCallback, None),
    ];
    assert_eq!(*asked.lock().unwrap(), expected);
    app.stop().await;
}

pub(super) async fn access_token_is_served_only_where_switched_on(target: Target) {
    let path = format!("/admin/api/corps/{COMPANY_A}/accessToken");
    let off = target.app().start().await;
    off.send_as_admin(TestRequest::post(&*path))
        .await
        .assert_problem(403, "FORBIDDEN");
    off.stop().await;

    let setup = target.app().configure(Builder::serve_access_tokens);
    let app = setup.start().await;
    let before = app.sandbox.calls("gettoken");
    app.send(TestRequest::post(&*path))
        .await
        .assert_problem(403, "FORBIDDEN");
    let token = app.token(COMPANY_A, &app.member(COMPANY_A)).await;
    app.send(TestRequest::post(&*path).bearer(&token))
        .await
        .assert_problem(403, "FORBIDDEN");
    let served = app.send_as_admin(TestRequest::post(&*path)).await;
    assert_eq!(served.header("cache-control"), Some("no-store"));
    let served = served.success();
    has_fields(&served, &["accessToken", "expiresAt"]);
    assert!(served["expiresAt"].as_i64().unwrap() > app.now_millis());
    let named =
        TestRequest::post(format!("{path}?suiteId={SUITE}")).json(&json!({"suiteId": SUITE}));
    assert_eq!(app.send_as_admin(named).await.success(), served);
    assert!(app.sandbox.calls("gettoken") <= before + 1);
    for wrong in [
        TestRequest::post(&*path).json(&json!({"suiteId": 7})),
        TestRequest::post(&*path).json(&json!({"x": "y"})),
        TestRequest::post(format!("{path}?x=1")),
        TestRequest::post("/admin/api/corps/a%20b/accessToken"),
    ] {
        app.send_as_admin(wrong)
            .await
            .assert_problem(400, "API_PARAMS_ERROR");
    }
    for unknown in ["wwnobody", auths::CLOSED] {
        app.send_as_admin(TestRequest::post(format!(
            "/admin/api/corps/{unknown}/accessToken"
        )))
        .await
        .assert_problem(403, "CORP_NOT_AUTHORIZED");
    }
    // Under two suites one has to be named.
    let open = app.open_corp();
    app.install_corp(SECOND_SUITE, &open).await;
    let ambiguous = format!("/admin/api/corps/{open}/accessToken");
    app.send_as_admin(TestRequest::post(&*ambiguous))
        .await
        .assert_problem(400, "API_PARAMS_ERROR");
    let named = TestRequest::post(&*ambiguous).json(&json!({"suiteId": SECOND_SUITE}));
    let _ = app.send_as_admin(named).await.success();
    app.stop().await;
}
