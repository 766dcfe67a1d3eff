//! The service that the layer makes.

use std::mem;
use std::task::{Context, Poll};

use http::header::{HeaderValue, LOCATION, SET_COOKIE, WWW_AUTHENTICATE};
use http::{Request, Response, StatusCode};
use tower_service::Service;
use wecom_login::web::Rejection;
use wecom_login::{Error, Verified, Verify};

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
    guard: RequireLogin<J>,
}

impl<S, J> RequireLoginService<S, J> {
    pub(crate) const fn new(inner: S, guard: RequireLogin<J>) -> Self {
        Self { inner, guard }
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
        let rules = &self.guard.rules;
        match rules.login.verify(request.method().as_str(), request.headers()) {
            Verify::Ready(result) => match self.guard.admit(result, &mut request) {
                Ok(set_cookie) => ResponseFuture::inner(self.inner.call(request), set_cookie),
                Err(response) => ResponseFuture::rejected(response),
            },
            Verify::Absent if rules.optional => {
                request.extensions_mut().insert(Anonymous);
                ResponseFuture::inner(self.inner.call(request), None)
            }
            Verify::Pending(pending) => {
                // The service that is ready is the one to call; its clone takes its place.
                let clone = self.inner.clone();
                let inner = mem::replace(&mut self.inner, clone);
                ResponseFuture::verifying(pending, request, inner, self.guard.clone())
            }
            // What a later version of `Verify` adds lets nobody in.
            _ => ResponseFuture::rejected(self.guard.reject(Rejection::unauthenticated(), &request)),
        }
    }
}

impl<J> RequireLogin<J> {
    /// Puts the user into the request, or says why not. What is left is a cookie to clear.
    pub(crate) fn admit<B, R>(
        &self,
        result: Result<Verified, Error>,
        request: &mut Request<B>,
    ) -> Result<Option<HeaderValue>, Response<R>>
    where
        J: ResponseForRejection<R>,
    {
        let verified = match result {
            Ok(verified) => verified,
            Err(error) => {
                return Err(self.reject(self.rules.login.reject(error, request.headers()), request));
            }
        };
        if !self.rules.predicates.iter().all(|predicate| predicate(&verified.user)) {
            return Err(self.reject(Rejection::forbidden(), request));
        }
        request.extensions_mut().insert(verified.user);
        Ok(if verified.clear_cookie { cookie(&self.rules.login.clear_cookie()) } else { None })
    }

    fn reject<B, R>(&self, rejection: Rejection, request: &Request<B>) -> Response<R>
    where
        J: ResponseForRejection<R>,
    {
        let mut response = self.rejection.response(&rejection);
        if let Some(location) = self.location(&rejection, request) {
            *response.status_mut() = StatusCode::FOUND;
            response.headers_mut().remove(WWW_AUTHENTICATE);
            response.headers_mut().insert(LOCATION, location);
        }
        if let Some(cookie) = rejection.set_cookie().and_then(cookie)
            && !response.headers().get_all(SET_COOKIE).iter().any(|set| set == cookie)
        {
            response.headers_mut().append(SET_COOKIE, cookie);
        }
        response.extensions_mut().insert(rejection);
        response
    }

    fn location<B>(&self, rejection: &Rejection, request: &Request<B>) -> Option<HeaderValue> {
        if !self.rules.redirect {
            return None;
        }
        let path_and_query = original_uri(request).path_and_query()?.as_str();
        let method = request.method().as_str();
        let location = self.rules.login.redirect(rejection, method, request.headers(), path_and_query)?;
        HeaderValue::try_from(location).ok()
    }
}

fn cookie(text: &str) -> Option<HeaderValue> {
    HeaderValue::from_str(text).ok()
}

/// The URI that the browser asked for: axum's `nest` strips what stands before.
#[cfg(feature = "axum")]
fn original_uri<B>(request: &Request<B>) -> &http::Uri {
    let original = request.extensions().get::<::axum::extract::OriginalUri>();
    original.map_or_else(|| request.uri(), |original| &original.0)
}

#[cfg(not(feature = "axum"))]
fn original_uri<B>(request: &Request<B>) -> &http::Uri {
    request.uri()
}
