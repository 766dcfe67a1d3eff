//! What a host app logs of a request: without what would let its reader in.

use http::header::{AUTHORIZATION, COOKIE, HeaderName, SEC_WEBSOCKET_PROTOCOL, SET_COOKIE};
use http::{Request, header};
use tracing::Span;

/// The span of a request, with its method and path and without its query: the queries of our routes hold codes, states
/// and signatures. For tower-http's `TraceLayer`, whose own span has the whole URI:
///
/// ```
/// use axum::Router;
/// use tower::ServiceBuilder;
/// use tower_http::sensitive_headers::SetSensitiveHeadersLayer;
/// use tower_http::trace::TraceLayer;
/// use wecom_login_tower::{request_span, sensitive_headers};
///
/// let layers = ServiceBuilder::new()
///     .layer(SetSensitiveHeadersLayer::new(sensitive_headers()))
///     .layer(TraceLayer::new_for_http().make_span_with(request_span));
/// let app: Router = Router::new().layer(layers);
/// ```
#[must_use]
pub fn request_span<B>(request: &Request<B>) -> Span {
    tracing::info_span!(
        target: "wecom_login",
        "request",
        http.request.method = request.method().as_str(),
        url.path = request.uri().path(),
        network.protocol.version = ?request.version(),
    )
}

/// The headers of requests and responses that let their reader in, for tower-http's `SetSensitiveHeadersLayer`: printed,
/// their values are `Sensitive`.
#[must_use]
pub const fn sensitive_headers() -> [HeaderName; 5] {
    [
        AUTHORIZATION,
        COOKIE,
        header::PROXY_AUTHORIZATION,
        SEC_WEBSOCKET_PROTOCOL,
        SET_COOKIE,
    ]
}
