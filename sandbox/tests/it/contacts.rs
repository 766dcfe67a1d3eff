//! Departments, people and apps, as an app may list them.

use serde_json::{Value, json};

use crate::harness::{Harness, text};

const AGENT_ID: i64 = 1_000_002;

#[tokio::test]
async fn contact_lists_hold_visible_people_of_the_corp() {
    let harness = Harness::start().await;
    let token = harness.app_token().await;
    let ids = [harness.user(0), harness.user(1)];
    let ask = async |api: &str| harness.call(format!("{api}access_token={token}")).await;
    let simple = ask("user/simplelist?department_id=1&").await;
    assert_eq!(
        simple["userlist"][0],
        json!({"userid": ids[0], "name": "张伟", "department": [1]})
    );
    assert_eq!(simple["userlist"].as_array().unwrap().len(), 2);
    let full = ask("user/list?department_id=1&").await;
    assert_eq!(full["userlist"][1]["userid"], json!(ids[1]));
    assert_eq!(full["userlist"][1]["status"], 1);
    assert_eq!(ask("user/list?department_id=2&").await["errcode"], 60003);
    let listed = harness
        .call_with(format!("user/list_id?access_token={token}"), json!({}))
        .await;
    assert_eq!(
        listed["dept_user"][0],
        json!({"userid": ids[0], "department": 1})
    );
    let departments = ask("department/list?").await;
    assert_eq!(departments["department"][0]["id"], 1);
    assert!(departments["department"][0].get("name").is_none());
    let departments = ask("department/simplelist?").await;
    assert_eq!(departments["department_id"][0]["parentid"], 0);
    let agents = ask("agent/list?").await;
    assert_eq!(agents["agentlist"][0]["agentid"], AGENT_ID);
}

#[tokio::test]
async fn lists_check_their_parameters() {
    let harness = Harness::start().await;
    let token = harness.app_token().await;
    for (api, expected) in [
        ("department/list?id=1&", 0),
        ("department/list?id=2&", 60003),
        ("department/list?id=x&", 60123),
        ("department/simplelist?id=2&", 60003),
        ("user/simplelist?", 40035),
        ("user/simplelist?department_id=2&", 60003),
        ("user/list?", 40035),
        ("user/list?department_id=x&", 60123),
        ("user/get?", 41009),
        ("agent/get?", 41011),
        ("agent/get?agentid=x&", 40056),
        ("agent/get?agentid=1&", 40056),
        ("agent/get?agentid=1000002&", 0),
    ] {
        let answer = harness.call(format!("{api}access_token={token}")).await;
        assert_eq!(answer["errcode"], expected, "{api}: {answer}");
    }
}

#[tokio::test]
async fn list_id_goes_through_pages() {
    let harness = Harness::start().await;
    let token = harness.app_token().await;
    let ask = async |body: Value| {
        harness
            .call_with(format!("user/list_id?access_token={token}"), body)
            .await
    };
    let first = ask(json!({"limit": 1})).await;
    let cursor = text(&first, "next_cursor");
    assert_eq!(
        first["dept_user"],
        json!([{"userid": harness.user(0), "department": 1}])
    );
    let last = ask(json!({"limit": 1, "cursor": cursor})).await;
    assert_eq!(
        last["dept_user"],
        json!([{"userid": harness.user(1), "department": 1}])
    );
    assert_eq!(last["next_cursor"], "");
    for (body, expected) in [
        (json!({"limit": 0}), 40058),
        (json!({"limit": 10_001}), 40058),
        (json!({"limit": "1"}), 40058),
        (json!({"cursor": "nonsense"}), 40058),
        (json!({"cursor": "", "limit": 10_000}), 0),
    ] {
        assert_eq!(ask(body.clone()).await["errcode"], expected, "{body}");
    }
    let (corp, user) = (harness.corp(0), harness.user(0));
    harness.sandbox.leave(&corp, &user).await.unwrap();
    let after = ask(json!({"limit": 1, "cursor": cursor})).await;
    assert_eq!(
        after["dept_user"], last["dept_user"],
        "who left does not move the pages"
    );
}
