//! What WeCom refuses and an operator can mend is one WARN a minute.
//!
//! A test binary of its own, because it reads the log of the process.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::time::Duration;

use wecom_login::ManualClock;
use wecom_login_tests::app::SUITE;
use wecom_login_tests::log::LogCapture;
use wecom_login_tests::{TestApp, until};
use wecom_sandbox::Fault;

#[tokio::test(flavor = "multi_thread")]
async fn thirty_refused_logins_are_one_warning_a_minute_with_count_and_hint() {
    let log = LogCapture::default();
    log.record("wecom_login=warn");
    let clock = ManualClock::starting_now();
    let node = TestApp::builder().clock(&clock).start().await;
    let corp = node.install(0).await;
    let user = node.user(0, 0);
    for (errcode, hint) in [
        (60020, "IP白名单"),
        (50001, "可信域名"),
        (45009, "too often"),
        (48002, "permission"),
        (701_008, "接口许可"),
    ] {
        node.sandbox
            .fault(Fault::for_api("auth/getuserinfo").errcode(errcode))
            .unwrap();
        log.clear();
        for _ in 0..30 {
            assert!(node.log_in_to_suite(SUITE, &corp, &user).await.status >= 400);
        }
        let lines = || {
            let text = log.text();
            let of_errcode = format!("errcode={errcode}");
            text.lines()
                .filter(|line| line.contains("WARN") && line.contains(&of_errcode))
                .map(ToOwned::to_owned)
                .collect::<Vec<_>>()
        };
        println!("{errcode}: {:?}", lines());
        assert_eq!(lines().len(), 1, "{}", log.text());
        assert!(lines()[0].contains("count=1") && lines()[0].contains(hint));
        node.sandbox.clear_faults();
        until("the others are counted", async || {
            clock.advance(Duration::from_secs(11));
            lines().len() > 1
        })
        .await;
        assert!(lines()[1].contains("count=29"), "{}", log.text());
    }
    // No ticket for longer than one is valid.
    log.clear();
    until("the missing ticket is warned of", async || {
        clock.advance(Duration::from_mins(1));
        log.text().contains("no suite_ticket")
    })
    .await;
}
