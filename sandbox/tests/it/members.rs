//! The actions of members, and their events.

use serde_json::json;

use crate::harness::Harness;

#[tokio::test]
async fn leave_and_join_push_change_contact() {
    let harness = Harness::start().await;
    let token = harness.app_token().await;
    let (corp, user) = (harness.corp(0), harness.user(0));
    let code = harness.sandbox.code(&corp, &user).unwrap();
    let delivery = harness.sandbox.leave(&corp, &user).await.unwrap();
    assert_eq!(delivery.event, "change_contact");
    let push = harness.app.last("change_contact");
    assert_eq!(push.receive_id, corp);
    assert_eq!(push.field("FromUserName").as_deref(), Some("sys"));
    assert_eq!(push.field("ChangeType").as_deref(), Some("delete_user"));
    assert_eq!(push.field("UserID"), Some(user.clone()));
    assert_eq!(push.field("Name"), None);
    let unsubscribe = harness.app.last("unsubscribe");
    assert_eq!(unsubscribe.field("FromUserName"), Some(user.clone()));
    let answer = harness.userinfo(&token, &code).await;
    assert!(
        answer["openid"].is_string() && answer.get("userid").is_none(),
        "{answer}"
    );
    assert_eq!(
        harness
            .call(&format!("user/get?access_token={token}&userid={user}"))
            .await["errcode"],
        60111
    );
    assert_eq!(harness.sandbox.code(&corp, &user).unwrap_err().status, 404);
    assert!(!harness.sandbox.user_ids(&corp).contains(&user));
    let back = harness
        .post(
            &format!("/sandbox/corps/{corp}/members/{user}/join"),
            json!({}),
        )
        .await;
    assert_eq!(back.status, 200);
    let push = harness.app.last("change_contact");
    for (field, value) in [
        ("ChangeType", "create_user"),
        ("Name", "张伟"),
        ("Department", "1"),
        ("MainDepartment", "1"),
        ("Status", "1"),
    ] {
        assert_eq!(push.field(field).as_deref(), Some(value), "{field}");
    }
    assert_eq!(harness.app.count("subscribe"), 1);
    assert_eq!(harness.user(0), user);
}

#[tokio::test]
async fn rename_pushes_new_userid() {
    let harness = Harness::start().await;
    let token = harness.app_token().await;
    let (corp, user) = (harness.corp(0), harness.user(0));
    let code = harness.sandbox.code(&corp, &user).unwrap();
    let action = format!("/sandbox/corps/{corp}/members/{user}/rename");
    assert_eq!(
        harness
            .post(&action, json!({"newUserId": "a/b"}))
            .await
            .status,
        400
    );
    assert_eq!(
        harness
            .post(&action, json!({"newUserId": harness.user(1)}))
            .await
            .status,
        409
    );
    assert_eq!(
        harness
            .post(&action, json!({"newUserId": "woNew"}))
            .await
            .status,
        200
    );
    let push = harness.app.last("change_contact");
    assert_eq!(push.field("ChangeType").as_deref(), Some("update_user"));
    assert_eq!(
        (push.field("UserID"), push.field("NewUserID").as_deref()),
        (Some(user.clone()), Some("woNew"))
    );
    assert_eq!(harness.userinfo(&token, &code).await["userid"], "woNew");
    assert_eq!(
        harness
            .call(&format!("user/get?access_token={token}&userid={user}"))
            .await["errcode"],
        60111
    );
    assert_eq!(
        harness.post(&action, json!({})).await.status,
        404,
        "the old id is gone"
    );
    let action = format!("/sandbox/corps/{corp}/members/woNew/rename");
    assert_eq!(harness.post(&action, json!({})).await.status, 200);
    assert_eq!(harness.user(0), "woNew-renamed1");
}

#[tokio::test]
async fn hide_pushes_change_auth_and_unsubscribe_and_show_subscribe() {
    let harness = Harness::start().await;
    let token = harness.app_token().await;
    let (corp, user) = (harness.corp(0), harness.user(0));
    let get_user = || harness.call(format!("user/get?access_token={token}&userid={user}"));
    assert_eq!(get_user().await["errcode"], 0);
    let delivery = harness.sandbox.hide(&corp, &user).await.unwrap();
    assert_eq!(delivery.event, "change_auth");
    assert_eq!(
        harness.app.last("change_auth").field("AuthCorpId"),
        Some(corp.clone())
    );
    assert_eq!(
        harness.app.last("unsubscribe").field("FromUserName"),
        Some(user.clone())
    );
    assert_eq!(get_user().await["errcode"], 60111);
    let code = harness.sandbox.code(&corp, &user).unwrap();
    assert_eq!(harness.userinfo(&token, &code).await["userid"], user);
    harness.sandbox.hide(&corp, &user).await.unwrap();
    assert_eq!(
        harness.app.count("unsubscribe"),
        1,
        "a hidden member has left the range before"
    );
    harness.sandbox.show(&corp, &user).await.unwrap();
    assert_eq!(get_user().await["errcode"], 0);
    assert_eq!(
        harness.app.last("subscribe").field("FromUserName"),
        Some(user.clone())
    );
}

#[tokio::test]
async fn disabled_account_is_an_update_with_its_status_and_unsubscribe() {
    let harness = Harness::start().await;
    let token = harness.app_token().await;
    let (corp, user) = (harness.corp(0), harness.user(0));
    let get_user = || harness.call(format!("user/get?access_token={token}&userid={user}"));
    harness.sandbox.disable_member(&corp, &user).await.unwrap();
    let push = harness.app.last("change_contact");
    assert_eq!(push.field("ChangeType").as_deref(), Some("update_user"));
    assert_eq!(push.field("Status").as_deref(), Some("2"));
    assert_eq!(get_user().await["status"], 2);
    assert_eq!(
        harness.sandbox.state()["corps"][0]["members"][0]["status"],
        2
    );
    assert_eq!(harness.app.count("unsubscribe"), 1);
    harness.sandbox.hide(&corp, &user).await.unwrap();
    harness.sandbox.enable_member(&corp, &user).await.unwrap();
    assert_eq!(
        harness.app.count("subscribe"),
        0,
        "still outside of the range"
    );
    harness.sandbox.show(&corp, &user).await.unwrap();
    assert_eq!(harness.app.count("subscribe"), 1);
    let action = format!("/sandbox/corps/{corp}/members/{user}/status");
    assert_eq!(
        harness.post(&action, json!({"status": 2})).await.status,
        200
    );
    assert_eq!(harness.app.count("unsubscribe"), 2);
    let action = format!("/sandbox/corps/{corp}/members/{user}/enable");
    assert_eq!(harness.post(&action, json!({})).await.status, 200);
    assert_eq!(harness.app.count("subscribe"), 2);
}

#[tokio::test]
async fn names_in_contact_events_need_the_permission() {
    let harness = Harness::start().await;
    harness.authorize().await;
    let (corp, user) = (harness.corp(0), harness.user(0));
    harness.sandbox.rename(&corp, &user, "woNew").await.unwrap();
    let push = harness.app.last("change_contact");
    assert_eq!(push.field("Name").as_deref(), Some("张伟"));
    assert_eq!(push.field("Department").as_deref(), Some("1"));
    assert_eq!(push.field("Status").as_deref(), Some("1"));
    harness
        .sandbox
        .change_settings(json!({"permissions": []}))
        .await
        .unwrap();
    harness
        .sandbox
        .disable_member(&corp, "woNew")
        .await
        .unwrap();
    assert_eq!(harness.app.last("change_contact").field("Name"), None);
}

#[tokio::test]
async fn unsubscribe_names_member_and_app() {
    let harness = Harness::start().await;
    harness.authorize().await;
    let delivery = harness
        .sandbox
        .unsubscribe(&harness.corp(0), &harness.user(1))
        .await
        .unwrap();
    assert!(delivery.succeeded());
    let push = harness.app.last("unsubscribe");
    assert_eq!(push.field("MsgType").as_deref(), Some("event"));
    assert_eq!(push.field("FromUserName"), Some(harness.user(1)));
    assert_eq!(push.field("AgentID").as_deref(), Some("1000002"));
    harness
        .sandbox
        .unsubscribe(&harness.corp(0), &harness.user(2))
        .await
        .unwrap();
    let linked = harness
        .app
        .last("unsubscribe")
        .field("FromUserName")
        .unwrap();
    assert!(
        linked.ends_with(&format!("/{}", harness.user(2))),
        "{linked}"
    );
}

#[tokio::test]
async fn actions_without_installed_app_are_409() {
    let harness = Harness::start().await;
    let user = harness.user(0);
    for action in ["code", "leave", "rename", "hide", "unsubscribe"] {
        let path = format!("/sandbox/corps/{}/members/{user}/{action}", harness.corp(0));
        assert_eq!(harness.post(&path, json!({})).await.status, 409, "{action}");
    }
    assert_eq!(harness.user(0), user, "nothing has changed");
}
