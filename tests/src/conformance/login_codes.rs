//! `getLoginCode` and `loginByCode`.

use std::time::Duration;

use serde_json::{Value, json};

use super::Target;
use super::rows::has_fields;
use crate::app::TestApp;
use crate::auths::{COMPANY_A, SUITE};
use crate::{TestRequest, TestResponse};

/// `getLoginCode` of an instance for a new code of a member.
pub(super) async fn login_code(app: &TestApp, instance: &str, corp: &str, member: &str) -> Value {
    let body = json!({"corpId": corp, "code": app.code(corp, member)});
    app.send(TestRequest::post(format!("/{instance}/getLoginCode")).json(&body))
        .await
        .success()
}

pub(super) async fn exchange(app: &TestApp, body: &Value) -> TestResponse {
    app.send(TestRequest::post("/loginByCode").json(body)).await
}

pub(super) async fn login_code_is_exchanged_for_a_session(target: Target) {
    let app = target.app().start().await;
    let corp = app.open_corp();
    let member = app.member(&corp);
    let code = login_code(&app, "QywxProxyDefault", &corp, &member).await;
    has_fields(&code, &["loginCode", "corpList", "userId"]);
    assert_eq!(code["corpList"].as_array().unwrap().len(), 1);
    has_fields(&code["corpList"][0], &["corpId", "corpName"]);
    assert_eq!(code["corpList"][0]["corpId"], corp);
    assert!(!code["corpList"][0]["corpName"].as_str().unwrap().is_empty());

    let result = exchange(&app, &json!({"loginCode": code["loginCode"]})).await;
    assert_eq!(
        result.header("set-cookie"),
        None,
        "JSON logins set no cookies"
    );
    let result = result.success();
    has_fields(
        &result,
        &[
            "success",
            "token",
            "tokenType",
            "expiresIn",
            "platform",
            "userId",
            "corpId",
            "user",
            "corpList",
        ],
    );
    assert_eq!(result["success"], true);
    assert_eq!(result["tokenType"], "Bearer");
    assert_eq!(result["expiresIn"], 24 * 60 * 60);
    assert_eq!(result["platform"], "app");
    assert_eq!(result["corpId"], corp);
    assert_eq!(result["userId"], code["userId"]);
    assert_eq!(result["corpList"], code["corpList"]);
    let user = &result["user"];
    assert_eq!(
        (&user["userId"], &user["thirdUserId"]),
        (&code["userId"], &json!(member))
    );
    assert_eq!(user["corpId"], corp);
    assert!(
        user["name"].as_str().is_some_and(|name| !name.is_empty()),
        "{user}"
    );
    for field in user.as_object().unwrap().keys() {
        let known = [
            "userId",
            "thirdUserId",
            "corpId",
            "name",
            "avatar",
            "email",
            "mobile",
        ];
        assert!(known.contains(&field.as_str()), "{field}");
    }
    let token = result["token"].as_str().unwrap();
    assert!(token.starts_with("wl_"));
    let hello = app
        .send_to_host(TestRequest::get("/api/hello").bearer(token))
        .await
        .json();
    let expected = json!({
        "userId": code["userId"],
        "thirdUserId": member,
        "corpId": corp,
        "suiteId": SUITE,
        "platform": "app",
    });
    assert_eq!(hello, expected);
    let again = app.log_in(&corp, &member).await;
    assert_eq!(
        again["userId"], code["userId"],
        "the same member is the same user"
    );
    app.stop().await;
}

pub(super) async fn login_code_is_used_once(target: Target) {
    let app = target.app().start().await;
    let member = app.member(COMPANY_A);
    let code = login_code(&app, "QywxProxyCompanyA", COMPANY_A, &member).await;
    let body = json!({"loginCode": code["loginCode"]});
    // Of concurrent exchanges, one succeeds.
    let mut got_in = 0;
    let tries = tokio::join!(
        exchange(&app, &body),
        exchange(&app, &body),
        exchange(&app, &body)
    );
    for reply in <[TestResponse; 3]>::from(tries) {
        match reply.status {
            200 => got_in += 1,
            _ => reply.assert_problem(401, "LOGIN_CODE_INVALID"),
        }
    }
    assert_eq!(got_in, 1);
    exchange(&app, &body)
        .await
        .assert_problem(401, "LOGIN_CODE_INVALID");
    app.stop().await;
}

pub(super) async fn login_code_expires_after_five_minutes(target: Target) {
    let app = target.app().start().await;
    let member = app.member(COMPANY_A);
    let first = login_code(&app, "QywxProxyDefault", COMPANY_A, &member).await;
    app.advance(Duration::from_millis(299_999));
    let second = login_code(&app, "QywxProxyDefault", COMPANY_A, &member).await;
    let _ = exchange(&app, &json!({"loginCode": first["loginCode"]}))
        .await
        .success();
    app.advance(Duration::from_secs(300));
    let late = exchange(&app, &json!({"loginCode": second["loginCode"]})).await;
    late.assert_problem(401, "LOGIN_CODE_INVALID");
    app.stop().await;
}

pub(super) async fn wrong_corp_spends_the_login_code(target: Target) {
    let app = target.app().start().await;
    let (corp, member) = (app.open_corp(), app.member(COMPANY_A));
    let code = login_code(&app, "QywxProxyCompanyA", COMPANY_A, &member).await;
    let wrong = exchange(
        &app,
        &json!({"loginCode": code["loginCode"], "corpId": corp}),
    )
    .await;
    wrong.assert_problem(403, "CORP_NOT_IN_LIST");
    let right = exchange(
        &app,
        &json!({"loginCode": code["loginCode"], "corpId": COMPANY_A}),
    )
    .await;
    right.assert_problem(401, "LOGIN_CODE_INVALID");
    let code = login_code(&app, "QywxProxyCompanyA", COMPANY_A, &member).await;
    let named = exchange(
        &app,
        &json!({"loginCode": code["loginCode"], "corpId": COMPANY_A}),
    )
    .await;
    assert_eq!(named.success()["corpId"], COMPANY_A);
    app.stop().await;
}

pub(super) async fn platform_and_login_type_are_kept_on_the_session(target: Target) {
    let app = target.app().start().await;
    let member = app.member(COMPANY_A);
    for (login_type, platform) in [("qr", "web"), ("workbench", "mobile"), ("qr", "app")] {
        let body = json!({"corpId": COMPANY_A, "code": app.code(COMPANY_A, &member), "loginType": login_type});
        let code = app
            .send(TestRequest::post("/QywxProxyDefault/getLoginCode").json(&body))
            .await
            .success();
        let unknown = exchange(
            &app,
            &json!({"loginCode": code["loginCode"], "platform": "tv"}),
        )
        .await;
        unknown.assert_problem(400, "PLATFORM_UNKNOWN");
        let body = json!({"loginCode": code["loginCode"], "platform": platform});
        let result = exchange(&app, &body).await.success();
        assert_eq!(result["platform"], platform, "a wrong word burnt nothing");
        let me = app
            .send(TestRequest::get("/me").bearer(result["token"].as_str().unwrap()))
            .await
            .success();
        let session = &me["session"];
        assert_eq!(
            (&session["loginType"], &session["platform"]),
            (&json!(login_type), &json!(platform))
        );
        assert_eq!(session["instance"], "auths.QywxProxyDefault");
    }
    app.stop().await;
}
