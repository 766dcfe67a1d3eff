//! The state file.

use std::path::Path;
use std::time::Duration;

use serde_json::json;
use wecom_sandbox::Sandbox;

use crate::harness::Harness;
use crate::mock_app::{MockApp, SUITE, suite};

async fn start(app: &MockApp, file: &Path) -> Sandbox {
    Sandbox::builder()
        .suites([suite(SUITE)])
        .notify(app.notify_url())
        .state(file)
        .start()
        .await
        .unwrap()
}

#[tokio::test]
async fn state_file_restores_everything_without_shutdown() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("state.json");
    let app = MockApp::start().await;
    let sandbox = start(&app, &file).await;
    app.wait_for("suite_ticket", 1).await;
    let mut harness = Harness { sandbox, app };
    let token = harness.app_token().await;
    let secret = harness
        .sandbox
        .permanent_code(&harness.corp(0), SUITE)
        .unwrap();
    let code = harness
        .sandbox
        .code(&harness.corp(0), &harness.user(0))
        .unwrap();
    harness
        .sandbox
        .rename(&harness.corp(0), &harness.user(1), "woNew")
        .await
        .unwrap();
    harness
        .sandbox
        .change_settings(json!({"retryNon200": true}))
        .await
        .unwrap();
    harness.sandbox.advance(Duration::from_secs(60));
    let suite_token = harness.suite_token().await;
    let mut before = harness.sandbox.state();
    let deliveries = before["deliveries"].as_array().unwrap().len();

    // The sandbox is not shut down: the file alone has to suffice.
    let copy = directory.path().join("copy.json");
    std::fs::copy(&file, &copy).unwrap();
    harness.sandbox = start(&harness.app, &copy).await;
    harness.app.wait_for("suite_ticket", 2).await;
    let after = harness.sandbox.state();
    assert_eq!(before["corps"].take(), after["corps"]);
    assert!(after["deliveries"].as_array().unwrap().len() >= deliveries);
    assert!(harness.sandbox.settings().retry_non200);
    assert_eq!(harness.user(1), "woNew");
    assert_eq!(
        harness.suite_token().await,
        suite_token,
        "the token is still valid"
    );
    assert_eq!(
        harness.gettoken(&secret).await["access_token"],
        token.as_str()
    );
    assert_eq!(
        harness.userinfo(&token, &code).await["userid"],
        harness.user(0)
    );
    assert_eq!(harness.userinfo(&token, &code).await["errcode"], 40029);
}

#[tokio::test]
async fn restart_can_add_corps() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("state.json");
    let builder = |corps: usize| {
        Sandbox::builder()
            .suites([suite(SUITE)])
            .corps(corps)
            .state(&file)
    };
    let first = builder(2).start().await.unwrap();
    first.install(&first.corp_ids()[1]).await.unwrap();
    let ids = first.corp_ids();
    first.shutdown().await;
    let second = builder(4).start().await.unwrap();
    assert_eq!(second.corp_ids()[..2], ids);
    assert_eq!(second.corp_ids().len(), 4);
    assert_eq!(second.agent_id(&ids[1]), Some(1_000_002));
}

#[tokio::test]
async fn start_rejects_invalid_state_file() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("state.json");
    std::fs::write(&file, "no json").unwrap();
    let error = Sandbox::builder()
        .suites([suite(SUITE)])
        .state(&file)
        .start()
        .await
        .unwrap_err();
    assert!(error.to_string().contains("state.json"), "{error}");
}
