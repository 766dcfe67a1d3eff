//! A pool of the host app, with every connection in use.

use sea_orm::TransactionTrait as _;
use wecom_login_tests::TestApp;
use wecom_login_tests::database::TestDatabase;

use super::probe::Probe;

async fn recovers_after_pool_is_held(connections: u32) {
    let directory = tempfile::tempdir().unwrap();
    let database = TestDatabase::create(directory.path()).await;
    let pool = database.connect_pool(connections).await;
    let theirs = pool.clone();
    let node = TestApp::builder()
        .database(directory, database)
        .configure(|builder| builder.database(theirs))
        .start()
        .await;
    let probe = Probe::begin(&node).await;
    let mut held = Vec::new();
    for _ in 0..connections {
        held.push(pool.begin().await.unwrap());
    }
    let seen = probe.run(&node, "refused").await;
    println!("a pool of {connections}, held: {seen:?}");
    seen.assert_push_refused_in_time();
    seen.assert_login_503();
    seen.assert_uncached_503();
    drop(held);
    probe.assert_recovered(&node, &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn app_recovers_after_host_app_holds_a_pool_of_one() {
    recovers_after_pool_is_held(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn app_recovers_after_host_app_holds_a_pool_of_two() {
    recovers_after_pool_is_held(2).await;
}
