//! What the host app's binder says of a user, and predicates that are asked asynchronously.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;
use wecom_login::{
    Attributes, AuthenticatedMember, Binding, Builder, DefaultUserBinder, Principal, Result,
    UserBinder,
};

use super::Target;
use crate::auths::COMPANY_A;
use crate::{TestApp, TestRequest, TestResponse, until};

/// The library's binder, and a table of the host app's with what it knows of its users: here the same of all.
#[derive(Clone, Default)]
pub(super) struct Staff(Arc<Mutex<Attributes>>);

struct StaffBinder {
    staff: Staff,
    inner: DefaultUserBinder,
}

impl Staff {
    pub(super) fn set(&self, attributes: Attributes) {
        *self.0.lock().unwrap() = attributes;
    }

    fn wrap(&self, builder: Builder) -> Builder {
        let staff = self.clone();
        builder.wrap_binder(move |inner| StaffBinder { staff, inner })
    }
}

impl UserBinder for StaffBinder {
    async fn bind(&self, member: &AuthenticatedMember) -> Result<Binding> {
        self.inner.bind(member).await
    }

    async fn find(&self, principal: &Principal) -> Result<Option<String>> {
        self.inner.find(principal).await
    }

    async fn attributes(&self, _: &str, _: &Principal) -> Result<Attributes> {
        Ok(self.staff.0.lock().unwrap().clone())
    }

    async fn unbind(&self, principal: &Principal) -> Result<()> {
        self.inner.unbind(principal).await
    }

    async fn rebind(&self, from: &Principal, to: &Principal) -> Result<()> {
        self.inner.rebind(from, to).await
    }
}

async fn get(app: &TestApp, path: &str, token: &str) -> TestResponse {
    app.send_to_host(TestRequest::get(path).bearer(token)).await
}

fn role(role: &str) -> Attributes {
    Attributes::new().with("role", role)
}

pub(super) async fn attributes_of_the_binder_come_with_the_user(target: Target) {
    let staff = Staff::default();
    let app = target
        .app()
        .configure(|builder| staff.wrap(builder))
        .start()
        .await;
    let member = app.member(COMPANY_A);
    let plain = app.token(COMPANY_A, &member).await;
    let attributes = async |token: &str| get(&app, "/api/attributes", token).await.json();
    assert_eq!(attributes(&plain).await, json!({}));

    staff.set(role("编辑").with("seats", 3));
    let token = app.token(COMPANY_A, &member).await;
    let expected = json!({"role": "编辑", "seats": 3});
    assert_eq!(attributes(&token).await, expected);
    // The other session of the person has them too, from the same login.
    assert_eq!(attributes(&plain).await, expected);
    app.stop().await;
}

pub(super) async fn refreshed_attributes_are_there_with_the_next_request(target: Target) {
    let staff = Staff::default();
    staff.set(role("editor"));
    let app = target
        .app()
        .configure(|builder| staff.wrap(builder))
        .start()
        .await;
    let member = app.member(COMPANY_A);
    let token = app.token(COMPANY_A, &member).await;
    let attributes = async || get(&app, "/api/attributes", &token).await.json();
    assert_eq!(attributes().await, json!({"role": "editor"}));

    staff.set(role("administrator"));
    assert_eq!(
        attributes().await,
        json!({"role": "editor"}),
        "the binder is asked when the app says so"
    );
    let user_id = get(&app, "/api/hello", &token).await.json()["userId"].clone();
    let user_id = user_id.as_str().unwrap();
    let sessions = app.login.sessions();
    let refresh = || sessions.refresh_attributes(user_id);
    refresh().await.unwrap();
    assert_eq!(attributes().await, json!({"role": "administrator"}));
    staff.set(Attributes::new());
    refresh().await.unwrap();
    assert_eq!(attributes().await, json!({}));
    // A user without sessions is no error.
    app.login
        .sessions()
        .refresh_attributes("nobody")
        .await
        .unwrap();
    app.stop().await;
}

pub(super) async fn attributes_over_the_limit_fail_the_login(target: Target) {
    let staff = Staff::default();
    let app = target
        .app()
        .configure(|builder| staff.wrap(builder))
        .start()
        .await;
    let member = app.member(COMPANY_A);
    let of_length = |length: usize| Attributes::new().with("a", "x".repeat(length - 8));
    staff.set(of_length(Attributes::MAX_BYTES));
    let token = app.token(COMPANY_A, &member).await;
    staff.set(of_length(Attributes::MAX_BYTES + 1));
    app.try_log_in(COMPANY_A, &member)
        .await
        .assert_problem(500, "CONFIG_ERROR");
    let sessions = app.number("SELECT COUNT(*) FROM wecom_session").await;
    assert_eq!(sessions, 1, "the login that failed left no session");
    assert_eq!(app.hello_status(&token).await, 200);
    app.stop().await;
}

pub(super) async fn async_predicate_is_asked_and_its_failures_are_answers(target: Target) {
    let staff = Staff::default();
    let app = target
        .app()
        .configure(|builder| staff.wrap(builder))
        .start()
        .await;
    let member = app.member(COMPANY_A);
    let token_for = async |answer: &str| {
        staff.set(Attributes::new().with("answer", answer));
        app.token(COMPANY_A, &member).await
    };
    let asked = async |answer: &str| get(&app, "/api/asked", &token_for(answer).await).await;
    assert_eq!(asked("yes").await.json()["corpId"], COMPANY_A);
    let refused = asked("no").await;
    refused.assert_problem(403, "FORBIDDEN");
    let challenge = refused.header("www-authenticate").unwrap();
    assert!(challenge.contains("insufficient_scope"), "{challenge}");
    asked("error").await.assert_problem(429, "RATE_LIMITED");
    let own = asked("own error").await;
    own.assert_problem(500, "INTERNAL_ERROR");
    assert!(!own.text().contains("directory"), "{}", own.text());
    asked("panic").await.assert_problem(500, "INTERNAL_ERROR");
    assert_eq!(asked("yes").await.status, 200, "the service goes on");
    app.send_to_host(TestRequest::get("/api/asked"))
        .await
        .assert_problem(401, "UNAUTHENTICATED");

    // The clock moves on while the predicate hangs.
    let token = token_for("hang").await;
    let hanging = get(&app, "/api/asked", &token);
    let time_passes = until("the predicate is given up", async || {
        app.advance(Duration::from_secs(11));
        false
    });
    let answer = tokio::select! {
        answer = hanging => answer,
        () = time_passes => unreachable!("it waits for what never is"),
    };
    answer.assert_problem(503, "STORE_UNAVAILABLE");
    assert!(answer.header("retry-after").is_some());
    app.stop().await;
}
