//! A backup restored under running nodes: what they revoked stays revoked.

use sea_orm::{ConnectionTrait as _, TransactionTrait as _};
use wecom_login_tests::app::{SUITE, principal};
use wecom_login_tests::database::TestDatabase;
use wecom_login_tests::{TestApp, TestRequest, until};

pub(super) async fn create_backup(database: &TestDatabase) -> Vec<String> {
    let tables: Vec<String> = database
        .tables()
        .await
        .into_iter()
        .map(|(table, _)| table)
        .collect();
    for table in &tables {
        database
            .execute(&format!(
                "CREATE TABLE old_{table} AS SELECT * FROM {table}"
            ))
            .await;
    }
    tables
}

pub(super) async fn restore_backup(database: &TestDatabase, tables: &[String]) {
    let connection = database.connect().await;
    let transaction = connection.begin().await.unwrap();
    for table in tables {
        transaction
            .execute_unprepared(&format!("DELETE FROM {table}"))
            .await
            .unwrap();
        let rows = format!("INSERT INTO {table} SELECT * FROM old_{table}");
        transaction.execute_unprepared(&rows).await.unwrap();
    }
    transaction.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn restored_backup_revives_no_revoked_session() {
    let node = TestApp::builder().start().await;
    let corp = node.install(0).await;
    let leaving = node.install(1).await;
    let third = node.install(2).await;
    let (member, another) = (node.user(0, 0), node.user(2, 0));
    let logged_out = node.issue_session(SUITE, &corp, &member).await;
    let of_another = node.issue_session(SUITE, &third, &another).await;
    let of_leaving = node.issue_session(SUITE, &leaving, &node.user(1, 0)).await;
    let lives_on = node.issue_session(SUITE, &corp, &member).await;
    // The revocation log has an entry, as on every service in use.
    node.login
        .sessions()
        .revoke_member(&principal(SUITE, &corp, "nobody"))
        .await
        .unwrap();

    let tables = create_backup(&node.database).await;
    let answer = node
        .call(TestRequest::post("/logout").bearer(&logged_out))
        .await;
    assert_eq!(answer.status, 204);
    node.login
        .sessions()
        .revoke_member(&principal(SUITE, &third, &another))
        .await
        .unwrap();
    let suite = wecom_login::SuiteId::new(SUITE).unwrap();
    let leaving = wecom_login::CorpId::new(&*leaving).unwrap();
    node.login
        .sessions()
        .revoke_corp(&suite, &leaving)
        .await
        .unwrap();
    restore_backup(&node.database, &tables).await;
    let sessions = "SELECT COUNT(*) FROM wecom_session";
    for _ in 0..50 {
        for ended in [&logged_out, &of_another, &of_leaving] {
            assert!(
                !node.is_valid(ended).await,
                "the node remembers what the backup has lost"
            );
        }
    }
    until("the node revoked the sessions again", async || {
        node.number(sessions).await == 3
    })
    .await;
    assert!(node.is_valid(&lives_on).await);
    // A node that starts now knows only the database.
    let fresh = node.second_handle().await;
    let lives = async |token: &str| {
        fresh
            .verify_token(token.as_bytes())
            .resolve()
            .await
            .is_ok_and(|user| user.is_some())
    };
    until("the revocation is stored", async || {
        !lives(&logged_out).await && !lives(&of_another).await && !lives(&of_leaving).await
    })
    .await;
    assert!(lives(&lives_on).await);
    fresh.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn event_missing_from_the_backup_is_stored_when_redelivered() {
    let node = TestApp::builder().start().await;
    let corp = node.install(0).await;
    node.login
        .sessions()
        .revoke_member(&principal(SUITE, &corp, "nobody"))
        .await
        .unwrap();
    let tables = create_backup(&node.database).await;
    let push = node.push_builder.unsubscribe(&corp, "somebody");
    node.notify_until_done(&push, "unsubscribe").await;
    restore_backup(&node.database, &tables).await;
    assert!(node.record_statuses("unsubscribe").await.is_empty());
    until("the event is executed again", async || {
        node.notify_until_accepted(&push).await;
        node.record_statuses("unsubscribe").await == ["succeeded"]
    })
    .await;
}
