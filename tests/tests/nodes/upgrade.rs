//! Migration of a database of an older version, with data in it.

use futures_util::future::join_all;
use sea_orm::DbBackend;
use serde_json::json;
use wecom_login::{CurrentUser, ErrorKind, WecomLogin};
use wecom_login_tests::app::SUITE;
use wecom_login_tests::database::TestDatabase;
use wecom_login_tests::push::app_event;
use wecom_login_tests::{TestApp, TestRequest, until};

async fn user(login: &WecomLogin, token: &str) -> Option<CurrentUser> {
    let verified = login.verify_token(token.as_bytes()).resolve().await;
    verified.ok().flatten().map(|verified| verified.user)
}

/// Tables that may be empty: paused APIs, other ids of corps and members, corps that departed, what the host app is to be
/// told, wrong secrets, used states, leases of tokens that are being fetched.
const MAY_BE_EMPTY: [&str; 11] = [
    "wecom_api_pause",
    "wecom_corp_alias",
    "wecom_departed_corp",
    "wecom_departed_member",
    "wecom_hash_key",
    "wecom_node",
    "wecom_notification",
    "wecom_person_alias",
    "wecom_secret_attempt",
    "wecom_spent_state",
    "wecom_token_lease",
];

/// The version of the tables that the present version finds.
#[derive(Clone, Copy, Debug)]
enum OldVersion {
    /// After the first migration.
    First,
    /// Before the last migration.
    Previous,
}

/// Restores the tables to their state after the first `steps` migrations, with their rows. Returns their names.
async fn restore_tables(database: &TestDatabase, steps: u32) -> Vec<String> {
    let present: Vec<String> = database
        .tables()
        .await
        .into_iter()
        .map(|(table, _)| table)
        .collect();
    for table in &present {
        database
            .execute(&format!(
                "CREATE TABLE kept_{table} AS SELECT * FROM {table}"
            ))
            .await;
        database.execute(&format!("DROP TABLE {table}")).await;
    }
    let connection = database.connect().await;
    wecom_login::migrate_steps(&connection, steps)
        .await
        .unwrap();
    let tables = database.tables().await.into_iter().map(|(table, _)| table);
    let old: Vec<String> = tables
        .filter(|table| !table.starts_with("kept_") && table != "wecom_migration")
        .collect();
    for table in &old {
        let columns = database.columns(table).await.join(", ");
        database
            .execute(&format!(
                "INSERT INTO {table} ({columns}) SELECT {columns} FROM kept_{table}"
            ))
            .await;
    }
    for table in &present {
        database.execute(&format!("DROP TABLE kept_{table}")).await;
    }
    if database.backend() == DbBackend::Postgres {
        // An insert with an explicit id does not advance the sequence.
        for table in ["wecom_callback_record", "wecom_audit"] {
            if old.iter().any(|name| name == table) {
                let counted = format!(
                    "SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT MAX(id) FROM {table}))"
                );
                database.execute(&counted).await;
            }
        }
    }
    old
}

/// The data that an older version stored.
struct OldData {
    node: TestApp,
    corp: String,
    member: String,
    token: String,
    login_code: String,
    /// The session of a member who left. The event is acknowledged and not yet executed.
    of_leaver: String,
}

async fn old_data() -> OldData {
    let node = TestApp::builder().start().await;
    let corp = node.install(0).await;
    let (member, leaver) = (node.user(0, 0), node.user(0, 1));
    let login = node.log_in_to_suite(SUITE, &corp, &member).await;
    assert_eq!(login.status, 200, "{:?}", login.body);
    let token = login.json()["token"].as_str().unwrap().to_owned();
    let of_leaver = node.issue_session(SUITE, &corp, &leaver).await;
    let code = json!({"corpId": corp, "code": node.sandbox.code(&corp, &member).unwrap()});
    let login_code = node
        .call(TestRequest::post("/First/getLoginCode").json(&code))
        .await;
    let login_code = login_code.json()["loginCode"].as_str().unwrap().to_owned();
    node.set_organization_code(&corp, "company-one").await;
    let leaves = app_event(
        &corp,
        "unsubscribe",
        1_700_000_000,
        &[("FromUserName", "somebody")],
    );
    node.notify_until_done(&node.push_builder.post(&corp, &leaves), "unsubscribe")
        .await;
    node.database
        .execute("ALTER TABLE wecom_person RENAME TO away")
        .await;
    let leaves = app_event(
        &corp,
        "unsubscribe",
        1_700_000_001,
        &[("FromUserName", &leaver)],
    );
    node.notify_until_accepted(&node.push_builder.post(&corp, &leaves))
        .await;
    until("the record was tried", async || {
        node.records().await[0].last_error.is_some()
    })
    .await;
    node.login.shutdown().await;
    node.database
        .execute("ALTER TABLE away RENAME TO wecom_person")
        .await;
    node.database
        .execute("UPDATE wecom_callback_record SET last_error = NULL, hint = NULL")
        .await;
    // Older text columns have the character set of the database, which may be Latin only.
    node.database
        .execute("UPDATE wecom_authorization SET corp_name = 'Company of old'")
        .await;
    node.database
        .execute("UPDATE wecom_person SET name = 'Somebody of old', avatar = NULL")
        .await;
    OldData {
        node,
        corp,
        member,
        token,
        login_code,
        of_leaver,
    }
}

impl OldData {
    /// Restores the old tables. Returns the number of migrations of the present version.
    async fn restore(&self, old: OldVersion) -> i64 {
        let database = &self.node.database;
        let steps = database
            .number("SELECT COUNT(*) FROM wecom_migration")
            .await;
        let made = match old {
            OldVersion::First => 1,
            OldVersion::Previous => steps - 1,
        };
        let tables = restore_tables(database, u32::try_from(made).unwrap()).await;
        assert_eq!(
            database
                .number("SELECT COUNT(*) FROM wecom_migration")
                .await,
            made
        );
        for table in tables
            .iter()
            .filter(|table| !MAY_BE_EMPTY.contains(&&***table))
        {
            assert!(
                database
                    .number(&format!("SELECT COUNT(*) FROM {table}"))
                    .await
                    > 0,
                "{table} is empty"
            );
        }
        steps
    }

    /// Asserts that the present version has the session, the waiting event and the authorization.
    async fn assert_survived(&self, later: &WecomLogin) {
        let (node, corp, member) = (&self.node, &self.corp, &self.member);
        let lives = user(later, &self.token)
            .await
            .expect("the session is still valid");
        assert_eq!(
            (lives.corp_id().as_str(), lives.third_user_id().as_str()),
            (&**corp, &**member)
        );
        let of_leaver = async || user(later, &self.of_leaver).await;
        until("the acknowledged event is executed", async || {
            of_leaver().await.is_none()
        })
        .await;
        let code = wecom_login::OAuthCode::new(node.sandbox.code(corp, member).unwrap());
        let corp_id = wecom_login::CorpId::new(&**corp).unwrap();
        let request = wecom_login::WorkbenchLoginRequest::new(corp_id, code);
        later.service().login_by_workbench(request).await.unwrap();
        assert_eq!(
            later.admin().corps().await.unwrap()[0].org_code.as_deref(),
            Some("company-one")
        );
    }

    /// Asserts that the schema is that of a database which the present version created.
    async fn assert_schema_is_current(&self) {
        let directory = tempfile::tempdir().unwrap();
        let fresh = TestDatabase::create(directory.path()).await;
        let handle = self
            .node
            .second_handle_with(|builder| builder.database_url(fresh.url()))
            .await;
        handle.shutdown().await;
        assert_eq!(self.node.database.schema().await, fresh.schema().await);
    }
}

/// Starts `nodes` nodes of the present version at the same time on tables of an older one, and checks the result.
async fn assert_migrates(old: OldVersion, nodes: usize) {
    let data = old_data().await;
    let (node, steps) = (&data.node, data.restore(old).await);
    let refused = node
        .second_handle_error(|builder| builder.migrate(false))
        .await;
    assert_eq!(refused.kind(), ErrorKind::Config, "{refused}");
    assert!(
        refused.to_string().contains("migrations are missing"),
        "{refused}"
    );

    let fetched = node.sandbox.calls("gettoken");
    // A migration cannot be recorded twice: a start that runs one again fails.
    let later = join_all((0..nodes).map(|_| node.second_handle())).await;
    assert_eq!(
        node.number("SELECT COUNT(*) FROM wecom_migration").await,
        steps
    );
    for later in &later {
        data.assert_survived(later).await;
    }
    let request =
        wecom_login::LoginByCodeRequest::new(wecom_login::LoginCode::new(&*data.login_code));
    let logged_in = later[0].service().login_by_code(request).await.unwrap();
    assert_eq!(logged_in.corp_id.as_str(), data.corp);
    assert_eq!(
        node.sandbox.calls("gettoken"),
        fetched,
        "the token that the older version sealed opens"
    );
    data.assert_schema_is_current().await;

    // As after a crash on MySQL, which commits each DDL statement: the tables are there, the record of the migrations is
    // not.
    node.database.execute("DELETE FROM wecom_migration").await;
    let again = node.second_handle().await;
    assert!(user(&again, &data.token).await.is_some());
    again.shutdown().await;
    let without_migrating = node
        .second_handle_with(|builder| builder.migrate(false))
        .await;
    without_migrating.shutdown().await;
    for later in later {
        later.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn first_version_tables_are_migrated_with_their_data() {
    assert_migrates(OldVersion::First, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn previous_version_tables_are_migrated_with_their_data() {
    assert_migrates(OldVersion::Previous, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_starts_on_old_tables_migrate_once() {
    for old in [OldVersion::First, OldVersion::Previous] {
        assert_migrates(old, 3).await;
    }
}
