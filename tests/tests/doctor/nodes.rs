//! Nodes, clocks, keys, migrations.

use std::time::Duration;

use wecom_login::{Clock, DataKey, DataKeys, Sleep, SystemClock, Timestamp};
use wecom_login_tests::{TestApp, until};

use super::{check, checks_of, says};

/// The machine's clock, five minutes ahead.
#[derive(Debug)]
struct FastClock(SystemClock);

impl Clock for FastClock {
    fn now(&self) -> Timestamp {
        self.0.now() + Duration::from_mins(5)
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        self.0.sleep(duration)
    }

    fn is_real(&self) -> bool {
        true
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_are_told_of_until_they_leave() {
    let app = TestApp::builder().start().await;
    until("the node is seen", async || {
        let nodes = checks_of(&app.login, "nodes").await;
        nodes[0]["detail"].as_str().unwrap().contains("this node")
    })
    .await;
    let second = app.second_handle().await;
    until("both nodes are seen", async || {
        checks_of(&app.login, "nodes").await.len() == 2
    })
    .await;
    second.shutdown().await;
    let alone = check(&app, "nodes").await;
    says(&alone, "ok", "this node, version", "");
    let id = alone["subject"].as_str().unwrap();
    let seen = app.now_millis() - 300_000;
    app.database
        .execute(&format!(
            "INSERT INTO wecom_node (id, version, started_at, seen_at) VALUES \
             ('dead', '0.0.1', 1, {seen}), ('old', '0.0.1', 2, {})",
            app.now_millis()
        ))
        .await;
    let nodes = checks_of(&app.login, "nodes").await;
    let of = |id: &str| nodes.iter().find(|node| node["subject"] == id).unwrap();
    says(of("dead"), "warn", "300 s ago", "without a shutdown");
    assert_eq!(of("dead")["since"], seen);
    says(of("old"), "warn", "version 0.0.1", "update");
    says(of(id), "ok", "this node", "");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clock_that_is_wrong_is_told_of() {
    let app = TestApp::builder().start().await;
    says(&check(&app, "clock").await, "ok", "the database's", "");
    let login = app
        .second_handle_with(|builder| builder.clock(FastClock(SystemClock::default())))
        .await;
    let clock = checks_of(&login, "clock").await.remove(0);
    says(&clock, "fail", "ahead of the database's", "NTP");
    login.shutdown().await;
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unfinished_change_of_keys_is_told_of() {
    let app = TestApp::builder().start().await;
    says(&check(&app, "dataKeys").await, "ok", "primary", "");
    app.install(0).await;
    let keys = || DataKeys::from_keys([DataKey::new([8; 32]), DataKey::new([7; 32])]);
    let login = app
        .second_handle_with(|builder| builder.data_keys(keys()))
        .await;
    let keys = checks_of(&login, "dataKeys").await.remove(0);
    says(&keys, "warn", "1 keys besides", "rotateKeys");
    // The first node lacks the key that the second one seals with.
    let _ = login.admin().rotate_keys().await.unwrap();
    let lacking = check(&app, "dataKeys").await;
    says(&lacking, "fail", "1 permanent codes", "missing key");
    login.shutdown().await;
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn migrations_of_another_version_are_told_of() {
    let app = TestApp::builder().start().await;
    says(&check(&app, "migrations").await, "ok", "up to date", "");
    app.database
        .execute("INSERT INTO wecom_migration (version, applied_at) VALUES ('m20990101_000001_later', 1)")
        .await;
    says(
        &check(&app, "migrations").await,
        "warn",
        "1 migrations",
        "update",
    );
    app.database
        .execute("DELETE FROM wecom_migration WHERE version LIKE 'm2026112%'")
        .await;
    says(
        &check(&app, "migrations").await,
        "fail",
        "missing",
        "account",
    );
    app.stop().await;
}
