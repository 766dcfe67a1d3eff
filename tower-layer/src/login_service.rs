//! The login routes as one plain tower service.

use std::convert::Infallible;
use std::error::Error as StdError;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use tower_service::Service;
use wecom_login::WecomLogin;

use crate::respond::respond;

/// Answers the login routes below the mount of its handle, and 404 for every other path: for tower stacks without
/// axum. In axum use `login_routes`, which leaves other paths to the host app.
///
/// The client's address is taken from a `SocketAddr` in the extensions of the request, if there is one.
#[derive(Clone, Debug)]
pub struct LoginService {
    login: WecomLogin,
}

impl LoginService {
    /// Serves the login routes of this handle.
    #[must_use]
    pub fn new(login: &WecomLogin) -> Self {
        login.mount_routes();
        Self {
            login: login.clone(),
        }
    }
}

impl<B> Service<Request<B>> for LoginService
where
    B: http_body::Body<Data: Send, Error: Into<Box<dyn StdError + Send + Sync>>> + Send + 'static,
{
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = LoginFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> LoginFuture {
        let login = self.login.clone();
        let response = Box::pin(async move {
            let path = request
                .uri()
                .path()
                .strip_prefix(login.mount())
                .map(str::to_owned);
            let response = match path {
                Some(path) => respond(&login, request, &path).await,
                None => {
                    let sent = request.uri().path();
                    if login.route(sent).is_some() {
                        login.check_mount(sent, sent);
                    }
                    None
                }
            };
            response.unwrap_or_else(not_found)
        });
        LoginFuture { response }
    }
}

/// The response future of [`LoginService`].
pub struct LoginFuture {
    response: Pin<Box<dyn Future<Output = Response<Full<Bytes>>> + Send>>,
}

impl Future for LoginFuture {
    type Output = Result<Response<Full<Bytes>>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.response.as_mut().poll(cx).map(Ok)
    }
}

impl fmt::Debug for LoginFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LoginFuture")
    }
}

/// A problem without a code of ours: this path is none of ours either.
fn not_found() -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(r#"{"status":404,"title":"Not Found"}"#));
    *response.status_mut() = StatusCode::NOT_FOUND;
    let headers = response.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/problem+json"),
    );
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
