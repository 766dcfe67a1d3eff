//! Logins by either id of a corp, and of members by either of theirs.

use serde_json::json;
use wecom_login::{CorpId, OAuthCode, SuiteId, WorkbenchLoginRequest};
use wecom_login_tests::app::{ADMIN_KEY, SUITE};
use wecom_login_tests::{TestRequest, until};
use wecom_sandbox::Fault;

use crate::migrated;

#[tokio::test(flavor = "multi_thread")]
async fn member_with_encrypted_ids_is_the_same_user_and_sessions_go_on() {
    let migrated = migrated().await;
    let app = &migrated.app;
    for corp_id in [&migrated.open, &migrated.plain] {
        let code = app
            .sandbox
            .code_for_suite(corp_id, &migrated.open_person, SUITE)
            .unwrap();
        let login = app
            .log_in_with_code(corp_id, &code, Some(SUITE))
            .await
            .success();
        assert_eq!(login["userId"], migrated.user_id.as_str(), "{login}");
        assert_eq!(
            login["corpId"],
            migrated.plain.as_str(),
            "the id that is stored"
        );
        assert_eq!(login["user"]["thirdUserId"], migrated.open_person.as_str());
    }
    assert!(app.is_valid(&migrated.token).await, "the session goes on");
    let me = app
        .call(TestRequest::get("/me").bearer(&migrated.token))
        .await
        .success();
    assert_eq!(
        me["user"]["thirdUserId"],
        migrated.open_person.as_str(),
        "{me}"
    );
    assert_eq!(app.number("SELECT COUNT(*) FROM wecom_user").await, 1);
    assert_eq!(app.number("SELECT COUNT(*) FROM wecom_person").await, 1);
    let corps = app.login.admin().corps().await.unwrap();
    assert_eq!(corps.len(), 1, "{corps:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_member_is_moved_once() {
    let migrated = migrated().await;
    let app = &migrated.app;
    let log_in = async |number| {
        let person = app.user(0, number);
        app.log_in_to_suite(SUITE, &migrated.open, &person)
            .await
            .success()
    };
    log_in(0).await;
    let asked = || app.sandbox.calls("batch/userid_to_openuserid");
    let before = asked();
    assert_eq!(before, 1);
    log_in(1).await;
    log_in(0).await;
    assert_eq!(asked(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn plain_ids_are_compared_without_case() {
    let migrated = migrated().await;
    let app = &migrated.app;
    let upper = migrated.plain.to_ascii_uppercase();
    let code = app
        .sandbox
        .code_for_suite(&migrated.plain, &migrated.open_person, SUITE)
        .unwrap();
    let login = app.log_in_with_code(&upper, &code, None).await.success();
    assert_eq!(login["corpId"], migrated.plain.as_str());
    assert_eq!(login["userId"], migrated.user_id.as_str());
    let other_case = migrated.open.to_ascii_lowercase();
    let code = app
        .sandbox
        .code_for_suite(&migrated.plain, &migrated.open_person, SUITE)
        .unwrap();
    let login = app.log_in_with_code(&other_case, &code, None).await;
    assert_eq!(login.problem(), (403, "CORP_NOT_AUTHORIZED".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn organization_code_and_login_code_take_either_id() {
    let migrated = migrated().await;
    let app = &migrated.app;
    // The pair is learnt after the authorization came in.
    until("the code is set", async || {
        let body = json!({"corpId": migrated.open, "code": "acme"});
        let request = TestRequest::post("/setCode").bearer(ADMIN_KEY).json(&body);
        app.call(request).await.status == 204
    })
    .await;
    let config = app
        .call(TestRequest::get("/getLoginConfigByCode?code=ACME"))
        .await
        .success();
    assert_eq!(config["corpId"], migrated.plain.as_str());
    let code = app
        .sandbox
        .code_for_suite(&migrated.open, &migrated.open_person, SUITE)
        .unwrap();
    let body = json!({"corpId": migrated.open, "code": code});
    let login_code = app
        .call(TestRequest::post("/First/getLoginCode").json(&body))
        .await
        .success();
    assert_eq!(login_code["corpList"][0]["corpId"], migrated.plain.as_str());
    let body = json!({"corpId": migrated.open, "loginCode": login_code["loginCode"]});
    let login = app
        .call(TestRequest::post("/loginByCode").json(&body))
        .await
        .success();
    assert_eq!(login["corpId"], migrated.plain.as_str());
    let page = app
        .call(TestRequest::get(format!("/login?corpId={}", migrated.open)))
        .await;
    assert!([200, 302, 303].contains(&page.status), "{}", page.status);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_node_knows_the_pair() {
    let migrated = migrated().await;
    let app = &migrated.app;
    let other = app.second_handle().await;
    let _ = app
        .log_in_to_suite(SUITE, &migrated.open, &migrated.open_person)
        .await
        .success();
    let code = app
        .sandbox
        .code_for_suite(&migrated.open, &migrated.open_person, SUITE)
        .unwrap();
    let request =
        WorkbenchLoginRequest::new(CorpId::new(&migrated.open).unwrap(), OAuthCode::new(code));
    let login = other.service().login_by_workbench(request).await.unwrap();
    assert_eq!(login.user_id, migrated.user_id);
    other.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn corp_whose_stored_id_wecom_does_not_know_is_named_by_the_other() {
    let migrated = migrated().await;
    let app = &migrated.app;
    app.sandbox.expire_tokens();
    // WeCom knows the corp by its encrypted id only: the first call names the plain one.
    let (app_tokens, reads) = ("gettoken", "service/v2/get_auth_info");
    for api in [app_tokens, reads] {
        let unknown = Fault::for_api(api).errcode(40013).times(1);
        app.sandbox.fault(unknown).unwrap();
    }
    let before = app.sandbox.calls(app_tokens);
    let person = app.user(0, 1);
    let login = app.log_in_to_suite(SUITE, &migrated.open, &person).await;
    assert_eq!(login.success()["corpId"], migrated.plain.as_str());
    assert_eq!(app.sandbox.calls(app_tokens), before + 2);
    let suite_id = SuiteId::new(SUITE).unwrap();
    let corp_id = CorpId::new(&migrated.plain).unwrap();
    let before = app.sandbox.calls(reads);
    let admin = app.login.admin();
    admin.read_corp(&suite_id, &corp_id).await.unwrap();
    assert!(app.sandbox.calls(reads) >= before + 2);
}
