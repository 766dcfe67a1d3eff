//! The service that [`RequireLogin`] makes of the one behind it.

use std::fmt;
use std::rc::Rc;

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, forward_ready};
use actix_web::http::header::HeaderValue;
use actix_web::{HttpMessage as _, HttpResponse};
use wecom_login::web::{Authenticated, Check};
use wecom_login::{Error, Verified};

use crate::future::ResponseFuture;
use crate::headers::ActixHeaders;
use crate::require_login::{RequireLogin, header};

/// Left in the extensions of a request that came without credentials through an optional middleware.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Anonymous;

/// The middleware of [`RequireLogin`].
pub struct RequireLoginMiddleware<S> {
    // Shared with the futures that wait for the database.
    inner: Rc<S>,
    require: RequireLogin,
}

impl<S> RequireLoginMiddleware<S> {
    pub(crate) const fn new(inner: Rc<S>, require: RequireLogin) -> Self {
        Self { inner, require }
    }
}

impl<S, B> Service<ServiceRequest> for RequireLoginMiddleware<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>>,
    B: MessageBody,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = S::Error;
    type Future = ResponseFuture<S>;

    forward_ready!(inner);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        match self.require.check(&request) {
            Check::Ready(Ok(admitted)) => {
                let set_cookie = enter(admitted, &request);
                ResponseFuture::inner(self.inner.call(request), set_cookie)
            }
            Check::Ready(Err(rejection)) => {
                ResponseFuture::rejected(request.into_response(self.require.reject(rejection)))
            }
            Check::Pending(pending) => ResponseFuture::verifying(
                pending,
                request,
                Rc::clone(&self.inner),
                self.require.clone(),
            ),
        }
    }
}

impl RequireLogin {
    fn check(&self, request: &ServiceRequest) -> Check {
        let headers = ActixHeaders(request.headers());
        self.guard.check(
            request.method().as_str(),
            || path_and_query(request),
            &headers,
        )
    }

    /// Puts the user into the request, or says why not. What is left is a cookie to clear.
    #[expect(
        clippy::result_large_err,
        reason = "a rejection is the response itself; it is made once and handed on"
    )]
    pub(crate) fn settle(
        &self,
        result: Result<Verified, Error>,
        request: &ServiceRequest,
    ) -> Result<Option<HeaderValue>, HttpResponse> {
        let headers = ActixHeaders(request.headers());
        let method = request.method().as_str();
        match self
            .guard
            .settle(result, method, || path_and_query(request), &headers)
        {
            Ok(admitted) => Ok(enter(admitted, request)),
            Err(rejection) => Err(self.reject(rejection)),
        }
    }
}

/// Leaves who it is, or that nothing was sent, to the handler.
fn enter(admitted: Authenticated, request: &ServiceRequest) -> Option<HeaderValue> {
    match admitted.user {
        Some(user) => drop(request.extensions_mut().insert(user)),
        None => drop(request.extensions_mut().insert(Anonymous)),
    }
    admitted.set_cookie.as_deref().and_then(header)
}

/// What the browser asked for: actix leaves the URI whole, whatever scopes the route is in.
fn path_and_query(request: &ServiceRequest) -> &str {
    request
        .uri()
        .path_and_query()
        .map_or("/", |path_and_query| path_and_query.as_str())
}

impl<S> fmt::Debug for RequireLoginMiddleware<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequireLoginMiddleware")
            .field("require", &self.require)
            .finish_non_exhaustive()
    }
}
