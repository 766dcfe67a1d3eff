//! The future of the middleware: no box on the way of a session that is in memory.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse};
use pin_project_lite::pin_project;
use wecom_login::web::{Authenticated, Drain, Rejection};

use crate::auth_middleware::AuthMiddleware;
use crate::payload::PayloadBody;
use crate::respond::ActixHead;
use crate::service::insert_user;

type Pending = Pin<Box<dyn Future<Output = Result<Authenticated, Rejection>> + Send>>;

pin_project! {
    /// The response future of [`AuthMiddlewareService`](crate::AuthMiddlewareService).
    pub struct ResponseFuture<S>
    where
        S: Service<ServiceRequest>,
    {
        #[pin]
        kind: Kind<S, S::Future>,
    }
}

pin_project! {
    #[project = KindProj]
    enum Kind<S, F> {
        Inner {
            #[pin]
            future: F,
            authenticated: Authenticated,
        },
        Rejected {
            #[pin]
            drain: Option<Drain<PayloadBody>>,
            response: Option<ServiceResponse>,
        },
        Verifying {
            pending: Pending,
            request: Option<ServiceRequest>,
            inner: Rc<S>,
            middleware: AuthMiddleware,
        },
    }
}

impl<S> ResponseFuture<S>
where
    S: Service<ServiceRequest>,
{
    pub(crate) const fn inner(future: S::Future, authenticated: Authenticated) -> Self {
        Self {
            kind: Kind::Inner {
                future,
                authenticated,
            },
        }
    }

    pub(crate) const fn rejected(
        drain: Option<Drain<PayloadBody>>,
        response: ServiceResponse,
    ) -> Self {
        Self {
            kind: Kind::Rejected {
                drain,
                response: Some(response),
            },
        }
    }

    pub(crate) const fn verifying(
        pending: Pending,
        request: ServiceRequest,
        inner: Rc<S>,
        middleware: AuthMiddleware,
    ) -> Self {
        Self {
            kind: Kind::Verifying {
                pending,
                request: Some(request),
                inner,
                middleware,
            },
        }
    }
}

impl<S, B> Future for ResponseFuture<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>>,
    B: MessageBody,
{
    type Output = Result<ServiceResponse<EitherBody<B>>, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut kind = self.project().kind;
        loop {
            let next = match kind.as_mut().project() {
                KindProj::Inner {
                    future,
                    authenticated,
                } => {
                    let mut response = ready!(future.poll(cx))?;
                    authenticated.apply_to(&mut ActixHead(response.response_mut().head_mut()));
                    return Poll::Ready(Ok(response.map_into_left_body()));
                }
                KindProj::Rejected { drain, response } => {
                    if let Some(drain) = drain.as_pin_mut() {
                        ready!(drain.poll(cx));
                    }
                    let response = response
                        .take()
                        .expect("a future is not polled after it is ready");
                    return Poll::Ready(Ok(response.map_into_right_body()));
                }
                KindProj::Verifying {
                    pending,
                    request,
                    inner,
                    middleware,
                } => {
                    let decided = ready!(pending.as_mut().poll(cx));
                    let mut request = request
                        .take()
                        .expect("this state is left when the decision is there");
                    match decided {
                        Ok(authenticated) => {
                            let authenticated = insert_user(authenticated, &request);
                            Kind::Inner {
                                future: inner.call(request),
                                authenticated,
                            }
                        }
                        Err(rejection) => Kind::Rejected {
                            drain: middleware.drain(&mut request),
                            response: Some(request.into_response(middleware.reject(rejection))),
                        },
                    }
                }
            };
            kind.set(next);
        }
    }
}

impl<S: Service<ServiceRequest>> fmt::Debug for ResponseFuture<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResponseFuture")
    }
}
