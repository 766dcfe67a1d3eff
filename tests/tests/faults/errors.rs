//! WeCom answers with an error, or the connection breaks.

use wecom_login::wecom::HttpClient;
use wecom_login_tests::TestApp;
use wecom_login_tests::app::SUITE;
use wecom_sandbox::Fault;

#[tokio::test]
async fn each_wecom_failure_maps_to_its_code() {
    let node = TestApp::builder().start().await;
    let corp = node.install(0).await;
    let user = node.user(0, 0);
    assert_eq!(node.log_in_to_suite(SUITE, &corp, &user).await.status, 200);
    let of = || Fault::for_api("auth/getuserinfo").times(1);
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
        .admin()
        .import_authorization(&ids.0, &ids.1, code, agent)
        .await
        .unwrap();
    let answer = node.log_in_to_suite(SUITE, &corp, &node.user(0, 0)).await;
    assert_eq!(answer.problem(), (504, "UPSTREAM_TIMEOUT".to_owned()));
}
