//! Concurrent first starts, a host app's own tables, and ids that are compared as bytes.
#![allow(
    elided_lifetimes_in_paths,
    reason = "the trait of sea-orm-migration is written so"
)]

use futures_util::future::join_all;
use sea_orm::{ConnectionTrait as _, Database, DbBackend};
use sea_orm_migration::prelude::*;
use wecom_login::{
    AgentId, CorpId, CurrentUser, ErrorKind, PermanentCode, Platform, SuiteId, WecomLogin,
};
use wecom_login_tests::TestApp;
use wecom_login_tests::app::{SUITE, principal};
use wecom_login_tests::database::pool;

/// A host app's own migrations in the same database.
struct HostMigrator;

#[async_trait::async_trait]
impl MigratorTrait for HostMigrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(Orders)]
    }
}

#[derive(DeriveMigrationName)]
struct Orders;

#[async_trait::async_trait]
impl MigrationTrait for Orders {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let id = ColumnDef::new("id")
            .big_integer()
            .not_null()
            .primary_key()
            .to_owned();
        manager
            .create_table(Table::create().table("orders").col(id).to_owned())
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table("orders").to_owned())
            .await
    }
}

async fn user(login: &WecomLogin, token: &str) -> Option<CurrentUser> {
    let verified = login.verify_token(token.as_bytes()).resolve().await;
    verified.ok().flatten().map(|verified| verified.user)
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_first_starts_create_the_tables_once() {
    let node = TestApp::builder().start().await;
    for (table, _) in node.database.tables().await {
        node.database.execute(&format!("DROP TABLE {table}")).await;
    }
    assert_eq!(node.database.tables().await, []);
    let nodes = join_all((0..4).map(|_| node.second_handle())).await;
    assert!(node.database.tables().await.len() > 14);
    let steps = node.number("SELECT COUNT(*) FROM wecom_migration").await;
    assert_eq!(
        node.number("SELECT COUNT(DISTINCT version) FROM wecom_migration")
            .await,
        steps
    );
    for login in nodes {
        login.shutdown().await;
    }
}

#[tokio::test]
async fn host_app_migrator_runs_beside_ours() {
    let node = TestApp::builder().start().await;
    let database = node.database.connect().await;
    HostMigrator::up(&database, None).await.unwrap();
    let later = node.second_handle().await;
    later.shutdown().await;
    assert_eq!(
        HostMigrator::get_pending_migrations(&database)
            .await
            .unwrap()
            .len(),
        0
    );
    HostMigrator::down(&database, None).await.unwrap();
    HostMigrator::up(&database, None).await.unwrap();
    assert_eq!(node.number("SELECT COUNT(*) FROM orders").await, 0);
    node.install(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn node_of_the_previous_version_starts_beside_a_newer_one() {
    let node = TestApp::builder().start().await;
    let corp = node.install(0).await;
    let later =
        "INSERT INTO wecom_migration (version, applied_at) VALUES ('m20991231_000001_later', 1)";
    node.database.execute(later).await;
    for migrate in [true, false] {
        let of_before = node
            .second_handle_with(|builder| builder.migrate(migrate))
            .await;
        assert_eq!(of_before.admin().corps().await.unwrap().len(), 1);
        of_before.shutdown().await;
    }
    assert_eq!(
        node.log_in_to_suite(SUITE, &corp, &node.user(0, 0))
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn mysql_without_strict_mode_is_refused() {
    let node = TestApp::builder().start().await;
    let mut options = pool(node.database.url());
    options
        .max_connections(1)
        .min_connections(1)
        .sqlx_logging(false);
    let database = Database::connect(options).await.unwrap();
    if node.database.backend() == DbBackend::MySql {
        database
            .execute_unprepared("SET SESSION sql_mode = ''")
            .await
            .unwrap();
        let refused = node
            .second_handle_error(|builder| builder.database(database))
            .await;
        assert_eq!(refused.kind(), ErrorKind::Config, "{refused}");
        assert!(refused.to_string().contains("STRICT"), "{refused}");
    } else {
        node.second_handle_with(|builder| builder.database(database))
            .await
            .shutdown()
            .await;
    }
}

#[tokio::test]
async fn ids_that_differ_by_case_or_a_trailing_character_are_distinct() {
    let node = TestApp::builder().start().await;
    let suite = SuiteId::new(SUITE).unwrap();
    let corps = [
        "wpCaseOfEncryptedId",
        "wpcaseofencryptedid",
        "wpCaseOfEncryptedId_",
    ];
    for corp in corps {
        let code = PermanentCode::new("a-permanent-code");
        let agent = Some(AgentId::new(1_000_002));
        let corp = CorpId::new(corp).unwrap();
        node.login
            .admin()
            .import_authorization(&suite, &corp, code, agent)
            .await
            .unwrap();
    }
    assert_eq!(node.login.admin().corps().await.unwrap().len(), 3);
    let mut tokens = Vec::new();
    for corp in corps {
        for member in ["ZhangSan", "zhangsan", "ZHANGSAN"] {
            let who = principal(SUITE, corp, member);
            let issued = node
                .login
                .sessions()
                .issue(&who, Platform::App)
                .await
                .unwrap();
            tokens.push((who, issued.token.expose().to_owned()));
        }
    }
    assert_eq!(node.number("SELECT COUNT(*) FROM wecom_user").await, 9);
    node.login
        .sessions()
        .revoke_member(&principal(SUITE, corps[1], "zhangsan"))
        .await
        .unwrap();
    node.login
        .sessions()
        .revoke_corp(&suite, &CorpId::new(corps[0]).unwrap())
        .await
        .unwrap();
    let fresh = node.second_handle().await;
    for (who, token) in &tokens {
        let ended =
            who.corp_id.as_str() == corps[0] || *who == principal(SUITE, corps[1], "zhangsan");
        assert_eq!(user(&fresh, token).await.is_none(), ended, "{who:?}");
        assert_eq!(user(&node.login, token).await.is_none(), ended, "{who:?}");
    }
    fresh.shutdown().await;
}
