//! WeCom on its bad days: it hangs, it errs, it forgets its tokens; callers go away.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use wecom_login::ManualClock;
use wecom_login::wecom::HttpClient;
use wecom_login_tests::app::SUITE;
use wecom_login_tests::push::{app_event, suite_event};
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
        .fault(Fault::of("*").delay_ms(600_000))
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
                0 => node.push_builder.post(
                    &corp,
                    &app_event(&corp, "unsubscribe", NOW, &[("FromUserName", &user)]),
                ),
                _ => node.push_builder.post(
                    SUITE,
                    &suite_event(SUITE, "change_auth", NOW + number, &[("AuthCorpId", &corp)]),
                ),
            };
            let request = TestRequest::post(format!("/auth/notify?{}", push.query)).body(push.body);
            until_mut("the push is taken", async || {
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
    // Whoever waits for WeCom waits eight seconds.
    assert!(median < Duration::from_secs(4), "{median:?}");
    assert_eq!(problem, (504, "UPSTREAM_TIMEOUT".to_owned()));
    // Twelve seconds are its limit; without one it would be as long as WeCom hangs.
    assert!(took < Duration::from_secs(120), "{took:?}");

    node.sandbox.clear_faults();
    until("the company that came meanwhile is in", async || {
        node.authorization_status(SUITE, &late).await == "active"
    })
    .await;
    until("everything is worked off", async || {
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

#[tokio::test(flavor = "multi_thread")]
async fn thousand_logins_after_token_expiry_fetch_one_token() {
    // A clock that stands: however long the machine takes, the lease on the token does not run out.
    let clock = ManualClock::starting_now();
    let node = TestApp::builder().clock(&clock).start().await;
    let corp = node.install(0).await;
    let user = node.user(0, 0);
    assert_eq!(node.log_in_to_suite(SUITE, &corp, &user).await.status, 200);
    // Tokens are told apart by when they were fetched.
    clock.advance(Duration::from_secs(1));
    node.sandbox.expire_tokens();
    let before = node.sandbox.calls("gettoken");
    let started = Instant::now();
    // What a machine under load could not do within the time of a login begins again, all of it.
    let at_last = async || {
        let mut late = 0;
        loop {
            let answer = node.log_in_to_suite(SUITE, &corp, &user).await;
            if !matches!(answer.status, 503 | 504) || started.elapsed() > Duration::from_secs(120) {
                return (answer, late);
            }
            late += 1;
        }
    };
    let answers = futures_util::future::join_all((0..1000).map(|_| at_last())).await;
    let failed = answers.iter().filter(|(answer, _)| answer.status != 200);
    let failed: Vec<_> = failed.map(|(answer, _)| answer.json()).collect();
    let late: usize = answers.iter().map(|(_, late)| late).sum();
    let fetched = node.sandbox.calls("gettoken") - before;
    println!(
        "1000 logins in {:?}: {fetched} gettoken, {late} begun again",
        started.elapsed()
    );
    assert_eq!(fetched, 1);
    assert_eq!(failed, Vec::<serde_json::Value>::new());
}

#[tokio::test]
async fn token_is_refreshed_once_before_it_expires() {
    let clock = ManualClock::starting_now();
    let node = TestApp::builder().clock(&clock).start().await;
    let corp = node.install(0).await;
    let user = node.user(0, 0);
    assert_eq!(node.log_in_to_suite(SUITE, &corp, &user).await.status, 200);
    let first = node.sandbox.calls("gettoken");
    // It lives two hours; in its last ten minutes the next one is fetched beside the logins.
    clock.advance(Duration::from_secs(7_200 - 900));
    assert_eq!(node.log_in_to_suite(SUITE, &corp, &user).await.status, 200);
    assert_eq!(node.sandbox.calls("gettoken"), first);
    clock.advance(Duration::from_secs(400));
    node.sandbox
        .fault(Fault::of("gettoken").delay_ms(300))
        .unwrap();
    let answers =
        futures_util::future::join_all((0..50).map(|_| node.log_in_to_suite(SUITE, &corp, &user)))
            .await;
    assert!(answers.iter().all(|answer| answer.status == 200));
    until("it is refreshed", async || {
        node.sandbox.calls("gettoken") > first
    })
    .await;
    for _ in 0..20 {
        assert_eq!(node.log_in_to_suite(SUITE, &corp, &user).await.status, 200);
    }
    assert_eq!(node.sandbox.calls("gettoken"), first + 1);
}

#[tokio::test]
async fn login_completes_after_client_disconnects() {
    let node = TestApp::builder().start().await;
    let corp = node.install(0).await;
    let user = node.user(0, 0);
    node.sandbox
        .fault(Fault::of("auth/getuserinfo").delay_ms(500))
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
    until("WeCom is asked", async || {
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

#[tokio::test]
async fn each_wecom_failure_maps_to_its_code() {
    let node = TestApp::builder().start().await;
    let corp = node.install(0).await;
    let user = node.user(0, 0);
    assert_eq!(node.log_in_to_suite(SUITE, &corp, &user).await.status, 200);
    let of = || Fault::of("auth/getuserinfo").times(1);
    let body = |text: &str| {
        let mut fault = of();
        fault.body = Some(text.to_owned());
        fault
    };
    let mut cases = vec![
        (of().http_status(500), 502, "UPSTREAM_ERROR", None),
        (of().http_status(302), 502, "UPSTREAM_ERROR", None),
        (body(""), 502, "UPSTREAM_ERROR", None),
        (body("<html>"), 502, "UPSTREAM_ERROR", None),
        (body("[]"), 502, "UPSTREAM_ERROR", None),
        (body("{\"errcode\":0}"), 502, "UPSTREAM_ERROR", None),
    ];
    for (errcode, status, code) in [
        (-1, 502, "UPSTREAM_ERROR"),
        (45009, 502, "UPSTREAM_ERROR"),
        (60020, 502, "UPSTREAM_ERROR"),
        (40029, 401, "CODE_INVALID"),
        (42003, 401, "CODE_INVALID"),
        (42022, 401, "CODE_INVALID"),
        (50003, 403, "LOGIN_DISABLED"),
        (50002, 403, "USER_NOT_VISIBLE"),
        (701_008, 403, "LICENCE_MISSING"),
    ] {
        cases.push((of().errcode(errcode), status, code, Some(errcode)));
    }
    for (fault, status, code, errcode) in cases {
        let before = node.sandbox.calls("auth/getuserinfo");
        node.sandbox.fault(fault.clone()).unwrap();
        let answer = node.log_in_to_suite(SUITE, &corp, &user).await;
        assert_eq!(answer.problem(), (status, code.to_owned()), "{fault:?}");
        assert_eq!(answer.json()["errcode"].as_i64(), errcode, "{fault:?}");
        assert_eq!(
            node.sandbox.calls("auth/getuserinfo"),
            before + 1,
            "a code is sent once: {fault:?}"
        );
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        assert!(
            !text.contains("access_token") && !text.contains(&node.sandbox.url()),
            "{text}"
        );
    }
    assert_eq!(node.log_in_to_suite(SUITE, &corp, &user).await.status, 200);
}

#[tokio::test]
async fn rejected_token_is_refetched_once_and_the_code_is_still_used() {
    let node = TestApp::builder().start().await;
    let corp = node.install(0).await;
    let user = node.user(0, 0);
    for (errcode, fetches) in [(40014, 1), (42001, 1)] {
        assert_eq!(node.log_in_to_suite(SUITE, &corp, &user).await.status, 200);
        let before = (
            node.sandbox.calls("gettoken"),
            node.sandbox.calls("auth/getuserinfo"),
        );
        node.sandbox
            .fault(Fault::of("auth/getuserinfo").errcode(errcode).times(1))
            .unwrap();
        assert_eq!(
            node.log_in_to_suite(SUITE, &corp, &user).await.status,
            200,
            "{errcode}"
        );
        let after = (
            node.sandbox.calls("gettoken"),
            node.sandbox.calls("auth/getuserinfo"),
        );
        assert_eq!(
            (after.0 - before.0, after.1 - before.1),
            (fetches, 2),
            "{errcode}"
        );
    }
    // Never a loop: twice is the end.
    node.sandbox
        .fault(Fault::of("auth/getuserinfo").errcode(40014))
        .unwrap();
    let before = node.sandbox.calls("auth/getuserinfo");
    assert_eq!(
        node.log_in_to_suite(SUITE, &corp, &user).await.problem(),
        (502, "UPSTREAM_ERROR".to_owned())
    );
    assert_eq!(node.sandbox.calls("auth/getuserinfo"), before + 2);
}

#[tokio::test]
async fn connection_reset_by_wecom_is_504() {
    let cut = HttpClient::new(tower::service_fn(
        async |_: http::Request<http_body_util::Full<bytes::Bytes>>| {
            let error = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
            Err::<http::Response<http_body_util::Full<bytes::Bytes>>, _>(error)
        },
    ));
    let node = TestApp::builder()
        .without_push()
        .configure(|builder| builder.http_client(cut))
        .start()
        .await;
    let corp = node.corp(0);
    let _ = node.sandbox.install(&corp).await.unwrap();
    let ids = (
        wecom_login::SuiteId::new(SUITE).unwrap(),
        wecom_login::CorpId::new(&*corp).unwrap(),
    );
    let code = wecom_login::PermanentCode::new(node.sandbox.permanent_code(&corp, SUITE).unwrap());
    let agent = Some(wecom_login::AgentId::new(1_000_002));
    node.login
        .service()
        .import_authorization(&ids.0, &ids.1, code, agent)
        .await
        .unwrap();
    let answer = node.log_in_to_suite(SUITE, &corp, &node.user(0, 0)).await;
    assert_eq!(answer.problem(), (504, "UPSTREAM_TIMEOUT".to_owned()));
}
