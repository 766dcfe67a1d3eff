//! WeCom does not answer, or the client disconnects first.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use wecom_login::{AuthenticatedMember, Binding, DefaultUserBinder, Principal, Result, UserBinder};
use wecom_login_tests::app::SUITE;
use wecom_login_tests::push::suite_event;
use wecom_login_tests::{TestApp, TestRequest, send, until, until_mut};
use wecom_sandbox::Fault;

const NOW: i64 = 1_700_000_000;

#[tokio::test(flavor = "multi_thread")]
async fn hanging_wecom_delays_no_push_and_loses_nothing() {
    let node = TestApp::builder().start().await;
    let corp = node.install(0).await;
    let (user, late) = (node.user(0, 0), node.corp(1));
    let token = node.issue_session(SUITE, &corp, &user).await;
    // Longer than anything here is waited for: who waits for WeCom's answer is not through before its own limit.
    node.sandbox
        .fault(Fault::for_api("*").delay_ms(600_000))
        .unwrap();

    let login = async {
        let started = Instant::now();
        let answer = node.log_in_to_suite(SUITE, &corp, &user).await;
        (answer.problem(), started.elapsed())
    };
    let pushes = async {
        let installed = node.sandbox.install(&late).await.unwrap();
        assert!(installed.succeeded(), "{installed:?}");
        let mut took = Vec::new();
        for number in 0..100 {
            let user = format!("leaver-{number}");
            let push = match number % 2 {
                0 => node.push_builder.unsubscribe(&corp, &user),
                _ => node.push_builder.post(
                    SUITE,
                    &suite_event(SUITE, "change_auth", NOW + number, &[("AuthCorpId", &corp)]),
                ),
            };
            let request = TestRequest::post(format!("/auth/notify?{}", push.query)).body(push.body);
            until_mut("the push is accepted", async || {
                let started = Instant::now();
                let answer = send(node.address(), &request).await;
                took.push(started.elapsed());
                // A machine under load may not store it in time.
                assert!(
                    answer.status == 500 || answer.text() == "success",
                    "{answer:?}"
                );
                answer.status == 200
            })
            .await;
            assert!(node.is_valid(&token).await, "whoever is in stays in");
        }
        took.sort();
        took
    };
    let ((problem, took), pushes) = tokio::join!(login, pushes);
    let (median, slowest) = (pushes[pushes.len() / 2], pushes[pushes.len() - 1]);
    println!(
        "WeCom hangs: 100 pushes, median {median:?}, slowest {slowest:?}; a login ended after {took:?}"
    );
    // A call to WeCom times out after eight seconds.
    assert!(median < Duration::from_secs(4), "{median:?}");
    assert_eq!(problem, (504, "UPSTREAM_TIMEOUT".to_owned()));
    // Twelve seconds are its limit; without one it would be as long as WeCom hangs.
    assert!(took < Duration::from_secs(120), "{took:?}");

    node.sandbox.clear_faults();
    node.wait_until_active(SUITE, &late).await;
    until("every record is done", async || {
        node.records()
            .await
            .iter()
            .all(|record| record.status == wecom_login::RecordStatus::Succeeded)
    })
    .await;
    assert_eq!(node.record_statuses("unsubscribe").await.len(), 50);
    assert_eq!(node.record_statuses("change_auth").await.len(), 50);
    assert_eq!(
        node.number("SELECT COUNT(*) FROM wecom_person WHERE epoch > 0")
            .await,
        50
    );
    assert_eq!(node.log_in_to_suite(SUITE, &corp, &user).await.status, 200);
}

#[tokio::test]
async fn login_completes_after_client_disconnects() {
    let node = TestApp::builder().start().await;
    let corp = node.install(0).await;
    let user = node.user(0, 0);
    node.sandbox
        .fault(Fault::for_api("auth/getuserinfo").delay_ms(500))
        .unwrap();
    let code = node.sandbox.code(&corp, &user).unwrap();
    let body = json!({"corpId": corp, "code": code}).to_string();
    let request = format!(
        "POST /auth/loginByWorkbench HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        node.address(),
        body.len()
    );
    let mut caller = TcpStream::connect(node.address()).await.unwrap();
    caller.write_all(request.as_bytes()).await.unwrap();
    until("WeCom is called", async || {
        node.sandbox.calls("auth/getuserinfo") == 1
    })
    .await;
    drop(caller);
    until("the login is complete", async || {
        node.hooks.count(&format!("logged in: {user}")) == 1
    })
    .await;
    assert_eq!(node.number("SELECT COUNT(*) FROM wecom_session").await, 1);
}

/// A binder that never says who somebody is.
struct HangingBinder(DefaultUserBinder);

impl UserBinder for HangingBinder {
    async fn bind(&self, _: &AuthenticatedMember) -> Result<Binding> {
        std::future::pending().await
    }

    async fn find(&self, principal: &Principal) -> Result<Option<String>> {
        self.0.find(principal).await
    }

    async fn unbind(&self, principal: &Principal) -> Result<()> {
        self.0.unbind(principal).await
    }

    async fn rebind(&self, from: &Principal, to: &Principal) -> Result<()> {
        self.0.rebind(from, to).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn login_ends_whatever_hangs() {
    let node = TestApp::builder()
        .configure(|builder| builder.wrap_binder(HangingBinder))
        .start()
        .await;
    let corp = node.install(0).await;
    let code = node
        .sandbox
        .code_for_suite(&corp, &node.user(0, 1), SUITE)
        .unwrap();
    let body = json!({"corpId": corp, "code": code});
    let login_code = node.call(TestRequest::post("/First/getLoginCode").json(&body));
    let workbench = node.log_in_to_suite(SUITE, &corp, &node.user(0, 0)).await;
    assert_eq!(workbench.problem(), (504, "UPSTREAM_TIMEOUT".to_owned()));
    assert_eq!(
        login_code.await.problem(),
        (504, "UPSTREAM_TIMEOUT".to_owned())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn login_of_two_slow_calls_ends_before_the_second() {
    let node = TestApp::builder().start().await;
    let corp = node.install(0).await;
    // Each in its time of eight seconds, and both together not in that of a login.
    for api in ["gettoken", "auth/getuserinfo"] {
        node.sandbox
            .fault(Fault::for_api(api).delay_ms(7_000))
            .unwrap();
    }
    let login = node.log_in_to_suite(SUITE, &corp, &node.user(0, 0)).await;
    assert_eq!(login.problem(), (504, "UPSTREAM_TIMEOUT".to_owned()));
    node.sandbox.clear_faults();
    let login = node.log_in_to_suite(SUITE, &corp, &node.user(0, 0)).await;
    assert_eq!(login.status, 200);
}
