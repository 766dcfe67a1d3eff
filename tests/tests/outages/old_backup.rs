//! A restored backup that is older than the revocations a node remembers: all sessions end.

use sea_orm::{ConnectionTrait as _, TransactionTrait as _};
use wecom_login_tests::app::{SUITE, accepts, principal};
use wecom_login_tests::{TestApp, TestRequest, until};

use super::restored_backup::{create_backup, restore_backup};

#[tokio::test(flavor = "multi_thread")]
async fn backup_older_than_recent_revocations_ends_all_sessions() {
    let node = TestApp::builder().start().await;
    let corp = node.install(0).await;
    let member = node.user(0, 0);
    let logged_out = node.issue_session(SUITE, &corp, &member).await;
    let goes_on = node.issue_session(SUITE, &corp, &member).await;
    let strangers = node
        .issue_session(SUITE, "wwneverauthorised001", "somebody")
        .await;
    let tables = create_backup(&node.database).await;
    assert_eq!(
        node.call(TestRequest::post("/logout").bearer(&logged_out))
            .await
            .status,
        204
    );

    // This handle started later and does not remember the first logout.
    let late = node.second_handle().await;
    let marker = node.issue_session(SUITE, &corp, &member).await;
    assert!(accepts(&late, &marker).await);
    assert_eq!(
        node.call(TestRequest::post("/logout").bearer(&marker))
            .await
            .status,
        204
    );
    until("the handle follows the revocation log", async || {
        !accepts(&late, &marker).await
    })
    .await;

    restore_backup(&node.database, &tables).await;
    until("all sessions are revoked", async || {
        !node.is_valid(&goes_on).await
            && !accepts(&late, &goes_on).await
            && !node.is_valid(&strangers).await
    })
    .await;
    let fresh = node.second_handle().await;
    for ended in [&logged_out, &goes_on, &strangers] {
        assert!(!accepts(&fresh, ended).await);
    }
    // Later sessions are not revoked.
    let token = node.issue_session(SUITE, &corp, &member).await;
    for _ in 0..20 {
        assert!(
            node.is_valid(&token).await
                && accepts(&late, &token).await
                && accepts(&fresh, &token).await
        );
    }
    fresh.shutdown().await;
    late.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn node_whose_log_position_was_truncated_revokes_nothing() {
    let node = TestApp::builder().start().await;
    let corp = node.install(0).await;
    let member = node.user(0, 0);
    let (token, logged_out) = (
        node.issue_session(SUITE, &corp, &member).await,
        node.issue_session(SUITE, &corp, &member).await,
    );
    let other = node.second_handle().await;
    assert!(accepts(&other, &token).await && accepts(&other, &logged_out).await);
    assert_eq!(
        node.call(TestRequest::post("/logout").bearer(&logged_out))
            .await
            .status,
        204
    );
    until("the handle follows the revocation log", async || {
        !accepts(&other, &logged_out).await
    })
    .await;

    // Enough revocations follow that all entries the nodes have read are deleted before their next poll.
    let database = node.database.connect().await;
    let later = database.begin().await.unwrap();
    let hash = node.database.literal("the session of another node ....");
    for statement in [
        "UPDATE wecom_counter SET value = value + 20000 WHERE id = 1".to_owned(),
        format!(
            "INSERT INTO wecom_end (number, mark, token_hash, created_at) \
             SELECT value, 7, {hash}, 0 FROM wecom_counter WHERE id = 1"
        ),
        "DELETE FROM wecom_end WHERE number < (SELECT value FROM wecom_counter WHERE id = 1)"
            .to_owned(),
    ] {
        later.execute_unprepared(&statement).await.unwrap();
    }
    later.commit().await.unwrap();

    // They continue from the oldest entry: later revocations arrive, and nothing else is revoked.
    let marker = node.issue_session(SUITE, &corp, &member).await;
    assert!(accepts(&other, &marker).await);
    assert_eq!(
        node.call(TestRequest::post("/logout").bearer(&marker))
            .await
            .status,
        204
    );
    until("the handle follows the revocation log again", async || {
        !accepts(&other, &marker).await
    })
    .await;
    assert!(node.is_valid(&token).await && accepts(&other, &token).await);
    other.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn revocation_with_a_reused_number_is_reapplied() {
    let node = TestApp::builder().start().await;
    let corp = node.install(0).await;
    let member = node.user(0, 0);
    node.login
        .sessions()
        .revoke_member(&principal(SUITE, &corp, "nobody"))
        .await
        .unwrap();
    let logged_out = node.issue_session(SUITE, &corp, &member).await;
    let tables = create_backup(&node.database).await;
    let hash = node.database.literal("the session of another node ....");
    assert_eq!(
        node.call(TestRequest::post("/logout").bearer(&logged_out))
            .await
            .status,
        204
    );
    restore_backup(&node.database, &tables).await;
    // Before its next poll another node appends a revocation to the restored database.
    let end = format!(
        "INSERT INTO wecom_end (number, mark, token_hash, created_at) \
         SELECT value + 1, 7, {hash}, 0 FROM wecom_counter WHERE id = 1"
    );
    node.database.execute(&end).await;
    node.database
        .execute("UPDATE wecom_counter SET value = value + 1 WHERE id = 1")
        .await;
    let fresh = node.second_handle().await;
    until("the logout is reapplied", async || {
        !accepts(&fresh, &logged_out).await
    })
    .await;
    fresh.shutdown().await;
}
