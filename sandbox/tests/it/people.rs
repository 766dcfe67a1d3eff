//! What happens to people, and what the app hears of it.

use serde_json::json;

use crate::client::World;

#[tokio::test]
async fn somebody_leaves_and_comes_back() {
    let world = World::start().await;
    let token = world.app_token().await;
    let (corp, user) = (world.corp(0), world.user(0));
    let code = world.sandbox.code(&corp, &user).unwrap();
    let delivery = world.sandbox.leave(&corp, &user).await.unwrap();
    assert_eq!(delivery.event, "change_contact");
    let push = world.app.last("change_contact");
    assert_eq!(push.receive_id, corp);
    assert_eq!(push.field("FromUserName").as_deref(), Some("sys"));
    assert_eq!(push.field("ChangeType").as_deref(), Some("delete_user"));
    assert_eq!(push.field("UserID"), Some(user.clone()));
    let answer = world.userinfo(&token, &code).await;
    assert!(answer["openid"].is_string() && answer.get("userid").is_none(), "{answer}");
    assert_eq!(world.call(&format!("user/get?access_token={token}&userid={user}")).await["errcode"], 60111);
    assert_eq!(world.sandbox.code(&corp, &user).unwrap_err().status, 404);
    assert!(!world.sandbox.user_ids(&corp).contains(&user));
    let back = world.post(&format!("/sandbox/corps/{corp}/members/{user}/join"), json!({})).await;
    assert_eq!(back.status, 200);
    assert_eq!(world.app.last("change_contact").field("ChangeType").as_deref(), Some("create_user"));
    assert_eq!(world.user(0), user);
}

#[tokio::test]
async fn somebody_is_renamed() {
    let world = World::start().await;
    let token = world.app_token().await;
    let (corp, user) = (world.corp(0), world.user(0));
    let code = world.sandbox.code(&corp, &user).unwrap();
    let act = format!("/sandbox/corps/{corp}/members/{user}/rename");
    assert_eq!(world.post(&act, json!({"newUserId": "a/b"})).await.status, 400);
    assert_eq!(world.post(&act, json!({"newUserId": world.user(1)})).await.status, 409);
    assert_eq!(world.post(&act, json!({"newUserId": "woNew"})).await.status, 200);
    let push = world.app.last("change_contact");
    assert_eq!(push.field("ChangeType").as_deref(), Some("update_user"));
    assert_eq!(
        (push.field("UserID"), push.field("NewUserID").as_deref()),
        (Some(user.clone()), Some("woNew"))
    );
    assert_eq!(world.userinfo(&token, &code).await["userid"], "woNew");
    assert_eq!(world.call(&format!("user/get?access_token={token}&userid={user}")).await["errcode"], 60111);
    assert_eq!(world.post(&act, json!({})).await.status, 404, "the old id is gone");
    let act = format!("/sandbox/corps/{corp}/members/woNew/rename");
    assert_eq!(world.post(&act, json!({})).await.status, 200);
    assert_eq!(world.user(0), "woNew-renamed1");
}

#[tokio::test]
async fn somebody_leaves_the_visible_range_and_comes_back() {
    let world = World::start().await;
    let token = world.app_token().await;
    let (corp, user) = (world.corp(0), world.user(0));
    let seen = || world.call(format!("user/get?access_token={token}&userid={user}"));
    assert_eq!(seen().await["errcode"], 0);
    let delivery = world.sandbox.hide(&corp, &user).await.unwrap();
    assert_eq!(delivery.event, "change_auth");
    assert_eq!(world.app.last("change_auth").field("AuthCorpId"), Some(corp.clone()));
    assert_eq!(seen().await["errcode"], 60111);
    let code = world.sandbox.code(&corp, &user).unwrap();
    assert_eq!(world.userinfo(&token, &code).await["userid"], user);
    world.sandbox.show(&corp, &user).await.unwrap();
    assert_eq!(seen().await["errcode"], 0);
    let act = format!("/sandbox/corps/{corp}/members/{user}/status");
    assert_eq!(world.post(&act, json!({"status": 2})).await.status, 200);
    assert_eq!(seen().await["status"], 2);
}

#[tokio::test]
async fn an_unsubscribe_names_person_and_app() {
    let world = World::start().await;
    world.authorise().await;
    let delivery = world.sandbox.unsubscribe(&world.corp(0), &world.user(1)).await.unwrap();
    assert!(delivery.succeeded());
    let push = world.app.last("unsubscribe");
    assert_eq!(push.field("MsgType").as_deref(), Some("event"));
    assert_eq!(push.field("FromUserName"), Some(world.user(1)));
    assert_eq!(push.field("AgentID").as_deref(), Some("1000002"));
    world.sandbox.unsubscribe(&world.corp(0), &world.user(2)).await.unwrap();
    let linked = world.app.last("unsubscribe").field("FromUserName").unwrap();
    assert!(linked.ends_with(&format!("/{}", world.user(2))), "{linked}");
}

#[tokio::test]
async fn nothing_happens_to_people_of_a_company_without_the_app() {
    let world = World::start().await;
    let user = world.user(0);
    for act in ["code", "leave", "rename", "hide", "unsubscribe"] {
        let path = format!("/sandbox/corps/{}/members/{user}/{act}", world.corp(0));
        assert_eq!(world.post(&path, json!({})).await.status, 409, "{act}");
    }
    assert_eq!(world.user(0), user, "and nothing has changed");
}
