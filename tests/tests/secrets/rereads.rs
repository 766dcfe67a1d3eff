//! How often WeCom is asked for authorizations while it refuses.

use std::time::Duration;

use wecom_login::{Clock as _, CorpId, ManualClock, PermanentCode, SuiteId};
use wecom_login_tests::app::SUITE;
use wecom_login_tests::{TestApp, until};
use wecom_sandbox::Fault;

use crate::AUTH_INFO;

const CORPS: usize = 300;

/// 300 corps without an agentId while WeCom refuses `get_auth_info`: the calls of an hour.
async fn calls_of_an_hour(errcode: i64) -> u64 {
    let clock = ManualClock::starting_now();
    let node = TestApp::builder().clock(&clock).start().await;
    node.sandbox
        .fault(Fault::for_api(AUTH_INFO).errcode(errcode))
        .unwrap();
    let suite = SuiteId::new(SUITE).unwrap();
    for corp in 0..CORPS {
        let corp = CorpId::new(format!("wwmany{corp:04}")).unwrap();
        let code = PermanentCode::new("imported");
        node.login
            .admin()
            .import_authorization(&suite, &corp, code, None)
            .await
            .unwrap();
    }
    let paused = "SELECT COUNT(*) FROM wecom_api_pause";
    until("WeCom has refused", async || {
        clock.advance(Duration::from_millis(100));
        node.number(paused).await == 1
    })
    .await;
    let began = clock.now();
    until("an hour has passed", async || {
        clock.advance(Duration::from_secs(10));
        // The statement gives the handle time to look, too.
        node.number(paused).await == 1 && clock.now().since(began) >= Duration::from_hours(1)
    })
    .await;
    let calls = node.sandbox.calls(AUTH_INFO);
    println!("{CORPS} corps, get_auth_info answers {errcode}: {calls} calls in an hour");
    // The probe that gets through ends the pause for all.
    node.sandbox.clear_faults();
    until("the re-reads go on", async || {
        clock.advance(Duration::from_secs(10));
        node.number(paused).await == 0 && node.sandbox.calls(AUTH_INFO) > calls + 10
    })
    .await;
    calls
}

#[tokio::test(flavor = "multi_thread")]
async fn re_reads_of_300_corps_stop_while_the_address_is_not_allowed() {
    let calls = calls_of_an_hour(60020).await;
    assert!((2..60).contains(&calls), "{calls}");
}

#[tokio::test(flavor = "multi_thread")]
async fn re_reads_of_300_corps_stop_at_the_rate_limit() {
    let calls = calls_of_an_hour(45009).await;
    assert!((2..60).contains(&calls), "{calls}");
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_corp_is_re_read_later_each_time() {
    let clock = ManualClock::starting_now();
    let node = TestApp::builder().clock(&clock).start().await;
    let corp = node.install(0).await;
    node.sandbox
        .fault(Fault::for_api(AUTH_INFO).errcode(48006))
        .unwrap();
    let due_in = async || {
        let due_at = node
            .number("SELECT read_due_at FROM wecom_authorization")
            .await;
        due_at - clock.now().as_millis()
    };
    assert!(node.sandbox.change(&corp).await.unwrap().succeeded());
    until("the authorization is broken", async || {
        clock.advance(Duration::from_millis(100));
        node.authorization_status(SUITE, &corp).await == "broken"
    })
    .await;
    let broken_at = node
        .number("SELECT broken_at FROM wecom_authorization")
        .await;
    let mut waits = Vec::new();
    let mut calls = node.sandbox.calls(AUTH_INFO);
    let minutes = |millis: i64| (millis + 30_000) / 60_000;
    for _ in 0..5 {
        waits.push(minutes(due_in().await));
        clock.advance(Duration::from_millis(
            u64::try_from(due_in().await).unwrap_or_default(),
        ));
        until("it is read again", async || {
            clock.advance(Duration::from_millis(100));
            node.sandbox.calls(AUTH_INFO) > calls && due_in().await > 0
        })
        .await;
        calls = node.sandbox.calls(AUTH_INFO);
    }
    println!("{waits:?}");
    assert_eq!(waits[..4], [1, 10, 60, 360]);
    let day_after = broken_at + 24 * 3_600_000;
    let fifth = clock.now().as_millis();
    assert!(
        (day_after..day_after + 60_000).contains(&fifth),
        "its sessions end after a day"
    );
}
