//! The future of the middleware: no box on the way of a session that is in memory.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::{Request, Response};
use pin_project_lite::pin_project;
use tower_service::Service;
use wecom_login::web::{Authenticated, Drain, Rejection};

use crate::layer::AuthLayer;
use crate::rejection::ResponseForRejection;
use crate::service::insert_user;

type Pending = Pin<Box<dyn Future<Output = Result<Authenticated, Rejection>> + Send>>;

pin_project! {
    /// The response future of [`Auth`](crate::Auth).
    pub struct ResponseFuture<S, B, T, R>
    where
        S: Service<Request<B>>,
    {
        #[pin]
        kind: Kind<S, B, T, R, S::Future>,
    }
}

pin_project! {
    #[project = KindProj]
    enum Kind<S, B, T, R, F> {
        Inner {
            #[pin]
            future: F,
            authenticated: Authenticated,
        },
        Rejected {
            #[pin]
            drain: Option<Drain<B>>,
            response: Option<Response<T>>,
        },
        Verifying {
            pending: Pending,
            request: Option<Request<B>>,
            inner: S,
            layer: AuthLayer<R>,
        },
    }
}

impl<S, B, T, R> ResponseFuture<S, B, T, R>
where
    S: Service<Request<B>>,
{
    pub(crate) const fn inner(future: S::Future, authenticated: Authenticated) -> Self {
        Self {
            kind: Kind::Inner {
                future,
                authenticated,
            },
        }
    }

    pub(crate) const fn rejected(drain: Option<Drain<B>>, response: Response<T>) -> Self {
        Self {
            kind: Kind::Rejected {
                drain,
                response: Some(response),
            },
        }
    }

    pub(crate) const fn verifying(
        pending: Pending,
        request: Request<B>,
        inner: S,
        layer: AuthLayer<R>,
    ) -> Self {
        Self {
            kind: Kind::Verifying {
                pending,
                request: Some(request),
                inner,
                layer,
            },
        }
    }
}

impl<S, B, T, R> Future for ResponseFuture<S, B, T, R>
where
    S: Service<Request<B>, Response = Response<T>>,
    B: http_body::Body,
    R: ResponseForRejection<T>,
{
    type Output = Result<Response<T>, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut kind = self.project().kind;
        loop {
            let next = match kind.as_mut().project() {
                KindProj::Inner {
                    future,
                    authenticated,
                } => {
                    let mut response = ready!(future.poll(cx))?;
                    authenticated.apply_to(&mut response);
                    return Poll::Ready(Ok(response));
                }
                KindProj::Rejected { drain, response } => {
                    if let Some(drain) = drain.as_pin_mut() {
                        ready!(drain.poll(cx));
                    }
                    return Poll::Ready(Ok(response
                        .take()
                        .expect("a future is not polled after it is ready")));
                }
                KindProj::Verifying {
                    pending,
                    request,
                    inner,
                    layer,
                } => {
                    let decided = ready!(pending.as_mut().poll(cx));
                    let mut request = request
                        .take()
                        .expect("this state is left when the decision is there");
                    match decided {
                        Ok(authenticated) => {
                            let authenticated = insert_user(authenticated, &mut request);
                            Kind::Inner {
                                future: inner.call(request),
                                authenticated,
                            }
                        }
                        Err(rejection) => Kind::Rejected {
                            drain: layer.drain(request),
                            response: Some(layer.reject(rejection)),
                        },
                    }
                }
            };
            kind.set(next);
        }
    }
}

impl<S: Service<Request<B>>, B, T, R> fmt::Debug for ResponseFuture<S, B, T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResponseFuture")
    }
}
