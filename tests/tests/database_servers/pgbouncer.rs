//! PostgreSQL behind a PgBouncer in transaction mode.

use std::fs;
use std::net::SocketAddr;

use tempfile::TempDir;
use url::Url;
use wecom_login::ErrorKind;
use wecom_login_tests::app::SUITE;
use wecom_login_tests::database::TestDatabase;
use wecom_login_tests::scenarios::Scenario;
use wecom_login_tests::{TestApp, until};

use crate::program::{Program, command, free_address, give_to};

/// Whom a PgBouncer runs as that root starts.
const USER: &str = "postgres";

pub(crate) fn scenarios(server: &str) -> Vec<Scenario> {
    let scenario =
        |name: &str, play: fn(String) -> futures_util::future::LocalBoxFuture<'static, ()>| {
            let server = server.to_owned();
            Scenario::new(format!("pgbouncer::{name}"), &["pgbouncer"], move || {
                play(server)
            })
        };
    vec![
        scenario("app_without_statement_cache_runs", |server| {
            Box::pin(app_without_statement_cache_runs(server))
        }),
        scenario("start_with_statement_cache_names_the_setting", |server| {
            Box::pin(start_with_statement_cache_names_the_setting(server))
        }),
    ]
}

async fn app_without_statement_cache_runs(server: String) {
    let (bouncer, address, _directory) = start(&server).await;
    let directory = TempDir::new().unwrap();
    let database = TestDatabase::create(directory.path()).await;
    let url = behind(&database, address, "?statement-cache-capacity=0");
    let app = TestApp::builder()
        .database(directory, database)
        .configure(move |builder| builder.database_url(url))
        .start()
        .await;
    // Many at a time, so that the clients of the pooler meet on its few server connections.
    let corps = futures_util::future::join_all((0..3).map(|corp| app.install(corp))).await;
    let logins = (0..12).map(|number| {
        let (corp, user) = (&corps[number % 3], app.user(number % 3, 0));
        let app = &app;
        async move { app.token_for_suite(SUITE, corp, &user).await }
    });
    for token in futures_util::future::join_all(logins).await {
        assert!(app.is_valid(&token).await);
    }
    assert!(app.sandbox.cancel(&corps[0]).await.unwrap().succeeded());
    until("the authorization is cancelled", async || {
        app.authorization_status(SUITE, &corps[0]).await == "cancelled"
    })
    .await;
    app.stop().await;
    drop(bouncer);
}

async fn start_with_statement_cache_names_the_setting(server: String) {
    let (bouncer, address, _directory) = start(&server).await;
    let app = TestApp::builder().start().await;
    let url = behind(&app.database, address, "");
    let error = app
        .second_handle_error(|builder| builder.database_url(url))
        .await;
    assert_eq!(error.kind(), ErrorKind::Config, "{error:?}");
    assert!(
        error.detail().contains("statement-cache-capacity=0"),
        "{error:?}"
    );
    drop(bouncer);
}

/// The URL of a database behind the PgBouncer.
fn behind(database: &TestDatabase, bouncer: SocketAddr, query: &str) -> String {
    let database = Url::parse(database.url()).unwrap();
    format!("postgres://postgres@{bouncer}{}{query}", database.path())
}

/// A PgBouncer before the server.
async fn start(server: &str) -> (Program, SocketAddr, TempDir) {
    let server = Url::parse(server).unwrap();
    let (host, port) = (server.host_str().unwrap(), server.port().unwrap_or(5432));
    let address = free_address();
    let directory = TempDir::new().unwrap();
    give_to(directory.path(), USER);
    let configuration = format!(
        "[databases]\n* = host={host} port={port} user={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {}\n\
         unix_socket_dir =\nauth_type = any\npool_mode = transaction\ndefault_pool_size = 4\n",
        server.username(),
        address.port(),
    );
    let file = directory.path().join("pgbouncer.ini");
    fs::write(&file, configuration).unwrap();
    let mut pgbouncer = command("pgbouncer", USER);
    pgbouncer.arg(&file);
    let program = Program::start(pgbouncer, address, directory.path()).await;
    (program, address, directory)
}
