//! What a limit refuses reads nothing from the database.
//!
//! A test binary of its own, because it counts the statements of the process.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::time::Instant;

use sea_orm::Database;
use serde_json::json;
use tempfile::TempDir;
use wecom_login_tests::auths::COMPANY_A;
use wecom_login_tests::database::{TestDatabase, pool};
use wecom_login_tests::log::LogCapture;
use wecom_login_tests::{TestApp, TestRequest};

/// What a login may read.
const TABLES: [&str; 8] = [
    "wecom_authorization",
    "wecom_corp_alias",
    "wecom_login_code",
    "wecom_organization_code",
    "wecom_person",
    "wecom_session",
    "wecom_spent_state",
    "wecom_user",
];

fn statements(lines: &LogCapture) -> usize {
    lines
        .text()
        .lines()
        .filter(|line| TABLES.iter().any(|table| line.contains(table)))
        .count()
}

/// A login that was led to WeCom: its state and its cookie.
async fn pending_login(app: &TestApp) -> (String, String) {
    let reply = app
        .send(TestRequest::get(format!("/login?corpId={COMPANY_A}")))
        .await;
    let link = reply.header("location").unwrap();
    let state = link.split("state=").nth(1).unwrap()[..32].to_owned();
    let cookie = reply
        .header_values("set-cookie")
        .find(|cookie| cookie.contains(&state))
        .unwrap();
    (state, cookie.split(';').next().unwrap().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn refusal_by_a_limit_reads_nothing() {
    let lines = LogCapture::default();
    lines.record("sqlx::query=info");
    let directory = TempDir::new().unwrap();
    let database = TestDatabase::create(directory.path()).await;
    let mut options = pool(database.url());
    options.sqlx_logging(true);
    let connection = Database::connect(options).await.unwrap();
    let app = TestApp::from_auths_directory()
        .database(directory, database)
        .configure(|builder| builder.database(connection))
        .start()
        .await;
    let client = "203.0.113.1";
    let send = |request: TestRequest| app.send(request.forwarded_for(client));
    let (state, cookie) = pending_login(&app).await;

    // Three limits of the client are used up: those of unknown corps, organization codes and failed codes.
    lines.clear();
    for number in 0..30 {
        let unknown = send(TestRequest::get(format!("/login?corpId=wwnobody{number}"))).await;
        assert_eq!(unknown.status, 403);
        let unknown = send(TestRequest::get(format!("/login?orgCode=nobody{number}"))).await;
        assert_eq!(unknown.status, 404);
    }
    for number in 0..60 {
        let body = json!({"corpId": COMPANY_A, "code": format!("guess-{number}")});
        let refused = send(TestRequest::post("/loginByWorkbench").json(&body)).await;
        refused.assert_problem(401, "CODE_INVALID");
    }
    assert!(statements(&lines) >= 60, "the statements are counted");

    lines.clear();
    let garbage = json!({"corpId": COMPANY_A, "code": "guess"});
    let login_code = json!({"loginCode": "A".repeat(43)});
    for number in 0..50 {
        let callback = format!("/callback?code=guess-{number}&state={state}");
        for request in [
            TestRequest::get(format!("/login?corpId=wwnobody-{number}")),
            TestRequest::get(format!("/login?corpId={COMPANY_A}")),
            TestRequest::get(format!("/login?orgCode=nobody{number}")),
            TestRequest::get(format!("/getLoginConfigByCode?code=nobody{number}")),
            TestRequest::get(callback).header("cookie", &*cookie),
            TestRequest::post("/loginByWorkbench").json(&garbage),
            TestRequest::post("/QywxProxyCompanyA/getLoginCode").json(&garbage),
            TestRequest::post("/loginByCode").json(&login_code),
        ] {
            let target = request.target().to_owned();
            assert_eq!(send(request).await.status, 429, "{target}");
        }
    }
    assert_eq!(statements(&lines), 0, "{}", lines.text());

    // A corp that an instance is pinned to, and that never authorized the app.
    let began = Instant::now();
    for _ in 0..300 {
        let config = send(TestRequest::get("/group.CodesOff/getLoginConfig")).await;
        assert!(config.success()["agentId"].is_null());
    }
    let most = 5 * (began.elapsed().as_secs() as usize / 2 + 1);
    let read = statements(&lines);
    println!("300 login configs of a pin without an authorization: {read} statements");
    assert!((1..=most).contains(&read), "{read} of {most}");
    // One that authorizes it is found at once.
    app.install_corp(
        wecom_login_tests::auths::SUITE,
        wecom_login_tests::auths::CODES_OFF,
    )
    .await;
    let config = send(TestRequest::get("/group.CodesOff/getLoginConfig")).await;
    assert!(config.success()["agentId"].is_string());
    app.stop().await;
}
