//! A backup is put back that is older than what a node remembers of ends: then all sessions end.

use sea_orm::{ConnectionTrait as _, TransactionTrait as _};
use wecom_login_tests::app::{SUITE, accepts, principal};
use wecom_login_tests::{TestApp, TestRequest, until};

use super::restored_backup::{back_up, put_back};

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
    let tables = back_up(&node.database).await;
    assert_eq!(
        node.call(TestRequest::post("/logout").bearer(&logged_out))
            .await
            .status,
        204
    );

    // This one heard of nothing before, and so remembers none of it.
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

    put_back(&node.database, &tables).await;
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
    // Once is enough.
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

    // Others end so much that all which the nodes have heard of is removed before they look again.
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

    // They go on from there: what is ended now is heard of, and nothing else has ended.
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
    let tables = back_up(&node.database).await;
    let hash = node.database.literal("the session of another node ....");
    assert_eq!(
        node.call(TestRequest::post("/logout").bearer(&logged_out))
            .await
            .status,
        204
    );
    put_back(&node.database, &tables).await;
    // Before it looks, another node has ended something in the database that was put back.
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
