//! A MariaDB whose binary log has statements.

use std::net::SocketAddr;
use std::process::Stdio;

use tempfile::TempDir;
use wecom_login::{DataKey, DataKeys, ErrorKind, Result, WecomLogin};
use wecom_login_tests::TestApp;
use wecom_login_tests::scenarios::Scenario;

use crate::program::{Program, command, free_address, give_to};

/// Whom a MariaDB runs as that root starts.
const USER: &str = "mysql";

pub(crate) fn scenarios() -> Vec<Scenario> {
    let needs = &["mariadbd", "mariadb-install-db"];
    vec![Scenario::new(
        "binary_log::start_with_statements_names_the_setting",
        needs,
        start_with_statements_names_the_setting,
    )]
}

async fn start_with_statements_names_the_setting() {
    let (_server, address, _directory) = start().await;
    let app = TestApp::builder().start().await;
    let error = build(&app, address, "STATEMENT").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error:?}");
    assert!(error.detail().contains("binlog_format"), "{error:?}");
    for format in ["MIXED", "ROW"] {
        let login = build(&app, address, format).await.unwrap();
        login.shutdown().await;
    }
}

/// A handle on a database of this server, whose binary log has this format.
async fn build(app: &TestApp, server: SocketAddr, format: &str) -> Result<WecomLogin> {
    let connection = sea_orm::Database::connect(format!("mysql://root@{server}/mysql"))
        .await
        .unwrap();
    for statement in [
        "CREATE DATABASE IF NOT EXISTS wecom".to_owned(),
        format!("SET GLOBAL binlog_format = '{format}'"),
    ] {
        sea_orm::ConnectionTrait::execute_unprepared(&connection, &statement)
            .await
            .unwrap();
    }
    connection.close().await.unwrap();
    let url = format!("mysql://root@{server}/wecom");
    let keys = DataKeys::from_keys([DataKey::new([8; 32])]);
    app.build_second_handle(|builder| builder.database_url(url).data_keys(keys))
        .await
}

/// A MariaDB of this test's own, with a binary log.
async fn start() -> (Program, SocketAddr, TempDir) {
    let address = free_address();
    let directory = TempDir::new().unwrap();
    give_to(directory.path(), USER);
    let data = directory.path().join("data");
    let installed = command("mariadb-install-db", USER)
        .arg("--no-defaults")
        .arg(format!("--datadir={}", data.display()))
        .args(["--auth-root-authentication-method=normal", "--skip-test-db"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert!(installed.success());
    let mut mariadb = command("mariadbd", USER);
    mariadb
        .arg("--no-defaults")
        .arg(format!("--datadir={}", data.display()))
        .arg(format!("--socket={}", data.join("socket").display()))
        .arg(format!("--log-bin={}", data.join("binlog").display()))
        .args(["--server-id=1", "--bind-address=127.0.0.1"])
        .arg(format!("--port={}", address.port()));
    let program = Program::start(mariadb, address, directory.path()).await;
    (program, address, directory)
}
