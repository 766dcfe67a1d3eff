//! The service that [`AuthMiddleware`] makes of the one behind it.

use std::fmt;
use std::rc::Rc;

use actix_web::HttpMessage as _;
use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, forward_ready};
use wecom_login::web::{Authenticated, Decision};

use crate::auth_middleware::AuthMiddleware;
use crate::future::ResponseFuture;
use crate::headers::ActixHeaders;

/// Left in the extensions of a request that came without credentials through an optional middleware.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Anonymous;

/// The middleware of [`AuthMiddleware`].
pub struct AuthMiddlewareService<S> {
    // Shared with the futures that wait for the database.
    inner: Rc<S>,
    middleware: AuthMiddleware,
}

impl<S> AuthMiddlewareService<S> {
    pub(crate) const fn new(inner: Rc<S>, middleware: AuthMiddleware) -> Self {
        Self { inner, middleware }
    }
}

impl<S, B> Service<ServiceRequest> for AuthMiddlewareService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>>,
    B: MessageBody,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = S::Error;
    type Future = ResponseFuture<S>;

    forward_ready!(inner);

    fn call(&self, mut request: ServiceRequest) -> Self::Future {
        let decision = self.middleware.guard.check(
            request.method().as_str(),
            || path_and_query(&request),
            &ActixHeaders(request.headers()),
        );
        match decision {
            Decision::Ready(Ok(authenticated)) => {
                let authenticated = insert_user(authenticated, &request);
                ResponseFuture::inner(self.inner.call(request), authenticated)
            }
            Decision::Ready(Err(rejection)) => {
                let drain = self.middleware.drain(&mut request);
                let response = request.into_response(self.middleware.reject(rejection));
                ResponseFuture::rejected(drain, response)
            }
            Decision::Pending(pending) => ResponseFuture::verifying(
                pending,
                request,
                Rc::clone(&self.inner),
                self.middleware.clone(),
            ),
        }
    }
}

/// Leaves the user, or that no credential was sent, to the handler. What remains is for its response.
pub(crate) fn insert_user(
    mut authenticated: Authenticated,
    request: &ServiceRequest,
) -> Authenticated {
    match authenticated.user.take() {
        Some(user) => drop(request.extensions_mut().insert(user)),
        None => drop(request.extensions_mut().insert(Anonymous)),
    }
    authenticated
}

/// What the browser asked for: actix leaves the URI whole, whatever scopes the route is in.
fn path_and_query(request: &ServiceRequest) -> &str {
    request
        .uri()
        .path_and_query()
        .map_or("/", |path_and_query| path_and_query.as_str())
}

impl<S> fmt::Debug for AuthMiddlewareService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthMiddlewareService")
            .field("middleware", &self.middleware)
            .finish_non_exhaustive()
    }
}
