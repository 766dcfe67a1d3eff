//! The console while the database does not answer.

use sea_orm::TransactionTrait as _;
use wecom_login_tests::app::ADMIN_KEY;
use wecom_login_tests::database::TestDatabase;
use wecom_login_tests::{TestApp, TestRequest};

#[tokio::test(flavor = "multi_thread")]
async fn console_says_that_the_database_does_not_answer() {
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
    // The login with the key and the overview need no database.
    let login = TestRequest::post("/admin/login")
        .header("sec-fetch-site", "same-origin")
        .body(format!("adminKey={ADMIN_KEY}"));
    let entered = app.send(login).await;
    assert_eq!(entered.status, 303, "{}", entered.text());
    let cookie = entered.header("set-cookie").unwrap();
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let open = async |path: &str| {
        let request = TestRequest::get(format!("/admin{path}")).header("accept-language", "en");
        app.send(request.header("cookie", &*cookie)).await
    };
    let overview = open("").await;
    assert_eq!(overview.status, 200, "{}", overview.text());
    let page = overview.text();
    assert!(
        page.contains("Failure") && page.contains("Not known: the database does not answer"),
        "{page}"
    );
    for path in ["/corps", "/people", "/records", "/records/1", "/audit"] {
        let away = open(path).await;
        assert_eq!(away.status, 503, "{path}: {}", away.text());
        assert!(
            away.text().contains("The database does not answer"),
            "{path}: {}",
            away.text()
        );
    }
    assert_eq!(open("/service").await.status, 200);
    drop(held);
    let back = open("/corps").await;
    assert_eq!(back.status, 200, "{}", back.text());
    app.stop().await;
}
