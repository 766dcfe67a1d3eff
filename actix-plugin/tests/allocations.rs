//! What the middleware allocates for a session that is in memory.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test may panic")]

mod in_memory;

use actix_web::dev::{
    Service, ServiceFactory as _, ServiceRequest, ServiceResponse, Transform as _, fn_service,
};
use actix_web::{HttpMessage as _, HttpResponse};
use dhat::{HeapStats, Profiler};
use in_memory::request;
use wecom_login_actix::AuthMiddleware;
use wecom_login_adapter_tests::handle::{bearer, handle, token};

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

/// The fewest blocks that a call takes: what runs beside the test is not counted in every round.
async fn blocks<S, B>(service: &S, headers: &[(&str, &str)]) -> u64
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = actix_web::Error>,
{
    let mut fewest = u64::MAX;
    for _ in 0..50 {
        let request = request("GET", "/", headers).to_srv_request();
        // A server uses its requests again, and the table of their extensions with them.
        request.extensions_mut().insert(0_u8);
        let before = HeapStats::get().total_blocks;
        let response = service.call(request).await.unwrap();
        let after = HeapStats::get().total_blocks;
        assert_eq!(response.status(), 200);
        fewest = fewest.min(after - before);
    }
    fewest
}

#[actix_web::test]
async fn cached_session_allocates_only_the_extensions_entry() {
    let _profiler = Profiler::builder().testing().build();
    let login = handle().await;
    let token = token(&login, "ww1").await;
    let (bearer, cookie) = (bearer(&token), format!("a=b; wecom_login={token}"));
    let inner = fn_service(async |request: ServiceRequest| {
        Ok::<_, actix_web::Error>(request.into_response(HttpResponse::Ok().finish()))
    });
    let bare = inner.new_service(()).await.unwrap();
    let inner = inner.new_service(()).await.unwrap();
    let guarded =
        AuthMiddleware::required(&login).require_corp(wecom_login::CorpId::new("ww1").unwrap());
    let guarded = guarded.new_transform(inner).await.unwrap();
    for headers in [[("authorization", &*bearer)], [("cookie", &*cookie)]] {
        let (without, with) = (
            blocks(&bare, &headers).await,
            blocks(&guarded, &headers).await,
        );
        assert_eq!(with - without, 1, "{headers:?}");
    }
}
