//! A storm of `change_auth` while WeCom is slow or hangs, and the events behind it.

use std::time::{Duration, Instant};

use wecom_login_tests::app::SUITE;
use wecom_login_tests::push::{app_event, suite_event};
use wecom_login_tests::{TestApp, until};
use wecom_sandbox::Fault;

const GET_AUTH_INFO: &str = "service/v2/get_auth_info";
const GET_PERMANENT_CODE: &str = "service/v2/get_permanent_code";
const STORM: i64 = 200;
/// What needs no call to WeCom takes effect within this time of its arrival.
const IMMEDIATE: Duration = Duration::from_secs(1);

/// How long events took to take effect after the push was answered, in the order in which they were pushed.
#[derive(Debug, Default)]
struct Latencies {
    revocations: Vec<(&'static str, Duration)>,
    ticket: Duration,
    exchange: Duration,
}

/// Pushes [`STORM`] `change_auth` of two corps while `get_auth_info` has this fault, and then one event of every kind.
async fn measure(fault: Fault) -> (TestApp, Latencies) {
    let node = TestApp::builder().corps(5).start().await;
    let (first, second, third) = (
        node.install(0).await,
        node.install(1).await,
        node.install(2).await,
    );
    let mut sessions = Vec::new();
    for number in 0..3 {
        let user = node.user(0, number);
        let token = node.issue_session(SUITE, &first, &user).await;
        assert!(node.is_valid(&token).await);
        sessions.push((user, token));
    }
    let of_cancelled = node.issue_session(SUITE, &third, &node.user(2, 0)).await;
    assert!(node.is_valid(&of_cancelled).await);
    node.wait_until_done().await;

    node.sandbox.fault(fault).unwrap();
    for number in 0..STORM {
        let corp = if number % 2 == 0 { &first } else { &second };
        let event = suite_event(
            SUITE,
            "change_auth",
            1_700_000_000 + number,
            &[("AuthCorpId", corp)],
        );
        node.notify_until_accepted(&node.push_builder.post(SUITE, &event))
            .await;
    }

    let mut latencies = Latencies::default();
    let contact = |change: &str, user: &str, new: &str| {
        let fields = [
            ("FromUserName", "sys"),
            ("ChangeType", change),
            ("UserID", user),
            ("NewUserID", new),
        ];
        let fields = if new.is_empty() {
            &fields[..3]
        } else {
            &fields
        };
        let event = app_event(&first, "change_contact", 1_700_000_500, fields);
        node.push_builder.post(&first, &event)
    };
    let (leaver, renamed, hidden) = (&sessions[0], &sessions[1], &sessions[2]);
    for (what, push, (_, token)) in [
        ("delete_user", contact("delete_user", &leaver.0, ""), leaver),
        (
            "update_user",
            contact("update_user", &renamed.0, "renamed"),
            renamed,
        ),
        (
            "unsubscribe",
            node.push_builder.unsubscribe(&first, &hidden.0),
            hidden,
        ),
    ] {
        node.notify_until_accepted(&push).await;
        let arrived = Instant::now();
        until("the member's session is revoked", async || {
            !node.is_valid(token).await
        })
        .await;
        latencies.revocations.push((what, arrived.elapsed()));
    }
    assert!(node.sandbox.cancel(&third).await.unwrap().succeeded());
    let arrived = Instant::now();
    until("the corp's session is revoked", async || {
        !node.is_valid(&of_cancelled).await
    })
    .await;
    latencies
        .revocations
        .push(("cancel_auth", arrived.elapsed()));

    let tickets = node.record_statuses("suite_ticket").await.len();
    assert!(node.sandbox.push_ticket(SUITE).await.unwrap().succeeded());
    let arrived = Instant::now();
    until("the suite_ticket is stored", async || {
        node.record_statuses("suite_ticket").await == vec!["succeeded"; tickets + 1]
    })
    .await;
    latencies.ticket = arrived.elapsed();

    let exchanges = node.sandbox.calls(GET_PERMANENT_CODE);
    assert!(
        node.sandbox
            .install(&node.corp(3))
            .await
            .unwrap()
            .succeeded()
    );
    let arrived = Instant::now();
    until("the AuthCode is exchanged", async || {
        node.sandbox.calls(GET_PERMANENT_CODE) > exchanges
    })
    .await;
    latencies.exchange = arrived.elapsed();
    (node, latencies)
}

fn assert_immediate(what: &str, latencies: &Latencies) {
    println!("{what}: {latencies:?}");
    for (event, took) in &latencies.revocations {
        assert!(*took < IMMEDIATE, "{event} took {took:?}");
    }
    assert!(latencies.ticket < IMMEDIATE, "{:?}", latencies.ticket);
    // It waits for its own calls only; the fault delays none of them before the exchange.
    assert!(latencies.exchange < IMMEDIATE, "{:?}", latencies.exchange);
}

#[tokio::test(flavor = "multi_thread")]
async fn events_behind_200_slow_change_auth_take_effect_within_a_second() {
    let (node, latencies) = measure(Fault::for_api(GET_AUTH_INFO).delay_ms(3_000)).await;
    assert_immediate("get_auth_info takes 3 s", &latencies);
    node.wait_until_active(SUITE, &node.corp(3)).await;
    node.wait_until_done().await;
    assert_eq!(
        node.record_statuses("change_auth").await,
        vec!["succeeded"; 200]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn events_behind_200_hanging_change_auth_take_effect_within_a_second() {
    let (node, latencies) = measure(Fault::for_api(GET_AUTH_INFO).delay_ms(600_000)).await;
    assert_immediate("get_auth_info hangs", &latencies);
    // The corps are read once WeCom answers again.
    let before = node.sandbox.calls(GET_AUTH_INFO);
    node.sandbox.clear_faults();
    node.wait_until_active(SUITE, &node.corp(3)).await;
    until("the corps are read", async || {
        node.sandbox.calls(GET_AUTH_INFO) > before
    })
    .await;
}
