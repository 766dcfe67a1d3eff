//! What the health routes say while the database is away, and during a shutdown.

use sea_orm::TransactionTrait as _;
use serde_json::json;
use wecom_login_tests::database::TestDatabase;
use wecom_login_tests::{TestApp, TestRequest, until};

async fn status(app: &TestApp, path: &str) -> u16 {
    app.call(TestRequest::get(path)).await.status
}

#[tokio::test(flavor = "multi_thread")]
async fn process_is_ready_while_the_database_answers_and_no_shutdown_has_begun() {
    let directory = tempfile::tempdir().unwrap();
    let database = TestDatabase::create(directory.path()).await;
    let pool = database.connect_pool(1).await;
    let theirs = pool.clone();
    let app = TestApp::builder()
        .database(directory, database)
        .without_push()
        .configure(|builder| builder.database(theirs))
        .start()
        .await;
    until("it is ready, without a suite_ticket", async || {
        status(&app, "/health/ready").await == 200
    })
    .await;

    let held = pool.begin().await.unwrap();
    until("it is not ready without the database", async || {
        status(&app, "/health/ready").await == 503
    })
    .await;
    assert_eq!(status(&app, "/health/live").await, 200);
    drop(held);
    until("it is ready again", async || {
        status(&app, "/health/ready").await == 200
    })
    .await;

    app.login.shutdown().await;
    let answer = app.call(TestRequest::get("/health/ready")).await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.json(), json!({"status": "unavailable"}));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(status(&app, "/health/live").await, 200);
}
