//! Callback records.

use wecom_login_tests::TestApp;

use super::{check, says};

#[tokio::test(flavor = "multi_thread")]
async fn failed_and_waiting_records_are_told_of() {
    let app = TestApp::builder().start().await;
    app.install(0).await;
    app.wait_until_done().await;
    says(
        &check(&app, "failedRecords").await,
        "ok",
        "no callback record",
        "",
    );
    says(
        &check(&app, "waitingRecords").await,
        "ok",
        "no callback record",
        "",
    );
    app.database
        .execute(
            "UPDATE wecom_callback_record SET status = 'failed', last_error = 'UPSTREAM_ERROR: 40078', \
             hint = 'fetch a new code' WHERE event = 'create_auth'",
        )
        .await;
    let failed = check(&app, "failedRecords").await;
    says(&failed, "warn", "1 failed", "fetch a new code");
    assert!(failed["detail"].as_str().unwrap().contains("40078"));
    assert_eq!(failed["subject"], "create_auth");
    let later = app.now_millis() + 3_600_000;
    app.database
        .execute(&format!(
            "UPDATE wecom_callback_record SET status = 'waiting', due_at = {later} WHERE event = 'create_auth'"
        ))
        .await;
    let waiting = check(&app, "waitingRecords").await;
    says(&waiting, "warn", "1 wait", "status=waiting");
    assert!(waiting["since"].is_i64());
    app.stop().await;
}
