//! Foreign names and foreign pages are kept out.

use std::net::SocketAddr;

use axum::http::Method;
use wecom_sandbox::Sandbox;

use crate::app::{SUITE, suite};
use crate::client::{World, send};

#[tokio::test]
async fn a_foreign_host_or_origin_gets_nothing() {
    let world = World::start().await;
    let url = format!("{}/sandbox/state", world.sandbox.url());
    let own = world.sandbox.addr().to_string();
    let origin = format!("http://{own}");
    for (headers, status) in [
        (vec![("host", "evil.example")], 403),
        (vec![("host", own.as_str()), ("origin", "http://evil.example")], 403),
        (vec![("host", own.as_str()), ("origin", "null")], 403),
        (vec![("host", own.as_str()), ("origin", origin.as_str())], 200),
        (vec![("host", "localhost:1")], 200),
    ] {
        assert_eq!(send(Method::GET, &url, &headers, String::new()).await.status, status, "{headers:?}");
    }
    let api = format!("{}/cgi-bin/gettoken", world.sandbox.url());
    assert_eq!(send(Method::GET, &api, &[("host", "evil.example")], String::new()).await.status, 403);
    assert_eq!(world.sandbox.calls("gettoken"), 0);
}

#[tokio::test]
async fn it_stays_on_this_machine_unless_told_otherwise() {
    let everywhere: SocketAddr = "0.0.0.0:0".parse().unwrap();
    let builder = || Sandbox::builder().suites([suite(SUITE)]);
    let refused = builder().listen(everywhere).start().await.unwrap_err();
    assert!(refused.to_string().contains("this machine"), "{refused}");
    assert!(builder().notify("http://example.com/notify").start().await.is_err());
    assert!(builder().listen(everywhere).remote(true).start().await.is_ok());
}

#[tokio::test]
async fn it_does_not_start_without_a_suite_or_without_people() {
    assert!(Sandbox::builder().start().await.is_err());
    assert!(Sandbox::builder().suites([suite(SUITE)]).members(0).start().await.is_err());
}
