//! Sessions of programs.

use std::time::Duration;

use serde_json::{Value, json};
use wecom_login::{CorpId, ErrorKind, IssuedSession, MachineSessionRequest, SuiteId, Timestamp};

use super::Target;
use super::credentials::invalid;
use crate::auths::{COMPANY_A, SECOND_SUITE, SUITE};
use crate::{TestApp, TestRequest, TestResponse};

fn suite() -> SuiteId {
    SuiteId::new(SUITE).unwrap()
}

fn corp(corp_id: &str) -> CorpId {
    CorpId::new(corp_id).unwrap()
}

fn request(corp_id: &str, scopes: &[&str]) -> MachineSessionRequest {
    MachineSessionRequest::new(suite(), corp(corp_id), "夜间导出").with_scopes(scopes.to_vec())
}

async fn issue(app: &TestApp, corp_id: &str, scopes: &[&str]) -> IssuedSession {
    app.login
        .sessions()
        .issue_machine_session(request(corp_id, scopes))
        .await
        .unwrap()
}

async fn get(app: &TestApp, path: &str, token: &str) -> TestResponse {
    app.send_to_host(TestRequest::get(path).bearer(token)).await
}

pub(super) async fn machine_is_let_in_only_where_machines_are(target: Target) {
    let app = target.app().start().await;
    let reads = issue(&app, COMPANY_A, &["orders:read"]).await;
    let writes = issue(&app, COMPANY_A, &["orders:read", "orders:write"]).await;
    let other = issue(&app, COMPANY_A, &["orders"]).await;
    let [reads, writes, other] = [reads, writes, other].map(|issued| issued.token);
    let person = app.token(COMPANY_A, &app.member(COMPANY_A)).await;
    let allowed = |token: &str, for_machines: bool, only: bool| {
        let token = token.to_owned();
        let app = &app;
        async move {
            for (path, is_allowed) in [
                ("/api/for-machines", for_machines),
                ("/api/only-machines", only),
            ] {
                let answer = get(app, path, &token).await;
                if is_allowed {
                    assert_eq!(answer.status, 200, "{path}");
                } else {
                    answer.assert_problem(403, "FORBIDDEN");
                    let challenge = answer.header("www-authenticate").unwrap().to_owned();
                    assert!(challenge.contains("insufficient_scope"), "{challenge}");
                }
            }
        }
    };
    allowed(reads.expose(), true, false).await;
    allowed(writes.expose(), true, true).await;
    allowed(other.expose(), false, false).await;
    allowed(&person, true, false).await;
    // Routes that do not say so are for people, the optional ones too.
    for path in ["/api/hello", "/api/public", "/api/only-corp", "/api/page"] {
        get(&app, path, writes.expose())
            .await
            .assert_problem(403, "FORBIDDEN");
        assert_eq!(get(&app, path, &person).await.status, 200, "{path}");
    }
    let seen = get(&app, "/api/for-machines", reads.expose()).await.json();
    assert_eq!(seen["machine"], "夜间导出");
    assert_eq!(
        (&seen["corpId"], &seen["suiteId"]),
        (&json!(COMPANY_A), &json!(SUITE))
    );
    assert!(
        seen["userId"].as_str().unwrap().starts_with("machine:"),
        "{seen}"
    );
    assert_eq!(
        get(&app, "/api/for-machines", &person).await.json()["machine"],
        Value::Null
    );

    // In code, `verify` is for people too.
    for verified in [
        app.login
            .verify_token(reads.expose().as_bytes())
            .resolve()
            .await,
        {
            let bearer = format!("Bearer {}", reads.expose()).into_bytes();
            let headers = [("authorization".to_owned(), bearer)];
            app.login.verify("GET", headers.as_slice()).resolve().await
        },
    ] {
        assert_eq!(verified.unwrap_err().kind(), ErrorKind::Forbidden);
    }
    let verified = app.login.verify_machine_token(reads.expose().as_bytes());
    let user = verified.resolve().await.unwrap().unwrap().user;
    assert!(user.machine().unwrap().has_scope("orders:read"));
    app.stop().await;
}

pub(super) async fn machine_is_a_bearer_and_no_person(target: Target) {
    let app = target
        .app()
        // Every user of this corp is an administrator.
        .configure(|builder| {
            builder.admin_predicate(|user, _, _| user.corp_id().as_str() == COMPANY_A)
        })
        .start()
        .await;
    let issued = issue(&app, COMPANY_A, &["orders:read"]).await;
    let token = issued.token.expose();
    let bearer = |method: &'static str, path: &str| TestRequest::new(method, path).bearer(token);

    // In a cookie it is nothing, in memory and from the database.
    for path in ["/api/for-machines", "/api/hello"] {
        invalid(&app.send_to_host(TestRequest::get(path).cookie(token)).await);
    }
    invalid(&app.send(TestRequest::get("/me").cookie(token)).await);
    let second = app.second_handle().await;
    invalid(
        &app.call_on(&second, TestRequest::get("/me").cookie(token))
            .await,
    );

    let me = app.send(bearer("GET", "/me")).await.success();
    let shown = me["machine"].clone();
    assert_eq!(
        me,
        json!({"machine": shown}),
        "neither a user nor a session of one"
    );
    assert_eq!(
        shown,
        json!({
            "id": issued.user.session_id(),
            "suiteId": SUITE,
            "corpId": COMPANY_A,
            "name": "夜间导出",
            "scopes": ["orders:read"],
            "createdAt": app.now_millis(),
            "lastSeenAt": app.now_millis(),
        })
    );
    assert_eq!(
        app.call_on(&second, bearer("GET", "/me")).await.success()["machine"],
        shown
    );
    second.shutdown().await;

    for refused in [
        bearer("GET", "/sessions"),
        bearer("DELETE", &format!("/sessions/{}", issued.user.session_id())),
        bearer("GET", "/jsConfig?url=http%3A%2F%2F127.0.0.1%2F"),
        bearer("POST", "/logoutAll"),
        bearer("GET", "/corps"),
        bearer("GET", "/admin/api/corps"),
        bearer("GET", "/forwardAuth"),
        bearer("GET", "/forwardAuth?scope=orders"),
    ] {
        app.send(refused).await.assert_problem(403, "FORBIDDEN");
    }
    let passed = app
        .send(bearer("GET", "/forwardAuth?scope=orders%3Aread"))
        .await;
    assert_eq!(passed.status, 200);
    for (name, value) in [
        ("remote-user", ""),
        ("remote-name", ""),
        ("remote-email", ""),
        ("remote-groups", COMPANY_A),
        ("x-wecom-corp-id", COMPANY_A),
        ("x-wecom-user-id", ""),
        ("x-wecom-suite-id", SUITE),
        ("x-wecom-machine", "%E5%A4%9C%E9%97%B4%E5%AF%BC%E5%87%BA"),
    ] {
        assert_eq!(passed.header(name), Some(value), "{name}");
    }
    let person = app.token(COMPANY_A, &app.member(COMPANY_A)).await;
    let passed = TestRequest::get("/forwardAuth?scope=orders").bearer(&person);
    assert_eq!(app.send(passed).await.header("x-wecom-machine"), Some(""));
    assert_eq!(app.send(bearer("POST", "/logout")).await.status, 204);
    invalid(&app.send(bearer("GET", "/me")).await);
    app.stop().await;
}

pub(super) async fn machine_session_is_never_idle_and_ends_when_it_is_told_to(target: Target) {
    let app = target.app().start().await;
    let sessions = app.login.sessions();
    let endless = issue(&app, COMPANY_A, &["orders:read"]).await;
    let month = Duration::from_hours(30 * 24);
    let end = Timestamp::from_millis(app.now_millis()) + 2 * month;
    let ending = request(COMPANY_A, &["orders:read"]).with_expires_at(end);
    let ending = sessions.issue_machine_session(ending).await.unwrap();
    assert_eq!(ending.user.expires_at(), end);
    let status = async |issued: &IssuedSession| {
        get(&app, "/api/for-machines", issued.token.expose())
            .await
            .status
    };
    for _ in 0..2 {
        assert_eq!((status(&endless).await, status(&ending).await), (200, 200));
        assert!(endless.user.is_live() && ending.user.is_live());
        app.advance(month);
    }
    assert_eq!((status(&endless).await, status(&ending).await), (200, 401));
    assert!(endless.user.is_live() && !ending.user.is_live());
    ending.user.ended().await;
    app.advance(400 * month);
    assert_eq!(status(&endless).await, 200);
    // A node that starts now, after everybody's last visit.
    let second = app.second_handle().await;
    let me = TestRequest::get("/me").bearer(endless.token.expose());
    assert_eq!(app.call_on(&second, me).await.status, 200);
    second.shutdown().await;

    for invalid in [
        request(COMPANY_A, &["two words"]),
        request(COMPANY_A, &[]).with_expires_at(Timestamp::from_millis(app.now_millis())),
        MachineSessionRequest::new(suite(), corp(COMPANY_A), " "),
    ] {
        let error = sessions.issue_machine_session(invalid).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ApiParams);
    }
    let unknown = request("wwnobody0000000001", &[]);
    let error = sessions.issue_machine_session(unknown).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CorpNotAuthorized);
    app.stop().await;
}

pub(super) async fn machines_end_with_their_corp(target: Target) {
    let app = target.app().start().await;
    let open = app.open_corp();
    let sessions = app.login.sessions();
    let (first, other) = (
        issue(&app, COMPANY_A, &["orders:read"]).await,
        issue(&app, &open, &["orders:read"]).await,
    );
    let status = async |issued: &IssuedSession| {
        get(&app, "/api/for-machines", issued.token.expose())
            .await
            .status
    };
    sessions
        .revoke_corp(&suite(), &corp(COMPANY_A))
        .await
        .unwrap();
    assert_eq!((status(&first).await, status(&other).await), (401, 200));
    let again = issue(&app, COMPANY_A, &["orders:read"]).await;
    assert_eq!(status(&again).await, 200);
    // One by one, of this corp only.
    let id = again.user.session_id();
    let error = sessions.revoke_machine(&suite(), &corp(&open), id).await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::SessionNotFound);
    let person = app.log_in(COMPANY_A, &app.member(COMPANY_A)).await;
    let person = person["token"].as_str().unwrap();
    let me = app
        .send(TestRequest::get("/me").bearer(person))
        .await
        .success();
    let of_person = me["session"]["id"].as_str().unwrap();
    let error = sessions
        .revoke_machine(&suite(), &corp(COMPANY_A), of_person)
        .await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::SessionNotFound);
    sessions
        .revoke_machine(&suite(), &corp(COMPANY_A), id)
        .await
        .unwrap();
    assert_eq!(status(&again).await, 401);

    // What ends the sessions of a person ends this machine's alone, or nothing.
    let [third, fourth] = [
        issue(&app, COMPANY_A, &[]).await,
        issue(&app, COMPANY_A, &["orders:read"]).await,
    ];
    let refused = sessions.revoke_member(third.user.principal()).await;
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::ApiParams);
    assert!(third.user.is_live());
    for _ in 0..2 {
        sessions.logout_all(&third.user).await.unwrap();
    }
    assert_eq!((third.user.is_live(), status(&fourth).await), (false, 200));
    let people = app
        .send_as_admin(TestRequest::get(format!(
            "/admin/api/people?corpId={COMPANY_A}"
        )))
        .await;
    assert!(!people.text().contains("machine:"), "{}", people.text());

    app.sandbox.cancel(&open).await.unwrap();
    app.wait_until_done().await;
    assert_eq!(status(&other).await, 401);
    let error = sessions.issue_machine_session(request(&open, &[])).await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::CorpNotAuthorized);
    app.stop().await;
}

pub(super) async fn operator_lists_and_ends_machines(target: Target) {
    let app = target.app().start().await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        app.advance(Duration::from_secs(1));
        let issued = issue(&app, COMPANY_A, &["orders:read"]).await;
        ids.insert(0, issued.user.session_id().to_owned());
    }
    issue(&app, &app.open_corp(), &[]).await;
    app.token(COMPANY_A, &app.member(COMPANY_A)).await;
    let admin = async |method: &str, path: &str| {
        let request = TestRequest::new(method, format!("/admin/api/{path}"));
        app.send_as_admin(request).await
    };
    let corp_of = async || admin("GET", &format!("corps/{COMPANY_A}")).await.success();
    let shown = corp_of().await;
    assert_eq!(
        (&shown["machines"], &shown["sessions"]),
        (&json!(3), &json!(1))
    );
    let list = format!("corps/{COMPANY_A}/machines");
    let page = admin("GET", &format!("{list}?limit=2")).await.success();
    let of_page = |page: &Value| -> Vec<String> {
        let machines = page["machines"].as_array().unwrap().iter();
        machines
            .map(|machine| machine["id"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(of_page(&page), ids[..2]);
    let next = page["next"].as_str().unwrap();
    let page = admin("GET", &format!("{list}?limit=2&after={next}"))
        .await
        .success();
    assert_eq!(of_page(&page), ids[2..]);
    assert_eq!(page.get("next"), None);
    assert_eq!(page["machines"][0]["scopes"], json!(["orders:read"]));
    let other_suite = format!("{list}?suiteId={SECOND_SUITE}");
    admin("GET", &other_suite)
        .await
        .assert_problem(404, "CORP_NOT_FOUND");

    let end = format!("machines/{}", ids[1]);
    admin("DELETE", &end).await.assert_no_content();
    admin("DELETE", &end)
        .await
        .assert_problem(404, "SESSION_NOT_FOUND");
    assert_eq!(corp_of().await["machines"], 2);
    let audit = admin("GET", "audit?action=machineEnded").await.success();
    let entry = &audit["audit"][0];
    assert_eq!(
        (&entry["who"], &entry["corpId"]),
        (&json!("key"), &json!(COMPANY_A))
    );
    assert_eq!(entry["detail"], "夜间导出");
    let audit = admin("GET", "audit?action=machineIssued").await.success();
    assert_eq!(audit["audit"].as_array().unwrap().len(), 4);
    // In code.
    let machines = app
        .login
        .sessions()
        .machines(&suite(), &corp(COMPANY_A), 10, None)
        .await
        .unwrap();
    assert_eq!(machines.items.len(), 2);
    app.stop().await;
}
