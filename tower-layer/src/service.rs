//! The service that the layer makes.

use std::mem;
use std::task::{Context, Poll};

use http::{Request, Response};
use tower_service::Service;
use wecom_login::web::{Authenticated, Decision};

use crate::future::ResponseFuture;
use crate::layer::AuthLayer;
use crate::rejection::{ProblemResponse, ResponseForRejection};

/// Left in the extensions of a request that came without credentials through an optional layer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Anonymous;

/// The middleware of [`AuthLayer`].
#[derive(Clone, Debug)]
pub struct Auth<S, R = ProblemResponse> {
    inner: S,
    layer: AuthLayer<R>,
}

impl<S, R> Auth<S, R> {
    pub(crate) const fn new(inner: S, layer: AuthLayer<R>) -> Self {
        Self { inner, layer }
    }
}

impl<S, B, T, R> Service<Request<B>> for Auth<S, R>
where
    S: Service<Request<B>, Response = Response<T>> + Clone,
    B: http_body::Body,
    R: ResponseForRejection<T>,
{
    type Response = Response<T>;
    type Error = S::Error;
    type Future = ResponseFuture<S, B, T, R>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let decision = self.layer.guard.check(
            request.method().as_str(),
            || path_and_query(&request),
            request.headers(),
        );
        match decision {
            Decision::Ready(Ok(authenticated)) => {
                let authenticated = insert_user(authenticated, &mut request);
                ResponseFuture::inner(self.inner.call(request), authenticated)
            }
            Decision::Ready(Err(rejection)) => {
                ResponseFuture::rejected(self.layer.drain(request), self.layer.reject(rejection))
            }
            Decision::Pending(pending) => {
                // The service that is ready is the one to call; its clone takes its place.
                let clone = self.inner.clone();
                let inner = mem::replace(&mut self.inner, clone);
                ResponseFuture::verifying(pending, request, inner, self.layer.clone())
            }
        }
    }
}

/// Leaves the user, or that no credential was sent, to the handler. What remains is for its response.
pub(crate) fn insert_user<B>(
    mut authenticated: Authenticated,
    request: &mut Request<B>,
) -> Authenticated {
    match authenticated.user.take() {
        Some(user) => drop(request.extensions_mut().insert(user)),
        None => drop(request.extensions_mut().insert(Anonymous)),
    }
    authenticated
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
