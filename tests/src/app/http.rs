//! Requests to a [`TestApp`].

use axum::Router;
use axum::body::Body;
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;
use wecom_login::WecomLogin;
use wecom_login_tower::login_routes;

use super::{ADMIN_KEY, TestApp};
use crate::adapter::Layout;
use crate::auths;
use crate::openapi::OpenApi;
use crate::{TestRequest, TestResponse, send};

impl TestApp {
    /// Sends a request to a login route over the socket; the target is relative to the mount. In the
    /// conformance suite the answer has to be as `/openapi.json` describes it.
    pub async fn send(&self, request: TestRequest) -> TestResponse {
        let prefix = self.layout.prefix();
        // On the heap: rustc limits the depth of a future's type.
        let response = Box::pin(send(self.address, &request.clone().prefixed(prefix))).await;
        let text = String::from_utf8_lossy(&response.body);
        assert!(
            !auths::SECRETS.iter().any(|secret| text.contains(secret)),
            "a response holds a secret"
        );
        if self.is_documented {
            Box::pin(OpenApi::of_any(self.address, prefix))
                .await
                .check(&request, &response);
        }
        response
    }

    /// Sends a request to a login route with the admin key.
    pub async fn send_as_admin(&self, request: TestRequest) -> TestResponse {
        self.send(request.bearer(ADMIN_KEY)).await
    }

    /// Sends a request to a route of the host app.
    pub async fn send_to_host(&self, request: TestRequest) -> TestResponse {
        Box::pin(send(self.address, &request)).await
    }

    /// Calls a login route in memory, through the tower adapter; the target is relative to the mount.
    pub async fn call(&self, request: TestRequest) -> TestResponse {
        call(self.router.clone(), request.prefixed(self.layout.prefix())).await
    }

    /// The same on another handle.
    pub async fn call_on(&self, login: &WecomLogin, request: TestRequest) -> TestResponse {
        let request = request.prefixed(self.layout.prefix());
        call(router(self.layout, login), request).await
    }
}

/// The login routes of a handle in this layout, in memory.
pub(super) fn router(layout: Layout, login: &WecomLogin) -> Router {
    match layout {
        Layout::Root => login_routes(login),
        layout => Router::new().nest(layout.prefix(), login_routes(login)),
    }
}

async fn call(router: Router, request: TestRequest) -> TestResponse {
    let body = Body::from(request.content().to_vec());
    let request = request.head().body(body).expect("a request");
    let response = router.oneshot(request).await;
    let (parts, body) = response.expect("a router is infallible").into_parts();
    let body = body.collect().await.expect("a body").to_bytes();
    let headers = parts.headers.iter();
    let headers =
        headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
    TestResponse::new(parts.status.as_u16(), headers, body, None)
}
