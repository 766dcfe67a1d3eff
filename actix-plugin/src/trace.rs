//! What a host app logs of a request: without what would let its reader in.

use actix_web::dev::ServiceRequest;
use actix_web::middleware::Logger;
use tracing::Span;

/// actix's `Logger`, with a line that has the path of a request and not its query: the queries of our routes hold codes,
/// states and signatures. `Logger::default()` writes them.
///
/// ```
/// use actix_web::App;
/// use wecom_login_actix::logger;
///
/// let app = App::new().wrap(logger());
/// ```
///
/// The line is the client, the request, the status, the bytes and the seconds. It goes to the crate `log`.
#[must_use]
pub fn logger() -> Logger {
    Logger::new(r#"%a "%{request}xi" %s %b %T"#).custom_request_replace("request", |request| {
        let (method, path) = (request.method(), request.path());
        format!("{method} {path} {:?}", request.version())
    })
}

/// The span of a request, with its method and path and without its query. For `tracing-actix-web`, whose own span has the
/// query:
///
/// ```ignore
/// struct RootSpan;
///
/// impl tracing_actix_web::RootSpanBuilder for RootSpan {
///     fn on_request_start(request: &ServiceRequest) -> tracing::Span {
///         wecom_login_actix::request_span(request)
///     }
///
///     fn on_request_end<B: MessageBody>(_: tracing::Span, _: &Result<ServiceResponse<B>, actix_web::Error>) {}
/// }
///
/// let app = App::new().wrap(tracing_actix_web::TracingLogger::<RootSpan>::new());
/// ```
#[must_use]
pub fn request_span(request: &ServiceRequest) -> Span {
    tracing::info_span!(
        target: "wecom_login",
        "request",
        http.request.method = request.method().as_str(),
        url.path = request.path(),
        network.protocol.version = ?request.version(),
    )
}
