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

/// Tables that may hold nothing: states of browsers, and tokens that are being fetched.
const FLEETING: [&str; 2] = ["wecom_spent_state", "wecom_token_lease"];

/// Which version of the tables is found.
#[derive(Clone, Copy, Debug)]
enum Old {
    /// What the first step of all made.
    First,
    /// All steps but the last.
    Before,
}

/// Puts the tables back to what these first steps made of them, with the rows that they hold. Gives their names.
async fn as_after(database: &TestDatabase, steps: u32) -> Vec<String> {
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
        // It counts what is inserted without a number.
        let counted = "SELECT setval(pg_get_serial_sequence('wecom_callback_record', 'id'), \
            (SELECT MAX(id) FROM wecom_callback_record))";
        database.execute(counted).await;
    }
    old
}

/// What an older version left behind.
struct Left {
    node: TestApp,
    corp: String,
    member: String,
    token: String,
    login_code: String,
    /// A session of one who left; the event that says so is acknowledged and not yet carried out.
    of_leaver: String,
}

async fn left_behind() -> Left {
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
    // Text was that of the database, Latin letters perhaps.
    node.database
        .execute("UPDATE wecom_authorization SET corp_name = 'Company of old'")
        .await;
    node.database
        .execute("UPDATE wecom_person SET name = 'Somebody of old', avatar = NULL")
        .await;
    Left {
        node,
        corp,
        member,
        token,
        login_code,
        of_leaver,
    }
}

impl Left {
    /// Puts the tables back. Gives how many steps the present version has.
    async fn put_back(&self, old: Old) -> i64 {
        let database = &self.node.database;
        let steps = database
            .number("SELECT COUNT(*) FROM wecom_migration")
            .await;
        let made = match old {
            Old::First => 1,
            Old::Before => steps - 1,
        };
        let tables = as_after(database, u32::try_from(made).unwrap()).await;
        assert_eq!(
            database
                .number("SELECT COUNT(*) FROM wecom_migration")
                .await,
            made
        );
        for table in tables.iter().filter(|table| !FLEETING.contains(&&***table)) {
            assert!(
                database
                    .number(&format!("SELECT COUNT(*) FROM {table}"))
                    .await
                    > 0,
                "{table} holds nothing"
            );
        }
        steps
    }

    /// Nobody is logged out and nothing is lost.
    async fn is_served_by(&self, later: &WecomLogin) {
        let (node, corp, member) = (&self.node, &self.corp, &self.member);
        let lives = user(later, &self.token)
            .await
            .expect("who logged in before is still in");
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

    /// Nothing differs from tables that the present version made by itself.
    async fn are_tables_as_new(&self) {
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

/// So many nodes of the present version start at the same time.
async fn is_brought_up_to_date(old: Old, nodes: usize) {
    let left = left_behind().await;
    let (node, steps) = (&left.node, left.put_back(old).await);
    let refused = node
        .second_handle_error(|builder| builder.migrate(false))
        .await;
    assert_eq!(refused.kind(), ErrorKind::Config, "{refused}");
    assert!(
        refused.to_string().contains("migrations are missing"),
        "{refused}"
    );

    let fetched = node.sandbox.calls("gettoken");
    // A step that is taken twice cannot be booked: that start fails.
    let later = join_all((0..nodes).map(|_| node.second_handle())).await;
    assert_eq!(
        node.number("SELECT COUNT(*) FROM wecom_migration").await,
        steps
    );
    for later in &later {
        left.is_served_by(later).await;
    }
    let request =
        wecom_login::LoginByCodeRequest::new(wecom_login::LoginCode::new(&*left.login_code));
    let came_in = later[0].service().login_by_code(request).await.unwrap();
    assert_eq!(came_in.corp_id.as_str(), left.corp);
    assert_eq!(
        node.sandbox.calls("gettoken"),
        fetched,
        "the token that was sealed then opens"
    );
    left.are_tables_as_new().await;

    // A start that died half-way, on MySQL: what is made is not booked.
    node.database.execute("DELETE FROM wecom_migration").await;
    let again = node.second_handle().await;
    assert!(user(&again, &left.token).await.is_some());
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
    is_brought_up_to_date(Old::First, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn previous_version_tables_are_migrated_with_their_data() {
    is_brought_up_to_date(Old::Before, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_starts_on_old_tables_migrate_once() {
    for old in [Old::First, Old::Before] {
        is_brought_up_to_date(old, 3).await;
    }
}
