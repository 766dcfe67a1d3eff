//! Members whom the app is hidden from, or whose account is disabled: their sessions end and their logins are refused.

use std::sync::{Arc, Mutex};

use serde_json::json;
use wecom_login::{AuthenticatedMember, Binding, Principal, Result, UserBinder};
use wecom_login_tests::app::{SUITE, principal};
use wecom_login_tests::push::{SignedPush, app_event};
use wecom_login_tests::{TestApp, TestRequest, until};
use wecom_sandbox::Fault;

const USER: &str = "user/get";

/// What `user/get` says of a member with this status.
fn status(user: &str, status: u8) -> Fault {
    let mut fault = Fault::for_api(USER);
    let answer = json!({"errcode": 0, "errmsg": "ok", "userid": user, "status": status});
    fault.body = Some(answer.to_string());
    fault
}

fn is_updated(node: &TestApp, corp: &str, user: &str, status: Option<&str>) -> SignedPush {
    let mut fields = vec![("ChangeType", "update_user"), ("UserID", user)];
    fields.extend(status.map(|status| ("Status", status)));
    node.push_builder.post(
        corp,
        &app_event(corp, "change_contact", 1_700_000_000, &fields),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn change_auth_ends_the_sessions_of_hidden_members() {
    let node = TestApp::builder().start().await;
    let corp = node.install(0).await;
    let (hidden, stays) = (node.user(0, 0), node.user(0, 1));
    let token = node.token_for_suite(SUITE, &corp, &hidden).await;
    let other = node.token_for_suite(SUITE, &corp, &stays).await;
    // The member's `unsubscribe` is lost.
    node.sandbox
        .change_settings(json!({"drop": ["unsubscribe"]}))
        .await
        .unwrap();
    let asked = node.sandbox.calls(USER);
    node.sandbox.hide(&corp, &hidden).await.unwrap();
    until("the session of the hidden member ends", async || {
        !node.is_valid(&token).await
    })
    .await;
    until("both were asked for", async || {
        node.sandbox.calls(USER) >= asked + 2
    })
    .await;
    assert!(node.is_valid(&other).await);
    let login = node.log_in_to_suite(SUITE, &corp, &hidden).await;
    login.assert_problem(403, "USER_NOT_VISIBLE");
}

#[tokio::test(flavor = "multi_thread")]
async fn update_user_of_a_disabled_member_ends_sessions_and_refuses_logins() {
    for told in [Some("2"), None] {
        let node = TestApp::builder().start().await;
        let corp = node.install(0).await;
        let user = node.user(0, 0);
        let token = node.token_for_suite(SUITE, &corp, &user).await;
        node.sandbox.fault(status(&user, 2)).unwrap();
        node.notify_until_accepted(&is_updated(&node, &corp, &user, told))
            .await;
        until("the session ends", async || !node.is_valid(&token).await).await;
        until("the record is done", async || {
            node.record_statuses("change_contact").await == ["succeeded"]
        })
        .await;
        let login = node.log_in_to_suite(SUITE, &corp, &user).await;
        login.assert_problem(403, "USER_NOT_VISIBLE");
        node.sandbox.clear_faults();
        let login = node.log_in_to_suite(SUITE, &corp, &user).await;
        assert_eq!(login.status, 200, "enabled again: {:?}", login.json());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn update_user_without_a_session_is_asked_about_at_the_next_login() {
    let node = TestApp::builder().start().await;
    let corp = node.install(0).await;
    let user = node.user(0, 0);
    let token = node.token_for_suite(SUITE, &corp, &user).await;
    let logout = TestRequest::post("/logout").bearer(&token);
    assert_eq!(node.call(logout).await.status, 204);
    node.notify_until_done(&is_updated(&node, &corp, &user, None), "change_contact")
        .await;
    node.sandbox.fault(status(&user, 5)).unwrap();
    let login = node.log_in_to_suite(SUITE, &corp, &user).await;
    login.assert_problem(403, "USER_NOT_VISIBLE");
}

/// Binds every member to one user, who is in these corps.
#[derive(Clone, Default)]
struct OneUser(Arc<Mutex<Vec<Principal>>>);

impl UserBinder for OneUser {
    async fn bind(&self, _: &AuthenticatedMember) -> Result<Binding> {
        Ok("one".into())
    }

    async fn find(&self, _: &Principal) -> Result<Option<String>> {
        Ok(Some("one".to_owned()))
    }

    async fn linked_principals(&self, _: &str, _: &Principal) -> Result<Vec<Principal>> {
        Ok(self.0.lock().unwrap().clone())
    }

    async fn unbind(&self, _: &Principal) -> Result<()> {
        Ok(())
    }

    async fn rebind(&self, _: &Principal, _: &Principal) -> Result<()> {
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn entering_a_corp_by_a_login_in_another_asks_that_corp() {
    let binder = OneUser::default();
    let of_builder = binder.clone();
    let node = TestApp::builder()
        .configure(|builder| builder.binder(of_builder))
        .start()
        .await;
    let (a, b) = (node.install(0).await, node.install(1).await);
    let (in_a, in_b) = (node.user(0, 0), node.user(1, 0));
    node.token_for_suite(SUITE, &a, &in_a).await;
    *binder.0.lock().unwrap() = vec![principal(SUITE, &a, &in_a)];
    let enter_a = async || {
        let code = node.sandbox.code(&b, &in_b).unwrap();
        let body = json!({"corpId": b, "code": code});
        let proof = node
            .call(TestRequest::post("/First/getLoginCode").json(&body))
            .await
            .success();
        let body = json!({"loginCode": proof["loginCode"], "corpId": a});
        node.call(TestRequest::post("/loginByCode").json(&body))
            .await
    };
    assert_eq!(enter_a().await.success()["corpId"], a.as_str());
    // Every event about it is lost.
    node.sandbox
        .change_settings(json!({"drop": true}))
        .await
        .unwrap();
    node.sandbox.hide(&a, &in_a).await.unwrap();
    enter_a().await.assert_problem(403, "USER_NOT_VISIBLE");
}

#[tokio::test(flavor = "multi_thread")]
async fn linked_member_of_whom_wecom_cannot_say_anything_logs_in() {
    let node = TestApp::builder().start().await;
    let corp = node.install(0).await;
    let linked = node.special_member(&corp, "linked");
    let mut answers = Vec::new();
    for errcode in [60111, 60011, 48002] {
        node.sandbox
            .fault(Fault::for_api(USER).errcode(errcode))
            .unwrap();
        node.sandbox.change(&corp).await.unwrap();
        let login = node.log_in_to_suite(SUITE, &corp, &linked).await;
        answers.push((errcode, login.status));
        node.sandbox.clear_faults();
    }
    println!("{answers:?}");
    assert_eq!(answers, [(60111, 200), (60011, 200), (48002, 200)]);
    let full_id = format!("linkedcorp/{linked}");
    for fault in [Fault::for_api(USER).errcode(50002), status(&full_id, 2)] {
        node.sandbox.fault(fault).unwrap();
        until("the login asks WeCom", async || {
            node.sandbox.change(&corp).await.unwrap();
            node.log_in_to_suite(SUITE, &corp, &linked).await.status == 403
        })
        .await;
        node.sandbox.clear_faults();
    }
    node.sandbox
        .fault(Fault::for_api(USER).errcode(60111))
        .unwrap();
    let login = node.log_in_to_suite(SUITE, &corp, &node.user(0, 0)).await;
    login.assert_problem(403, "USER_NOT_VISIBLE");
}
