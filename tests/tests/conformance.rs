//! The conformance suite against every adapter, in every layout.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use wecom_login::web::routes;
use wecom_login_tests::adapter::{ActixAdapter, AxumAdapter};
use wecom_login_tests::conformance::{Target, routes_in_rows, run};
use wecom_login_tests::{Adapter, Layout};

async fn conforms(adapter: &'static dyn Adapter, layout: Layout) {
    let ran = run(Target { adapter, layout }).await;
    assert!(ran.rows > 0 && ran.scenarios > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn axum_at_the_root() {
    conforms(&AxumAdapter, Layout::Root).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn axum_under_a_path() {
    conforms(&AxumAdapter, Layout::Auth).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn axum_nested_twice() {
    conforms(&AxumAdapter, Layout::Nested).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn actix_at_the_root() {
    conforms(&ActixAdapter, Layout::Root).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn actix_under_a_path() {
    conforms(&ActixAdapter, Layout::Auth).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn actix_nested_twice() {
    conforms(&ActixAdapter, Layout::Nested).await;
}

#[test]
fn every_route_is_in_a_row() {
    let covered = routes_in_rows();
    let missing: Vec<_> = routes()
        .iter()
        .map(|route| route.path)
        .filter(|path| !covered.contains(path))
        .collect();
    assert!(
        missing.is_empty(),
        "no row of the conformance suite is about {missing:?}"
    );
}
