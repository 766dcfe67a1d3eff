//! The sessions that a login replaces.

use serde_json::json;

use super::Target;
use super::login_codes::login_code;
use crate::TestRequest;
use crate::auths::COMPANY_A;

/// The session of the bearer that comes with a JSON login ends, once the login succeeded.
pub(super) async fn login_ends_the_session_of_an_old_bearer(target: Target) {
    let app = target.app().start().await;
    let member = app.member(COMPANY_A);
    let by_code = async || {
        let code = login_code(&app, "QywxProxyCompanyA", COMPANY_A, &member).await;
        TestRequest::post("/loginByCode").json(&json!({"loginCode": code["loginCode"]}))
    };
    let by_workbench = async || {
        let body = json!({"corpId": COMPANY_A, "code": app.code(COMPANY_A, &member)});
        TestRequest::post("/loginByWorkbench").json(&body)
    };
    let other = app.token(COMPANY_A, &member).await;
    for login in [by_code().await, by_workbench().await] {
        let old = app.token(COMPANY_A, &member).await;
        let result = app.send(login.clone().bearer(&old)).await.success();
        let new = result["token"].as_str().unwrap();
        assert_eq!(
            (app.hello_status(&old).await, app.hello_status(new).await),
            (401, 200)
        );
        // A login that fails ends nothing: this code is used up.
        assert_ne!(app.send(login.bearer(new)).await.status, 200);
        assert_eq!(app.hello_status(new).await, 200);
    }
    // JSON logins read no cookies, and what is no token of ours is the host app's.
    let with_cookie = by_workbench().await.cookie(&other);
    let foreign = by_workbench().await.bearer("eyJ.of.the-host-app");
    for login in [with_cookie, foreign] {
        assert_eq!(app.send(login).await.status, 200);
    }
    assert_eq!(app.hello_status(&other).await, 200);
    app.stop().await;
}
