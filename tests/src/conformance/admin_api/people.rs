//! People in the operator's API.

use serde_json::{Value, json};

use super::{all_pages, delete, field, get, names_field, post_nothing};
use crate::TestRequest;
use crate::auths::{COMPANY_A, SUITE};
use crate::conformance::Target;
use crate::conformance::rows::has_fields;

pub(in crate::conformance) async fn admin_lists_and_shows_people(target: Target) {
    let app = target.app().start().await;
    let open = app.open_corp();
    let members = app.sandbox.user_ids(COMPANY_A);
    let first = app.log_in(COMPANY_A, &members[0]).await;
    app.log_in(COMPANY_A, &members[0]).await;
    app.log_in(COMPANY_A, &members[1]).await;
    let other = app.log_in(&open, &app.member(&open)).await;
    assert_eq!(all_pages(&app, "people", "").await.len(), 3);
    let of_corp = all_pages(&app, "people", &format!("&corpId={COMPANY_A}")).await;
    assert_eq!(of_corp.len(), 2);
    let person = of_corp
        .iter()
        .find(|person| person["thirdUserId"] == members[0].as_str())
        .unwrap();
    assert_eq!(person["userId"], first["userId"]);
    assert_eq!(person["sessions"], 2);
    assert_eq!(person["suiteId"], SUITE);

    let found = async |query: &str| {
        let page = get(&app, &format!("people?{query}")).await.success();
        field(page["people"].as_array().unwrap(), "thirdUserId")
    };
    let user_id = first["userId"].as_str().unwrap();
    assert_eq!(found(&format!("q={user_id}")).await, [members[0].as_str()]);
    assert_eq!(
        found(&format!("q={}&corpId={COMPANY_A}", members[1])).await,
        [members[1].as_str()]
    );
    let name = person["name"].as_str().unwrap();
    let letter: String = name.chars().last().unwrap().to_string();
    let letter: String = letter.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let by_name = found(&format!("q={letter}&corpId={COMPANY_A}")).await;
    assert!(by_name.contains(&json!(members[0])), "part of the name");
    assert_eq!(found("q=nobody-at-all").await, Vec::<Value>::new());

    let shown = get(&app, &format!("people/{user_id}")).await.success();
    has_fields(&shown, &["userId", "members", "sessions"]);
    assert_eq!(shown["members"], json!([person]));
    let sessions = shown["sessions"].as_array().unwrap();
    assert_eq!(field(sessions, "corpId"), [COMPANY_A; 2]);
    assert_eq!(field(sessions, "current"), [false; 2]);
    // By WeCom's userid, of a corp.
    let by_wecom = format!("people/{}?corpId={COMPANY_A}", members[0]);
    assert_eq!(get(&app, &by_wecom).await.success(), shown);
    let elsewhere = format!("people/{user_id}?corpId={open}");
    get(&app, &elsewhere)
        .await
        .assert_problem(404, "USER_NOT_FOUND");
    get(&app, "people/nobody")
        .await
        .assert_problem(404, "USER_NOT_FOUND");
    get(&app, "people/nobody?corpId=wwnobody")
        .await
        .assert_problem(404, "CORP_NOT_FOUND");
    get(&app, "people?corpId=wwnobody")
        .await
        .assert_problem(404, "CORP_NOT_FOUND");
    // Two people of two corps who have the same userid are not one.
    app.issue_session(SUITE, COMPANY_A, "namesake").await;
    app.issue_session(SUITE, &open, "namesake").await;
    names_field(&get(&app, "people/namesake").await, "corpId");
    let one = get(&app, &format!("people/namesake?corpId={open}"))
        .await
        .success();
    assert_eq!(one["members"][0]["corpId"], open);
    assert_ne!(other["userId"], one["userId"]);
    app.stop().await;
}

pub(in crate::conformance) async fn admin_ends_the_sessions_of_a_person(target: Target) {
    let app = target.app().start().await;
    let members = app.sandbox.user_ids(COMPANY_A);
    let first = app.log_in(COMPANY_A, &members[0]).await;
    let other = app.token(COMPANY_A, &members[1]).await;
    let token = first["token"].as_str().unwrap();
    let user_id = first["userId"].as_str().unwrap();
    assert_eq!(app.hello_status(token).await, 200);
    let path = format!("people/{user_id}/endSessions");
    post_nothing(&app, &path).await.assert_no_content();
    assert_eq!(app.hello_status(token).await, 401);
    assert_eq!(app.hello_status(&other).await, 200);
    let again = app.log_in(COMPANY_A, &members[0]).await;
    assert_eq!(again["userId"], user_id, "the person stays");
    post_nothing(&app, "people/nobody/endSessions")
        .await
        .assert_problem(404, "USER_NOT_FOUND");
    app.stop().await;
}

pub(in crate::conformance) async fn admin_erases_a_person(target: Target) {
    let app = target.app().start().await;
    let members = app.sandbox.user_ids(COMPANY_A);
    let linked = app.special_member(COMPANY_A, "linked");
    let first = app.log_in(COMPANY_A, &members[0]).await;
    let other = app.token(COMPANY_A, &members[1]).await;
    let (token, user_id) = (
        first["token"].as_str().unwrap(),
        first["userId"].as_str().unwrap(),
    );
    assert_eq!(app.hello_status(token).await, 200);
    // Ends before, which leave an epoch behind, do not keep the person out later.
    let path = format!("people/{user_id}");
    post_nothing(&app, &format!("{path}/endSessions"))
        .await
        .assert_no_content();
    let first = app.log_in(COMPANY_A, &members[0]).await;
    let token = first["token"].as_str().unwrap();
    let code = json!({"corpId": COMPANY_A, "code": app.code(COMPANY_A, &members[0])});
    let login_code = app
        .send(TestRequest::post("/QywxProxyCompanyA/getLoginCode").json(&code))
        .await
        .success();
    delete(&app, &path).await.assert_no_content();
    assert_eq!(app.hello_status(token).await, 401);
    assert_eq!(app.hello_status(&other).await, 200);
    let exchange = json!({"loginCode": login_code["loginCode"]});
    app.send(TestRequest::post("/loginByCode").json(&exchange))
        .await
        .assert_problem(401, "LOGIN_CODE_INVALID");
    for table in [
        "wecom_person",
        "wecom_person_alias",
        "wecom_session",
        "wecom_user",
        "wecom_login_code",
    ] {
        let id = app.database.bytes(&members[0]);
        let rows = format!("SELECT COUNT(*) FROM {table} WHERE user_id = {id}");
        assert_eq!(app.number(&rows).await, 0, "{table}");
    }
    delete(&app, &path)
        .await
        .assert_problem(404, "USER_NOT_FOUND");
    let again = app.log_in(COMPANY_A, &members[0]).await;
    assert_ne!(again["userId"], user_id, "a new person");
    let token = again["token"].as_str().unwrap();
    assert_eq!(app.hello_status(token).await, 200);

    // A linked member's userid holds a slash.
    let linked = app.log_in(COMPANY_A, &linked).await;
    let linked_id = linked["user"]["thirdUserId"].as_str().unwrap();
    assert!(linked_id.contains('/'));
    let path = format!(
        "people/{}?corpId={COMPANY_A}",
        linked_id.replace('/', "%2F")
    );
    let shown = get(&app, &path).await.success();
    assert_eq!(shown["members"][0]["thirdUserId"], linked_id);
    delete(&app, &path).await.assert_no_content();
    get(&app, &path).await.assert_problem(404, "USER_NOT_FOUND");
    app.stop().await;
}
