//! The audit: who did what.

use std::time::Duration;

use serde_json::{Value, json};
use wecom_login::{ClientAddresses, Retention};

use super::{all_pages, delete, field, get, post, post_nothing};
use crate::auths::{COMPANY_A, SUITE};
use crate::conformance::Target;
use crate::{TestApp, TestRequest, until};

const DAY: Duration = Duration::from_hours(24);

async fn entries(app: &TestApp, query: &str) -> Vec<Value> {
    let page = get(app, &format!("audit?limit=500{query}")).await.success();
    page["audit"].as_array().unwrap().clone()
}

/// Logs a member in from this address.
async fn log_in_from(app: &TestApp, client: &str) -> Value {
    let member = app.member(COMPANY_A);
    let body = json!({"corpId": COMPANY_A, "code": app.code(COMPANY_A, &member)});
    let login = TestRequest::post("/loginByWorkbench").json(&body);
    app.send(login.forwarded_for(client)).await.success()
}

pub(in crate::conformance) async fn admin_reads_the_audit(target: Target) {
    let app = target.app().start().await;
    let member = app.member(COMPANY_A);
    let login = log_in_from(&app, "203.0.113.77").await;
    let (user_id, token) = (
        login["userId"].as_str().unwrap().to_owned(),
        login["token"].as_str().unwrap().to_owned(),
    );
    let logins = entries(&app, "&action=login").await;
    assert_eq!(logins.len(), 1);
    let entry = &logins[0];
    assert_eq!(
        (&entry["actor"], &entry["who"]),
        (&json!("user"), &json!(user_id))
    );
    assert_eq!(entry["suiteId"], SUITE);
    assert_eq!(entry["corpId"], COMPANY_A);
    assert_eq!(entry["thirdUserId"], member);
    assert_eq!(entry["client"], "203.0.113.77");
    assert_eq!(entry["at"], app.now_millis());
    assert_eq!(entry["count"], 1);

    let as_user = |path: &str| TestRequest::post(path).bearer(&token);
    app.send(as_user("/logout")).await.assert_no_content();
    let again = log_in_from(&app, "203.0.113.77").await;
    let logout_all = TestRequest::post("/logoutAll").bearer(again["token"].as_str().unwrap());
    app.send(logout_all).await.assert_no_content();
    let path = |action: &str| format!("corps/{COMPANY_A}/{action}");
    post(&app, &path("setCode"), json!({"code": "Acme"}))
        .await
        .assert_no_content();
    app.set_organization_code(COMPANY_A, "Other").await;
    delete(&app, &path("code")).await.assert_no_content();
    post_nothing(&app, &path("read")).await.assert_no_content();
    post_nothing(&app, &path("endSessions"))
        .await
        .assert_no_content();
    post(&app, &path("decide"), json!({"decision": "deny"}))
        .await
        .assert_no_content();
    post(&app, &path("alias"), json!({"corpId": "wpother"}))
        .await
        .assert_no_content();
    let page = get(&app, "records?limit=1").await.success();
    let record = page["records"][0]["recordId"].as_str().unwrap().to_owned();
    post_nothing(&app, &format!("records/{record}/retry"))
        .await
        .assert_no_content();
    post_nothing(&app, "endAllSessions")
        .await
        .assert_no_content();
    let _ = post_nothing(&app, "rotateKeys").await.success();
    let _ = post(&app, "links", json!({"suiteIds": [SUITE]}))
        .await
        .success();
    let by_key = entries(&app, "&who=key").await;
    assert_eq!(
        field(&by_key, "action"),
        [
            "linkCreated",
            "keysRotated",
            "allSessionsEnded",
            "callbackRetried",
            "corpAliasAdded",
            "corpDecided",
            "corpSessionsEnded",
            "corpRead",
            "codeDeleted",
            "codeSet",
            "codeSet",
        ]
    );
    assert!(by_key.iter().all(|entry| entry["actor"] == "key"));
    assert_eq!(by_key[3]["detail"], record.as_str());
    assert_eq!(by_key[5]["detail"], "deny");
    let by_user = entries(&app, &format!("&who={user_id}")).await;
    assert_eq!(
        field(&by_user, "action"),
        ["personSessionsEnded", "login", "sessionEnded", "login"]
    );
    let all = all_pages(&app, "audit", "").await;
    assert_eq!(all, entries(&app, "").await);
    let of_corp = entries(&app, &format!("&corpId={COMPANY_A}")).await;
    assert!(of_corp.iter().all(|entry| entry["corpId"] == COMPANY_A));
    assert!(of_corp.len() > 8);
    assert!(entries(&app, "&corpId=wwnobody").await.is_empty());
    let later = app.now_millis() + 1;
    assert!(entries(&app, &format!("&since={later}")).await.is_empty());
    let text = Value::from(all).to_string();
    let name = login["user"]["name"].as_str().unwrap();
    for secret in [token.as_str(), name, crate::app::ADMIN_KEY] {
        assert!(!text.contains(secret), "ids only, and no secrets");
    }
    assert!(app.sandbox.cancel(COMPANY_A).await.unwrap().succeeded());
    until("the cancellation is told of", async || {
        let ended = entries(&app, "&who=wecom&action=corpSessionsEnded").await;
        field(&ended, "detail") == ["cancel_auth"]
    })
    .await;
    app.stop().await;
}

pub(in crate::conformance) async fn audit_tells_of_refusals_with_their_count(target: Target) {
    let setup = target.app();
    let setup = setup.configure(|builder| builder.client_addresses(ClientAddresses::Cut));
    let app = setup.start().await;
    let refuse = async || {
        let body = json!({"corpId": COMPANY_A, "code": "no-such-code"});
        let login = TestRequest::post("/loginByWorkbench").json(&body);
        app.send(login.forwarded_for("203.0.113.77"))
            .await
            .assert_problem(401, "CODE_INVALID");
    };
    for _ in 0..5 {
        refuse().await;
    }
    let wrong_key = TestRequest::get("/admin/api/corps").bearer("not-the-admin-key-at-all");
    app.send(wrong_key.forwarded_for("203.0.113.78"))
        .await
        .assert_problem(403, "FORBIDDEN");
    until("the first refusal is told of", async || {
        entries(&app, "&action=loginRefused").await.len() == 1
            && entries(&app, "&action=adminRefused").await.len() == 1
    })
    .await;
    let first = entries(&app, "&action=loginRefused").await.remove(0);
    assert_eq!(
        (&first["code"], &first["count"]),
        (&json!("CODE_INVALID"), &json!(1))
    );
    assert_eq!(
        (&first["actor"], first.get("who")),
        (&json!("anyone"), None)
    );
    assert_eq!(first["client"], "203.0.113.0");
    until("the others are told of with their number", async || {
        // The background looks at the clock after its own sleep.
        app.advance(Duration::from_secs(30));
        let told = entries(&app, "&action=loginRefused").await;
        told.iter()
            .filter_map(|entry| entry["count"].as_i64())
            .sum::<i64>()
            == 5
    })
    .await;
    assert_eq!(entries(&app, "&action=loginRefused").await[0]["count"], 4);
    let text = Value::from(entries(&app, "").await).to_string();
    assert!(!text.contains("no-such-code") && !text.contains("not-the-admin-key"));
    app.stop().await;
}

pub(in crate::conformance) async fn audit_forgets_the_erased_and_the_old(target: Target) {
    let retention = Retention::default().with_audit_ttl(10 * DAY);
    let setup = target.app().configure(|builder| {
        builder
            .retention(retention)
            .client_addresses(ClientAddresses::None)
    });
    let app = setup.start().await;
    let login = log_in_from(&app, "203.0.113.77").await;
    let other = app.sandbox.user_ids(COMPANY_A)[1].clone();
    app.log_in(COMPANY_A, &other).await;
    let logins = entries(&app, "&action=login").await;
    assert_eq!(logins.len(), 2);
    assert!(logins.iter().all(|entry| entry.get("client").is_none()));
    let user_id = login["userId"].as_str().unwrap();
    delete(&app, &format!("people/{user_id}"))
        .await
        .assert_no_content();
    let left = Value::from(entries(&app, "").await).to_string();
    let member = app.member(COMPANY_A);
    assert!(!left.contains(user_id) && !left.contains(&format!("\"{member}\"")));
    let erased = entries(&app, "&action=personErased").await;
    assert_eq!((erased.len(), &erased[0]["corpId"]), (1, &json!(COMPANY_A)));
    assert_eq!(entries(&app, "&action=login").await.len(), 1);
    app.advance(11 * DAY);
    until("what is old is gone", async || {
        entries(&app, "").await.is_empty()
    })
    .await;
    app.stop().await;
}
