//! The service that the layer makes.

use std::mem;
use std::task::{Context, Poll};

use http::header::{HeaderName, HeaderValue};
use http::{Request, Response, StatusCode};
use tower_service::Service;
use wecom_login::web::{Authenticated, Change, Check, Rejection};
use wecom_login::{Error, Verified};

use crate::future::ResponseFuture;
use crate::layer::RequireLogin;
use crate::rejection::{ProblemResponse, ResponseForRejection};

/// Left in the extensions of a request that came without credentials through an optional layer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Anonymous;

/// The middleware of [`RequireLogin`].
#[derive(Clone, Debug)]
pub struct RequireLoginService<S, J = ProblemResponse> {
    inner: S,
    require: RequireLogin<J>,
}

impl<S, J> RequireLoginService<S, J> {
    pub(crate) const fn new(inner: S, require: RequireLogin<J>) -> Self {
        Self { inner, require }
    }
}

impl<S, B, R, J> Service<Request<B>> for RequireLoginService<S, J>
where
    S: Service<Request<B>, Response = Response<R>> + Clone,
    J: ResponseForRejection<R>,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = ResponseFuture<S, B, R, J>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        match self.require.check(&request) {
            Check::Ready(Ok(admitted)) => {
                let set_cookie = enter(admitted, &mut request);
                ResponseFuture::inner(self.inner.call(request), set_cookie)
            }
            Check::Ready(Err(rejection)) => {
                ResponseFuture::rejected(self.require.reject(rejection))
            }
            Check::Pending(pending) => {
                // The service that is ready is the one to call; its clone takes its place.
                let clone = self.inner.clone();
                let inner = mem::replace(&mut self.inner, clone);
                ResponseFuture::verifying(pending, request, inner, self.require.clone())
            }
        }
    }
}

impl<J> RequireLogin<J> {
    fn check<B>(&self, request: &Request<B>) -> Check {
        self.guard.check(
            request.method().as_str(),
            || path_and_query(request),
            request.headers(),
        )
    }

    /// Puts the user into the request, or says why not. What is left is a cookie to clear.
    pub(crate) fn settle<B, R>(
        &self,
        result: Result<Verified, Error>,
        request: &mut Request<B>,
    ) -> Result<Option<HeaderValue>, Response<R>>
    where
        J: ResponseForRejection<R>,
    {
        let method = request.method().as_str();
        match self.guard.settle(
            result,
            method,
            || path_and_query(request),
            request.headers(),
        ) {
            Ok(admitted) => Ok(enter(admitted, request)),
            Err(rejection) => Err(self.reject(rejection)),
        }
    }

    fn reject<R>(&self, rejection: Rejection) -> Response<R>
    where
        J: ResponseForRejection<R>,
    {
        let mut response = self.rejection.response(&rejection);
        rejection
            .changes()
            .into_iter()
            .for_each(|change| make(&mut response, change));
        response.extensions_mut().insert(rejection);
        response
    }
}

/// Makes a change that the core wants.
fn make<R>(response: &mut Response<R>, change: Change) {
    match change {
        Change::Status(status) => {
            *response.status_mut() =
                StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        }
        Change::Remove(name) => drop(response.headers_mut().remove(name)),
        Change::Set(name, value) => {
            response.headers_mut().remove(name);
            add(response, name, &value);
        }
        Change::Add(name, value) => {
            if !response
                .headers()
                .get_all(name)
                .iter()
                .any(|there| *there == value)
            {
                add(response, name, &value);
            }
        }
    }
}

fn add<R>(response: &mut Response<R>, name: &'static str, value: &str) {
    if let Some(value) = header(value) {
        response
            .headers_mut()
            .append(HeaderName::from_static(name), value);
    }
}

/// Leaves who it is, or that nothing was sent, to the handler.
fn enter<B>(admitted: Authenticated, request: &mut Request<B>) -> Option<HeaderValue> {
    match admitted.user {
        Some(user) => drop(request.extensions_mut().insert(user)),
        None => drop(request.extensions_mut().insert(Anonymous)),
    }
    admitted.set_cookie.as_deref().and_then(header)
}

fn header(text: &str) -> Option<HeaderValue> {
    HeaderValue::from_str(text).ok()
}

/// What the browser asked for: axum's `nest` strips what stands before.
fn path_and_query<B>(request: &Request<B>) -> &str {
    #[cfg(feature = "axum")]
    let uri = {
        let original = request.extensions().get::<::axum::extract::OriginalUri>();
        original.map_or_else(|| request.uri(), |original| &original.0)
    };
    #[cfg(not(feature = "axum"))]
    let uri = request.uri();
    uri.path_and_query()
        .map_or("/", |path_and_query| path_and_query.as_str())
}
