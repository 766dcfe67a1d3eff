//! The future of the middleware: no box on the way of a session that is in memory.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::header::{HeaderValue, SET_COOKIE};
use http::{Request, Response};
use pin_project_lite::pin_project;
use tower_service::Service;
use wecom_login::PendingVerify;

use crate::layer::RequireLogin;
use crate::rejection::ResponseForRejection;

pin_project! {
    /// The response future of [`RequireLoginService`](crate::RequireLoginService).
    pub struct ResponseFuture<S, B, R, J>
    where
        S: Service<Request<B>>,
    {
        #[pin]
        kind: Kind<S, B, R, J, S::Future>,
    }
}

pin_project! {
    #[project = KindProj]
    enum Kind<S, B, R, J, F> {
        Inner {
            #[pin]
            future: F,
            set_cookie: Option<HeaderValue>,
        },
        Rejected {
            response: Option<Response<R>>,
        },
        Verifying {
            pending: PendingVerify,
            request: Option<Request<B>>,
            inner: S,
            require: RequireLogin<J>,
        },
    }
}

impl<S, B, R, J> ResponseFuture<S, B, R, J>
where
    S: Service<Request<B>>,
{
    pub(crate) const fn inner(future: S::Future, set_cookie: Option<HeaderValue>) -> Self {
        Self {
            kind: Kind::Inner { future, set_cookie },
        }
    }

    pub(crate) const fn rejected(response: Response<R>) -> Self {
        Self {
            kind: Kind::Rejected {
                response: Some(response),
            },
        }
    }

    pub(crate) const fn verifying(
        pending: PendingVerify,
        request: Request<B>,
        inner: S,
        require: RequireLogin<J>,
    ) -> Self {
        Self {
            kind: Kind::Verifying {
                pending,
                request: Some(request),
                inner,
                require,
            },
        }
    }
}

impl<S, B, R, J> Future for ResponseFuture<S, B, R, J>
where
    S: Service<Request<B>, Response = Response<R>>,
    J: ResponseForRejection<R>,
{
    type Output = Result<Response<R>, S::Error>;

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
                        .expect("a future is not polled after its end")));
                }
                KindProj::Verifying {
                    pending,
                    request,
                    inner,
                    require,
                } => {
                    let result = ready!(pending.as_mut().poll(cx));
                    let mut request = request
                        .take()
                        .expect("this state is left once the answer is there");
                    match require.settle(result, &mut request) {
                        Ok(set_cookie) => Kind::Inner {
                            future: inner.call(request),
                            set_cookie,
                        },
                        Err(response) => Kind::Rejected {
                            response: Some(response),
                        },
                    }
                }
            };
            kind.set(next);
        }
    }
}

impl<S: Service<Request<B>>, B, R, J> fmt::Debug for ResponseFuture<S, B, R, J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResponseFuture")
    }
}
