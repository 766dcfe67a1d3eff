//! Calling WeCom as a corp.

use serde_json::{Value, json};

use super::Target;
use crate::TestRequest;
use crate::auths::{CODES_OFF, CODES_STATE, COMPANY_A, SUITE};
use crate::conformance::rows::has_fields;

pub(super) async fn handler_calls_wecom_as_the_corp_of_its_user(target: Target) {
    let app = target.app().start().await;
    let user = app.member(COMPANY_A);
    let token = app.token(COMPANY_A, &user).await;
    let asked = TestRequest::get("/api/member").bearer(&token);
    let response = app.send_to_host(asked).await;
    assert_eq!(response.status, 200);
    let member = response.json();
    assert_eq!(member["userid"], user.as_str(), "{member}");
    app.stop().await;
}

pub(super) async fn js_config_signs_pages_of_the_public_url(target: Target) {
    let app = target.app().start().await;
    let open = app.open_corp();
    let token = app.token(COMPANY_A, &app.member(COMPANY_A)).await;
    let page = format!("http%3A%2F%2F{}%2Fworkbench%3Fx%3D1%23part", app.address());
    let ask = |query: String| TestRequest::get(format!("/jsConfig?url={page}{query}"));
    for query in [String::new(), format!("&corpId={COMPANY_A}")] {
        let signed = app.send(ask(query).bearer(&token)).await.success();
        has_fields(&signed, &["corpId", "agentId", "config", "agentConfig"]);
        assert_eq!(signed["corpId"], COMPANY_A);
        let agent_id = app.sandbox.agent_id(COMPANY_A).unwrap().to_string();
        assert_eq!(signed["agentId"], agent_id);
        for part in ["config", "agentConfig"] {
            has_fields(&signed[part], &["timestamp", "nonceStr", "signature"]);
            assert_eq!(signed[part]["signature"].as_str().unwrap().len(), 40);
            assert_eq!(signed[part]["timestamp"], app.now_millis() / 1000);
        }
    }
    // By the cookie of a browser, as a page asks.
    let _ = app.send(ask(String::new()).cookie(&token)).await.success();
    app.send(ask(String::new()))
        .await
        .assert_problem(401, "UNAUTHENTICATED");
    app.send(ask(format!("&corpId={open}")).bearer(&token))
        .await
        .assert_problem(403, "CORP_MISMATCH");
    app.send(ask("&corpId=".to_owned()).bearer(&token))
        .await
        .assert_problem(400, "API_PARAMS_ERROR");
    let fetched = (
        app.sandbox.calls("get_jsapi_ticket"),
        app.sandbox.calls("ticket/get"),
    );
    assert_eq!(fetched, (1, 1));
    app.stop().await;
}

pub(super) async fn mini_program_login_is_the_same_user(target: Target) {
    let setup =
        target
            .app()
            .authorized(&[(SUITE, COMPANY_A), (SUITE, CODES_STATE), (SUITE, CODES_OFF)]);
    let app = setup.start().await;
    let ask = async |corp: &str| {
        let code = app.sandbox.js_code(corp, &app.member(corp)).unwrap();
        let body = json!({"corpId": corp, "jsCode": code, "platform": "mobile", "suiteId": SUITE});
        app.send(TestRequest::post("/loginByMiniProgram").json(&body))
            .await
    };
    let workbench = app.log_in(COMPANY_A, &app.member(COMPANY_A)).await;
    let response = ask(COMPANY_A).await;
    assert_eq!(response.header("set-cookie"), None);
    let result = response.success();
    let fields = |login: &Value| {
        login
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(
        fields(&result),
        fields(&workbench),
        "a login result and no more"
    );
    assert_eq!(result["userId"], workbench["userId"]);
    assert_eq!(result["platform"], "mobile");
    let token = result["token"].as_str().unwrap();
    assert_eq!(app.hello_status(token).await, 200);
    // No redirect could have brought the code of another, so no state is wanted; `off` takes no codes at all.
    let _ = ask(CODES_STATE).await.success();
    let before = app.sandbox.calls("miniprogram/jscode2session");
    ask(CODES_OFF).await.assert_problem(403, "LOGIN_DISABLED");
    assert_eq!(app.sandbox.calls("miniprogram/jscode2session"), before);
    app.stop().await;
}
