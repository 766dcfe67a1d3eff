//! Floods of invalid tokens, callbacks and codes, and what they may cost. A test binary of its own, because it counts
//! statements.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::net::{IpAddr, Ipv6Addr};
use std::time::Instant;

use sea_orm::Database;
use wecom_login::{
    CorpId, ErrorKind, ManualClock, OAuthCode, SuiteId, Verification, WecomLogin,
    WorkbenchLoginRequest,
};
use wecom_login_tests::app::SUITE;
use wecom_login_tests::database::pool;
use wecom_login_tests::log::LogCapture;
use wecom_login_tests::push::{PushBuilder, app_event};
use wecom_login_tests::{TestApp, until};

/// The condition of the statement that reads a session, in the SQL of each database.
const READS: [&str; 3] = [
    "\\\"token_hash\\\" = ?",
    "\\\"token_hash\\\" = $1",
    "`token_hash` = ?",
];

fn reads(lines: &LogCapture) -> usize {
    lines
        .text()
        .lines()
        .filter(|line| READS.iter().any(|read| line.contains(read)))
        .count()
}

/// Asserts that the token is rejected. Returns how often the database took too long on a machine under load.
async fn refused(login: &WecomLogin, token: &str) -> usize {
    for late in 0.. {
        let refused = login
            .verify_token(token.as_bytes())
            .resolve()
            .await
            .unwrap_err();
        if refused.kind() != ErrorKind::StoreUnavailable {
            assert_eq!(refused.kind(), ErrorKind::TokenInvalid);
            return late;
        }
        assert!(late < 30, "{refused:?}");
    }
    unreachable!()
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_token_is_401_without_a_query() {
    let lines = LogCapture::default();
    lines.record("sqlx::query=info");
    let node = TestApp::builder().start().await;
    let corp = node.install(0).await;
    let mut options = pool(node.database.url());
    options.sqlx_logging(true);
    let database = Database::connect(options).await.unwrap();
    let login = node
        .second_handle_with(|builder| builder.database(database))
        .await;
    node.wait_until_following(&login).await;
    let live = node.issue_session(SUITE, &corp, &node.user(0, 0)).await;
    lines.clear();
    until("a session is read", async || {
        login.verify_token(live.as_bytes()).resolve().await.is_ok()
    })
    .await;
    assert!(reads(&lines) > 0, "the statement is not counted");

    lines.clear();
    for number in 0..20_000 {
        refused(&login, &format!("wl_{number:0>43}")).await;
        // A guess that starts like a valid token.
        let mut near = live.clone();
        near.replace_range(40..45, &format!("{:0>5}", number % 99_999));
        refused(&login, &near).await;
    }
    assert_eq!(reads(&lines), 0);
    // The flood did not evict the valid session from the cache.
    assert!(matches!(
        login.verify_token(live.as_bytes()),
        Verification::Ready(Ok(_))
    ));

    // The token of a deleted session is well-formed, so it costs a query; its absence is cached for two seconds.
    let mut gone = Vec::new();
    for _ in 0..10 {
        gone.push(node.issue_session(SUITE, &corp, &node.user(0, 1)).await);
    }
    node.database
        .execute("DELETE FROM wecom_session WHERE person_epoch >= 0")
        .await;
    lines.clear();
    let began = Instant::now();
    let mut late = 0;
    for _ in 0..1_000 {
        for token in &gone {
            late += refused(&login, token).await;
        }
    }
    let most = gone.len() * (began.elapsed().as_secs() as usize / 2 + 1) + late;
    assert!(
        (gone.len()..=most).contains(&reads(&lines)),
        "{} reads of {most}",
        reads(&lines)
    );
    login.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_callback_leaves_no_record() {
    let node = TestApp::builder().start().await;
    let corp = node.install(0).await;
    let records = "SELECT (SELECT COUNT(*) FROM wecom_callback_record) + (SELECT COUNT(*) FROM wecom_callback_seen)";
    let before = node.number(records).await;
    let forge = PushBuilder::new(
        "NotTheToken000000000",
        "Rd7kT2mXv9LhR4sWc8YpB1nZf6JgU3aEoK5iHxMrDtB",
    );
    for number in 0..2_000 {
        let event = app_event(
            &corp,
            "unsubscribe",
            number,
            &[("FromUserName", "somebody")],
        );
        let forged = forge.post(&corp, &event);
        assert_eq!(node.notify(&forged).await.status, 403);
        // Signed with a leaked token, but not encrypted with the key.
        let mut noise = forged.clone();
        let text = format!("{number:0>64}");
        noise.query = node.push_builder.signed(&text, false);
        noise.body = format!("<xml><Encrypt>{text}</Encrypt></xml>").into_bytes();
        assert_eq!(node.notify(&noise).await.status, 403);
    }
    assert_eq!(node.number(records).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn random_codes_from_many_clients_reach_wecom_300_times() {
    let clock = ManualClock::starting_now();
    let node = TestApp::builder().clock(&clock).start().await;
    let (corp, other) = (node.install(0).await, node.install(1).await);
    assert_eq!(
        node.log_in_to_suite(SUITE, &other, &node.user(1, 0))
            .await
            .status,
        200
    );
    let before = node.sandbox.calls("auth/getuserinfo");
    let attempts = (0..1_000u16).map(|number| {
        let code = OAuthCode::new(format!("garbage-{number}"));
        // As from a botnet, each code comes from another network.
        let client = IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, number, 0, 0, 0, 0, 1));
        let request = WorkbenchLoginRequest::new(CorpId::new(&*corp).unwrap(), code)
            .with_client(client)
            .with_suite_id(SuiteId::new(SUITE).unwrap());
        let service = node.login.service();
        async move {
            service
                .login_by_workbench(request)
                .await
                .unwrap_err()
                .kind()
        }
    });
    let refusals = futures_util::future::join_all(attempts).await;
    let calls = node.sandbox.calls("auth/getuserinfo") - before;
    let of = |kind: ErrorKind| refusals.iter().filter(|known| **known == kind).count();
    let (limited, wrong) = (of(ErrorKind::RateLimited), of(ErrorKind::CodeInvalid));
    // Attempts that a machine under load does not finish in time do not count as failed codes.
    let late = of(ErrorKind::UpstreamTimeout) + of(ErrorKind::StoreUnavailable);
    println!(
        "1000 codes: WeCom was asked {calls} times, {limited} were rate-limited, {late} took too long"
    );
    assert_eq!(limited + wrong + late, 1_000, "{refusals:?}");
    let calls = usize::try_from(calls).unwrap();
    assert!((wrong..=wrong + late).contains(&calls), "{calls}");
    // Up to 64 attempts that are in flight when the limit is reached come on top of it.
    assert!(
        (300 - late.min(300)..=300 + 64 + late).contains(&calls),
        "{calls}"
    );
    assert_eq!(
        node.log_in_to_suite(SUITE, &other, &node.user(1, 0))
            .await
            .status,
        200,
        "members of another corp"
    );
}
