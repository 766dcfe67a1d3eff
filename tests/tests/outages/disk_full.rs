//! SQLite has no room left. The file is one of ours whatever server the other tests have.

use sea_orm::{ConnectionTrait as _, Database};
use wecom_login_tests::database::{TestDatabase, pool};
use wecom_login_tests::forge::app_event;
use wecom_login_tests::node::{Node, Plan, SUITE};

use super::visit::Visit;

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_pushes_until_there_is_room() {
    let directory = tempfile::tempdir().unwrap();
    let database = TestDatabase::file(directory.path());
    let mut options = pool(database.url());
    options.max_connections(1).sqlx_logging(false);
    let pool = Database::connect(options).await.unwrap();
    pool.execute_unprepared("PRAGMA journal_mode = WAL")
        .await
        .unwrap();
    let theirs = pool.clone();
    let node = Node::start_on(Plan::default(), directory, database, |builder| {
        builder.database(theirs)
    })
    .await;
    let visit = Visit::begin(&node).await;
    // Not below what the file has now: SQLite takes the size it has.
    pool.execute_unprepared("PRAGMA max_page_count = 1")
        .await
        .unwrap();
    let (mut acknowledged, mut refused) = (Vec::new(), 0);
    for number in 0..2_000 {
        let leaver = format!("leaver-{number}");
        let event = app_event(
            &visit.corp,
            "unsubscribe",
            1_700_000_000,
            &[("FromUserName", &leaver)],
        );
        match node
            .push(&node.forge.post(&visit.corp, &event))
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
    assert!(node.lives(&visit.cached).await);
    // A session is small: some still fit.
    let mut logins = 0;
    loop {
        let login = node.log_in(SUITE, &visit.corp, &visit.person).await;
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
    visit.after(&node, &acknowledged).await;
}
