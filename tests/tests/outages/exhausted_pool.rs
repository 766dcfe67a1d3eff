//! The host app's own pool, of which nothing is left.

use sea_orm::TransactionTrait as _;
use wecom_login_tests::TestApp;
use wecom_login_tests::database::TestDatabase;

use super::probe::Visit;

async fn is_held(connections: u32) {
    let directory = tempfile::tempdir().unwrap();
    let database = TestDatabase::create(directory.path()).await;
    let pool = database.connect_pool(connections).await;
    let theirs = pool.clone();
    let node = TestApp::builder()
        .database(directory, database)
        .configure(|builder| builder.database(theirs))
        .start()
        .await;
    let visit = Visit::begin(&node).await;
    let mut held = Vec::new();
    for _ in 0..connections {
        held.push(pool.begin().await.unwrap());
    }
    let seen = visit.during(&node, "refused").await;
    println!("a pool of {connections}, held: {seen:?}");
    seen.push_was_refused_in_time();
    seen.login_was_put_off();
    seen.uncached_was_put_off();
    drop(held);
    visit.after(&node, &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn app_recovers_after_host_app_holds_a_pool_of_one() {
    is_held(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn app_recovers_after_host_app_holds_a_pool_of_two() {
    is_held(2).await;
}
