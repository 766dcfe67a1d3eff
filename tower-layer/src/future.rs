//! The future of the middleware: no box on the way of a session that is in memory.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::header::{HeaderValue, SET_COOKIE};
use http::{Request, Response};
use pin_project_lite::pin_project;
use tower_service::Service;
use wecom_login::web::{Authenticated, Rejection};

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
            set_cookie: Option<HeaderValue>,
        },
        Rejected {
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
    pub(crate) const fn inner(future: S::Future, set_cookie: Option<HeaderValue>) -> Self {
        Self {
            kind: Kind::Inner { future, set_cookie },
        }
    }

    pub(crate) const fn rejected(response: Response<T>) -> Self {
        Self {
            kind: Kind::Rejected {
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
    R: ResponseForRejection<T>,
{
    type Output = Result<Response<T>, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut kind = self.project().kind;
        loop {
            let next = match kind.as_mut().project() {
                KindProj::Inner { future, set_cookie } => {
                    let mut response = ready!(future.poll(cx))?;
                    if let Some(cookie) = set_cookie.take() {
                        response.headers_mut().append(SET_COOKIE, cookie);
                    }
                    return Poll::Ready(Ok(response));
                }
                KindProj::Rejected { response } => {
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
                            let set_cookie = insert_user(authenticated, &mut request);
                            Kind::Inner {
                                future: inner.call(request),
                                set_cookie,
                            }
                        }
                        Err(rejection) => Kind::Rejected {
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
