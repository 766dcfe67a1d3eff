//! What the binder says of a user, on every node.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use wecom_login::{
    Attributes, AuthenticatedMember, Binding, DefaultUserBinder, Principal, Result, UserBinder,
    WecomLogin,
};
use wecom_login_tests::app::SUITE;
use wecom_login_tests::{TestApp, until};

/// The host app's database, which every node asks.
#[derive(Clone, Default)]
struct Roles(Arc<Mutex<Value>>);

struct RolesBinder(Roles, DefaultUserBinder);

impl UserBinder for RolesBinder {
    async fn bind(&self, member: &AuthenticatedMember) -> Result<Binding> {
        self.1.bind(member).await
    }

    async fn find(&self, principal: &Principal) -> Result<Option<String>> {
        self.1.find(principal).await
    }

    async fn attributes(&self, _: &str, _: &Principal) -> Result<Attributes> {
        let role = self.0.0.lock().unwrap().clone();
        Ok(Attributes::new().with("role", role))
    }

    async fn unbind(&self, principal: &Principal) -> Result<()> {
        self.1.unbind(principal).await
    }

    async fn rebind(&self, from: &Principal, to: &Principal) -> Result<()> {
        self.1.rebind(from, to).await
    }
}

async fn role(login: &WecomLogin, token: &str) -> Value {
    let verified = login.verify_token(token.as_bytes()).resolve().await;
    let user = verified.unwrap().unwrap().user;
    user.attributes().get("role").cloned().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn refreshed_attributes_reach_the_other_node_and_a_later_start() {
    let roles = Roles::default();
    let set = |role: &str| *roles.0.lock().unwrap() = json!(role);
    set("editor");
    let wrapped = roles.clone();
    let node = TestApp::builder()
        .configure(|builder| builder.wrap_binder(|inner| RolesBinder(wrapped, inner)))
        .start()
        .await;
    let corp = node.install(0).await;
    let token = node.issue_session(SUITE, &corp, &node.user(0, 0)).await;
    let wrapped = roles.clone();
    let second = |builder: wecom_login::Builder| {
        let wrapped = wrapped.clone();
        builder.wrap_binder(|inner| RolesBinder(wrapped, inner))
    };
    let other = node.second_handle_with(second).await;
    assert_eq!(role(&other, &token).await, "editor");
    let verified = other.verify_token(token.as_bytes()).resolve().await;
    let user = verified.unwrap().unwrap().user;

    set("administrator");
    node.login
        .sessions()
        .refresh_attributes(user.user_id())
        .await
        .unwrap();
    assert_eq!(role(&node.login, &token).await, "administrator");
    until("the other node has the new role", async || {
        role(&other, &token).await == "administrator"
    })
    .await;
    let held = user.attributes();
    assert_eq!(
        held.get("role"),
        Some(&json!("administrator")),
        "a stream has it too"
    );

    other.shutdown().await;
    let later = node.second_handle_with(second).await;
    assert_eq!(role(&later, &token).await, "administrator");
    later.shutdown().await;
}

/// The refresh comes while the binder is being asked for a login, which has read the older role already.
#[tokio::test(flavor = "multi_thread")]
async fn concurrent_refreshes_leave_the_newest_role() {
    let roles = Roles::default();
    let wrapped = roles.clone();
    let node = TestApp::builder()
        .configure(|builder| builder.wrap_binder(|inner| RolesBinder(wrapped, inner)))
        .start()
        .await;
    let corp = node.install(0).await;
    let member = node.user(0, 0);
    let token = node.issue_session(SUITE, &corp, &member).await;
    let verified = node.login.verify_token(token.as_bytes()).resolve().await;
    let user = verified.unwrap().unwrap().user;
    for round in 0..20 {
        let newest = format!("role {round}");
        *roles.0.lock().unwrap() = json!(newest);
        let sessions = node.login.sessions();
        let (login, one, two) = tokio::join!(
            node.issue_session(SUITE, &corp, &member),
            sessions.refresh_attributes(user.user_id()),
            sessions.refresh_attributes(user.user_id()),
        );
        one.unwrap();
        two.unwrap();
        assert_eq!(role(&node.login, &login).await, json!(newest));
        assert_eq!(role(&node.login, &token).await, json!(newest));
    }
}
