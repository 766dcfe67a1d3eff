//! The checks of Host, Origin and the configured addresses.

use std::net::SocketAddr;

use axum::http::Method;
use wecom_sandbox::Sandbox;

use crate::harness::{Harness, send};
use crate::mock_app::{SUITE, suite};

#[tokio::test]
async fn foreign_host_or_origin_is_403() {
    let harness = Harness::start().await;
    let url = format!("{}/sandbox/state", harness.sandbox.url());
    let own = harness.sandbox.addr().to_string();
    let origin = format!("http://{own}");
    for (headers, status) in [
        (vec![("host", "evil.example")], 403),
        (
            vec![("host", own.as_str()), ("origin", "http://evil.example")],
            403,
        ),
        (vec![("host", own.as_str()), ("origin", "null")], 403),
        (
            vec![("host", own.as_str()), ("origin", origin.as_str())],
            200,
        ),
        (vec![("host", "localhost:1")], 200),
    ] {
        assert_eq!(
            send(Method::GET, &url, &headers, String::new())
                .await
                .status,
            status,
            "{headers:?}"
        );
    }
    let api = format!("{}/cgi-bin/gettoken", harness.sandbox.url());
    assert_eq!(
        send(
            Method::GET,
            &api,
            &[("host", "evil.example")],
            String::new()
        )
        .await
        .status,
        403
    );
    assert_eq!(harness.sandbox.calls("gettoken"), 0);
}

#[tokio::test]
async fn start_rejects_other_machines_without_remote() {
    let everywhere: SocketAddr = "0.0.0.0:0".parse().unwrap();
    let builder = || Sandbox::builder().suites([suite(SUITE)]);
    let refused = builder().listen(everywhere).start().await.unwrap_err();
    assert!(refused.to_string().contains("this machine"), "{refused}");
    assert!(
        builder()
            .notify("http://example.com/notify")
            .start()
            .await
            .is_err()
    );
    assert!(
        builder()
            .listen(everywhere)
            .remote(true)
            .start()
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn start_rejects_no_suites_and_no_members() {
    assert!(Sandbox::builder().start().await.is_err());
    assert!(
        Sandbox::builder()
            .suites([suite(SUITE)])
            .members(0)
            .start()
            .await
            .is_err()
    );
}
