//! The end of an authorisation: at once for logins and sessions, for the data when WeCom confirms.

use serde_json::json;
use wecom_login_tests::node::{ADMIN_KEY, Node, Plan, SUITE, until};
use wecom_sandbox::Fault;

/// Tables and how many of their rows name the company.
async fn rows_of(node: &Node, corp: &str) -> Vec<(String, i64)> {
    let mut found = Vec::new();
    for (table, columns) in node.database.tables().await {
        let condition: Vec<String> = columns.iter().map(|column| format!("{column} = '{corp}'")).collect();
        let count = format!("SELECT COUNT(*) FROM {table} WHERE {}", condition.join(" OR "));
        let count = node.number(&count).await;
        if count > 0 {
            found.push((table, count));
        }
    }
    found
}

#[tokio::test]
async fn a_confirmed_cancellation_erases_all_data_of_the_company() {
    let node = Node::start(Plan::default()).await;
    let (corp, other) = (node.install(0).await, node.install(1).await);
    let user = node.user(0, 0);
    let token = node.log_in(SUITE, &corp, &user).await.json()["token"].as_str().unwrap().to_owned();
    let stays =
        node.log_in(SUITE, &other, &node.user(1, 0)).await.json()["token"].as_str().unwrap().to_owned();
    let code = node.sandbox.code(&corp, &user).unwrap();
    let login_code = json!({"corpId": corp, "code": code});
    let answer = node.ask("POST", "/auth/First/getLoginCode", None, Some(login_code)).await;
    assert_eq!(answer.status, 200, "{:?}", answer.json());
    let org_code = json!({"corpId": corp, "code": "company-one"});
    assert_eq!(node.ask("POST", "/auth/setCode", Some(ADMIN_KEY), Some(org_code)).await.status, 204);
    let before = rows_of(&node, &corp).await;
    for table in
        ["access_token", "authorization", "login_code", "organization_code", "person", "session", "user"]
    {
        let table = format!("wecom_{table}");
        assert!(before.iter().any(|(name, _)| *name == table), "{table} would not show anything: {before:?}");
    }
    let others = rows_of(&node, &other).await;

    assert!(node.sandbox.cancel(&corp).await.unwrap().succeeded());
    until("the company is out", async || node.status(SUITE, &corp).await == "cancelled").await;
    assert!(!node.lives(&token).await);
    let erased = "SELECT COUNT(*) FROM wecom_authorization WHERE permanent_code IS NULL AND agent_id IS NULL \
        AND corp_name = '' AND status = 'cancelled'";
    until("WeCom confirmed", async || node.number(erased).await == 1).await;
    let after: Vec<String> = rows_of(&node, &corp).await.into_iter().map(|(table, _)| table).collect();
    let told = ["wecom_authorization", "wecom_callback_record", "wecom_end"];
    assert_eq!(after, told, "that it ended, how it was told, and the word of it to the other nodes");
    assert_eq!(node.number("SELECT COUNT(*) FROM wecom_callback_record WHERE payload IS NOT NULL").await, 0);
    assert_eq!(rows_of(&node, &other).await, others);
    assert!(node.lives(&stays).await);
    assert_eq!(node.told.times(&format!("cancelled: {corp}")), 1);
    let found = node.ask("GET", "/auth/getLoginConfigByCode?code=company-one", None, None).await;
    assert_eq!(found.problem(), (404, "ORG_CODE_NOT_FOUND".to_owned()));
    // And it may come back, as a new one.
    node.install(0).await;
    assert_eq!(node.log_in(SUITE, &corp, &user).await.status, 200);
    assert!(!node.lives(&token).await);
}

#[tokio::test]
async fn a_cancellation_that_wecom_cannot_confirm_yet_stops_logins_and_keeps_the_code() {
    let node = Node::start(Plan::default()).await;
    let corp = node.install(0).await;
    let user = node.user(0, 0);
    let token = node.session(SUITE, &corp, &user).await;
    node.sandbox.fault(Fault::of("service/v2/get_auth_info").http_status(502)).unwrap();
    let code = node.sandbox.code(&corp, &user).unwrap();
    assert!(node.sandbox.cancel(&corp).await.unwrap().succeeded());
    until("the company is out", async || node.status(SUITE, &corp).await == "cancelled").await;
    assert!(!node.lives(&token).await);
    let answer = node.log_in_with(&corp, &code, Some(SUITE)).await;
    assert_eq!(answer.problem(), (403, "CORP_NOT_AUTHORIZED".to_owned()));
    assert_eq!(
        node.number("SELECT COUNT(*) FROM wecom_authorization WHERE permanent_code IS NOT NULL").await,
        1
    );
}

#[tokio::test]
async fn a_login_under_way_while_its_company_cancels_is_dead_on_arrival() {
    let node = Node::start(Plan::default()).await;
    let corp = node.install(0).await;
    let user = node.user(0, 0);
    // The last call of a first login answers when the cancellation is through.
    node.sandbox.fault(Fault::of("user/get").delay_ms(1_500)).unwrap();
    let code = node.sandbox.code(&corp, &user).unwrap();
    let (answer, ()) = tokio::join!(node.log_in_with(&corp, &code, Some(SUITE)), async {
        until("the login is under way", async || node.sandbox.calls("user/get") == 1).await;
        node.sandbox.cancel(&corp).await.unwrap();
        until("the company is out", async || node.status(SUITE, &corp).await == "cancelled").await;
    });
    if answer.status == 200 {
        let token = answer.json()["token"].as_str().unwrap().to_owned();
        assert!(!node.lives(&token).await, "a session of a company that is gone");
    }
}
