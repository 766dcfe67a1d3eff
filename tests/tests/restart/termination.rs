//! SIGTERM while a record is running.

use wecom_login_tests::process::CrashHarness;
use wecom_login_tests::until;
use wecom_sandbox::Fault;

use super::AXUM_APP;

const READ: &str = "service/v2/get_auth_info";

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
    assert_eq!(harness.app.terminate(), Some(0));
    assert_eq!(database.number(&of("running")).await, 0);
    let free = format!("{} AND lease_owner IS NULL", of("waiting"));
    assert_eq!(
        database.number(&free).await,
        1,
        "the record is free for any node"
    );
}
