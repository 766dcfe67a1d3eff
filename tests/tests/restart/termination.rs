//! SIGTERM while WeCom hangs.

use std::time::{Duration, Instant};

use wecom_login_tests::process::CrashHarness;
use wecom_login_tests::until;
use wecom_sandbox::Fault;

use super::{ACTIX_APP, AXUM_APP};

const READ: &str = "service/v2/get_auth_info";
/// Docker kills ten seconds after SIGTERM.
const SHUTDOWN: Duration = Duration::from_secs(3);

#[tokio::test(flavor = "multi_thread")]
async fn terminated_app_releases_its_running_record() {
    // Kept whole: its directory holds the database.
    let harness = CrashHarness::start(AXUM_APP, 2).await;
    let (sandbox, database) = (&harness.sandbox, &harness.database);
    let ticket = "SELECT COUNT(*) FROM wecom_callback_record WHERE event = 'suite_ticket' AND status = 'succeeded'";
    until("the suite_ticket is stored", async || {
        database.number(ticket).await == 1
    })
    .await;
    // WeCom hangs after the AuthCode was exchanged.
    sandbox
        .fault(Fault::for_api(READ).delay_ms(60_000))
        .unwrap();
    assert!(
        sandbox
            .install(&harness.corps[0])
            .await
            .unwrap()
            .succeeded()
    );
    until("WeCom is called", async || sandbox.calls(READ) > 0).await;
    let of = |status: &str| {
        format!(
            "SELECT COUNT(*) FROM wecom_callback_record WHERE event = 'create_auth' AND status = '{status}'"
        )
    };
    assert_eq!(database.number(&of("running")).await, 1);
    let asked = Instant::now();
    assert_eq!(harness.app.terminate(), Some(0));
    println!("ended {:?} after SIGTERM", asked.elapsed());
    assert!(asked.elapsed() < SHUTDOWN, "{:?}", asked.elapsed());
    assert_eq!(database.number(&of("running")).await, 0);
    let free = format!("{} AND lease_owner IS NULL", of("waiting"));
    assert_eq!(
        database.number(&free).await,
        1,
        "the record is free for any node"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn terminated_app_ends_a_hanging_re_read_within_three_seconds() {
    for example in [AXUM_APP, ACTIX_APP] {
        let harness = CrashHarness::start(example, 2).await;
        let (sandbox, database) = (&harness.sandbox, &harness.database);
        assert!(
            sandbox
                .install(&harness.corps[0])
                .await
                .unwrap()
                .succeeded()
        );
        let installed = "SELECT COUNT(*) FROM wecom_callback_record WHERE event = 'create_auth' AND status = 'succeeded'";
        until("the corp is installed", async || {
            database.number(installed).await == 1
        })
        .await;
        let before = sandbox.calls(READ);
        sandbox
            .fault(Fault::for_api(READ).delay_ms(60_000))
            .unwrap();
        assert!(sandbox.change(&harness.corps[0]).await.unwrap().succeeded());
        until("WeCom is called", async || sandbox.calls(READ) > before).await;
        let asked = Instant::now();
        assert_eq!(harness.app.terminate(), Some(0));
        let took = asked.elapsed();
        println!("{}: ended {took:?} after SIGTERM", example.name);
        assert!(took < SHUTDOWN, "{}: {took:?}", example.name);
    }
}
