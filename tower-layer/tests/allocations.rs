//! What the layer allocates for a session that is in memory.
//!
//! One test in a process of its own, because the counting allocator is the process's.
#![cfg(feature = "axum")]
#![allow(clippy::unwrap_used, missing_docs, reason = "a test may panic")]

mod in_memory;

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use dhat::{HeapStats, Profiler};
use http::{Request, Response};
use in_memory::request;
use tower::{Layer as _, Service, ServiceExt as _, service_fn};
use wecom_login_adapter_tests::handle::{bearer, handle, token};
use wecom_login_tower::AuthLayer;

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

/// The fewest blocks that a call takes: what runs beside the test is not counted in every round.
async fn blocks<S>(mut service: S, header: (&str, &str)) -> u64
where
    S: Service<Request<Body>, Response = Response<Body>, Error = std::convert::Infallible>,
{
    let mut fewest = u64::MAX;
    for _ in 0..50 {
        let request = request("GET", "/", &[header]);
        let before = HeapStats::get().total_blocks;
        let response = service.ready().await.unwrap().call(request).await.unwrap();
        let after = HeapStats::get().total_blocks;
        assert_eq!(response.status(), 200);
        fewest = fewest.min(after - before);
    }
    fewest
}

#[tokio::test]
async fn cached_session_allocates_only_the_extensions_entry() {
    let _profiler = Profiler::builder().testing().build();
    let login = handle().await;
    let token = token(&login, "ww1").await;
    let (bearer, cookie) = (bearer(&token), format!("a=b; wecom_login={token}"));
    let guarded =
        AuthLayer::required(&login).require_corp(wecom_login::CorpId::new("ww1").unwrap());
    for header in [("authorization", &*bearer), ("cookie", &*cookie)] {
        let leaf = service_fn(async |_: Request<Body>| {
            let response = Response::builder().header("content-type", "text/plain");
            Ok(response.body(Body::empty()).unwrap())
        });
        let (without, with) = (
            blocks(leaf, header).await,
            blocks(guarded.layer(leaf), header).await,
        );
        assert_eq!(
            with - without,
            3,
            "the table of the extensions, its buckets and the entry: {header:?}"
        );
        let bare = service_fn(async |_: Request<Body>| Ok(Response::new(Body::empty())));
        let (without, with) = (
            blocks(bare, header).await,
            blocks(guarded.layer(bare), header).await,
        );
        assert_eq!(
            with - without,
            5,
            "and the table of the response's headers, which had none: {header:?}"
        );

        // On a route, axum boxes the layer's future and the body of the response.
        let router = || Router::new().route("/", get(async || ()));
        let without = blocks(router(), header).await;
        let with = blocks(router().route_layer(guarded.clone()), header).await;
        assert!(
            with - without <= 6,
            "{} added for {header:?}",
            with - without
        );
    }
}
