//! The state file.

use std::path::Path;
use std::time::Duration;

use serde_json::json;
use wecom_sandbox::Sandbox;

use crate::app::{App, SUITE, suite};
use crate::client::World;

async fn start(app: &App, file: &Path) -> Sandbox {
    Sandbox::builder().suites([suite(SUITE)]).notify(app.notify_url()).state(file).start().await.unwrap()
}

#[tokio::test]
async fn everything_is_there_after_a_restart_without_a_goodbye() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("state.json");
    let app = App::start().await;
    let sandbox = start(&app, &file).await;
    app.wait_for("suite_ticket", 1).await;
    let mut world = World { sandbox, app };
    let token = world.app_token().await;
    let secret = world.sandbox.permanent_code(&world.corp(0), SUITE).unwrap();
    let code = world.sandbox.code(&world.corp(0), &world.user(0)).unwrap();
    world.sandbox.rename(&world.corp(0), &world.user(1), "woNew").await.unwrap();
    world.sandbox.change_settings(json!({"retryNon200": true})).await.unwrap();
    world.sandbox.advance(Duration::from_secs(60));
    let suite_token = world.suite_token().await;
    let mut before = world.sandbox.state();
    let deliveries = before["deliveries"].as_array().unwrap().len();

    // Nobody says goodbye: the file alone has to do.
    let copy = directory.path().join("copy.json");
    std::fs::copy(&file, &copy).unwrap();
    world.sandbox = start(&world.app, &copy).await;
    world.app.wait_for("suite_ticket", 2).await;
    let after = world.sandbox.state();
    assert_eq!(before["corps"].take(), after["corps"]);
    assert!(after["deliveries"].as_array().unwrap().len() >= deliveries);
    assert!(world.sandbox.settings().retry_non200);
    assert_eq!(world.user(1), "woNew");
    assert_eq!(world.suite_token().await, suite_token, "a token lives on");
    assert_eq!(world.gettoken(&secret).await["access_token"], token.as_str());
    assert_eq!(world.userinfo(&token, &code).await["userid"], world.user(0));
    assert_eq!(world.userinfo(&token, &code).await["errcode"], 40029);
}

#[tokio::test]
async fn a_later_start_may_ask_for_more_companies() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("state.json");
    let builder = |corps: usize| Sandbox::builder().suites([suite(SUITE)]).corps(corps).state(&file);
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
async fn a_state_file_that_is_none_stops_the_start() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("state.json");
    std::fs::write(&file, "no json").unwrap();
    let error = Sandbox::builder().suites([suite(SUITE)]).state(&file).start().await.unwrap_err();
    assert!(error.to_string().contains("state.json"), "{error}");
}
