//! A full disk. The database is an SQLite file, whatever `TEST_DATABASE_SERVER` says.

use sea_orm::ConnectionTrait as _;
use wecom_login_tests::TestApp;
use wecom_login_tests::app::SUITE;
use wecom_login_tests::database::TestDatabase;

use super::probe::Probe;

#[tokio::test(flavor = "multi_thread")]
async fn full_disk_refuses_pushes_until_space_is_freed() {
    let directory = tempfile::tempdir().unwrap();
    let database = TestDatabase::file(directory.path());
    let pool = database.connect_pool(1).await;
    pool.execute_unprepared("PRAGMA journal_mode = WAL")
        .await
        .unwrap();
    let theirs = pool.clone();
    let node = TestApp::builder()
        .database(directory, database)
        .configure(|builder| builder.database(theirs))
        .start()
        .await;
    let probe = Probe::begin(&node).await;
    // SQLite raises the limit to the current size of the file.
    pool.execute_unprepared("PRAGMA max_page_count = 1")
        .await
        .unwrap();
    let (mut acknowledged, mut refused) = (Vec::new(), 0);
    for number in 0..2_000 {
        let leaver = format!("leaver-{number}");
        match node
            .notify(&node.push_builder.unsubscribe(&probe.corp, &leaver))
            .await
            .status
        {
            200 => acknowledged.push(leaver),
            500 => refused += 1,
            other => panic!("{other}"),
        }
        if refused == 20 {
            break;
        }
    }
    println!(
        "full disk: {} acknowledged before, {refused} refused",
        acknowledged.len()
    );
    assert_eq!(refused, 20, "the disk was never full");
    assert!(node.is_valid(&probe.cached).await);
    // Some sessions still fit into free pages.
    let mut logins = 0;
    loop {
        let login = node
            .log_in_to_suite(SUITE, &probe.corp, &probe.member)
            .await;
        logins += 1;
        if login.status == 200 && logins < 200 {
            continue;
        }
        assert_eq!(
            login.problem(),
            (503, "STORE_UNAVAILABLE".to_owned()),
            "after {logins} logins"
        );
        break;
    }
    pool.execute_unprepared("PRAGMA max_page_count = 1073741823")
        .await
        .unwrap();
    probe.assert_recovered(&node, &acknowledged).await;
}
