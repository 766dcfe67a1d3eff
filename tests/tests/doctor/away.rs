//! The doctor while WeCom hangs, and while the database does not answer.

use std::time::{Duration, Instant};

use sea_orm::TransactionTrait as _;
use wecom_login_tests::TestApp;
use wecom_login_tests::database::TestDatabase;
use wecom_sandbox::Fault;

use super::{checks, checks_of, says};

const TIME_LIMIT: Duration = Duration::from_secs(10);

#[tokio::test(flavor = "multi_thread")]
async fn doctor_does_not_wait_for_wecom() {
    let app = TestApp::builder().provider().start().await;
    app.install(0).await;
    app.sandbox.expire_tokens();
    app.sandbox
        .fault(Fault::for_api("*").delay_ms(60_000))
        .unwrap();
    let mut took = Vec::new();
    for _ in 0..3 {
        let began = Instant::now();
        assert!(!checks(&app.login).await.is_empty());
        took.push(began.elapsed());
    }
    assert!(took.iter().min().unwrap() < &TIME_LIMIT, "{took:?}");
    app.sandbox.clear_faults();
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_says_that_the_database_does_not_answer() {
    let directory = tempfile::tempdir().unwrap();
    let database = TestDatabase::create(directory.path()).await;
    let pool = database.connect_pool(3).await;
    let theirs = pool.clone();
    let app = TestApp::builder()
        .database(directory, database)
        .configure(|builder| builder.database(theirs))
        .start()
        .await;
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(pool.begin().await.unwrap());
    }
    let mut took = Vec::new();
    let found = loop {
        let began = Instant::now();
        let found = checks(&app.login).await;
        took.push(began.elapsed());
        if took.len() == 2 {
            break found;
        }
    };
    assert!(took.iter().min().unwrap() < &TIME_LIMIT, "{took:?}");
    let of = |id: &str| found.iter().find(|check| check["id"] == id).unwrap();
    says(of("database"), "fail", "does not answer", "connections");
    says(of("corp"), "warn", "not known", "");
    says(of("publicUrl"), "warn", "only this machine", "");
    drop(held);
    let database = checks_of(&app.login, "database").await.remove(0);
    assert_eq!(database["status"], "ok");
    app.stop().await;
}
