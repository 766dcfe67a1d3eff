//! The least that a protected route can cost when tokens are opaque and can be ended: a SHA-256, a look into a map,
//! an entry in the extensions of the request. Written by hand, without any of the rules.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::task::{Context, Poll};

use actix_web::HttpMessage as _;
use actix_web::body::{BoxBody, EitherBody};
use actix_web::dev::{
    Service as ActixService, ServiceRequest, ServiceResponse, Transform, forward_ready,
};
use dashmap::DashMap;
use futures_util::future::{Either, FutureExt as _};
use http::{Request, Response, StatusCode};
use sha2::{Digest as _, Sha256};
use tower::{Layer, Service};

/// Who sent a request: about as much as a session of ours holds.
#[derive(Clone, Debug)]
pub struct Person(pub Arc<(String, String)>);

pub type Hash = [u8; 32];

/// Where the limit keeps its sessions.
pub trait Sessions: Clone + Send + Sync + 'static {
    fn person(&self, hash: &Hash) -> Option<Person>;
}

/// A cache with a bound.
pub type MokaSessions = moka::sync::Cache<Hash, Person>;
/// A map without one.
pub type MapSessions = Arc<DashMap<Hash, Person>>;

impl Sessions for MokaSessions {
    fn person(&self, hash: &Hash) -> Option<Person> {
        self.get(hash)
    }
}

impl Sessions for MapSessions {
    fn person(&self, hash: &Hash) -> Option<Person> {
        self.get(hash).map(|person| person.clone())
    }
}

/// A cache that holds these tokens.
pub fn moka_sessions(tokens: &[String]) -> MokaSessions {
    let sessions = MokaSessions::new(2_000_000);
    for token in tokens {
        sessions.insert(hash(token.as_bytes()), person(token));
    }
    sessions.run_pending_tasks();
    sessions
}

/// A map that holds these tokens.
pub fn map_sessions(tokens: &[String]) -> MapSessions {
    Arc::new(
        tokens
            .iter()
            .map(|token| (hash(token.as_bytes()), person(token)))
            .collect(),
    )
}

fn person(token: &str) -> Person {
    Person(Arc::new((token.to_owned(), token.to_owned())))
}

pub fn hash(token: &[u8]) -> Hash {
    Sha256::digest(token).into()
}

/// The person behind the value of an `Authorization` header.
pub fn admit(sessions: &impl Sessions, authorization: Option<&[u8]>) -> Option<Person> {
    sessions.person(&hash(authorization?.strip_prefix(b"Bearer ")?))
}

/// For tower.
#[derive(Clone)]
pub struct LimitLayer<M>(pub M);

#[derive(Clone)]
pub struct LimitService<S, M> {
    inner: S,
    sessions: M,
}

impl<S, M: Clone> Layer<S> for LimitLayer<M> {
    type Service = LimitService<S, M>;

    fn layer(&self, inner: S) -> Self::Service {
        LimitService {
            inner,
            sessions: self.0.clone(),
        }
    }
}

impl<S, M, B, R> Service<Request<B>> for LimitService<S, M>
where
    S: Service<Request<B>, Response = Response<R>, Error = Infallible>,
    M: Sessions,
    R: Default,
{
    type Response = Response<R>;
    type Error = Infallible;
    type Future = Either<S::Future, Ready<Result<Response<R>, Infallible>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let authorization = request.headers().get(http::header::AUTHORIZATION);
        match admit(&self.sessions, authorization.map(|value| value.as_bytes())) {
            Some(person) => {
                request.extensions_mut().insert(person);
                Either::Left(self.inner.call(request))
            }
            None => {
                let mut response = Response::new(R::default());
                *response.status_mut() = StatusCode::UNAUTHORIZED;
                Either::Right(ready(Ok(response)))
            }
        }
    }
}

/// A layer that does nothing.
#[derive(Clone)]
pub struct NoLayer;

#[derive(Clone)]
pub struct NoService<S>(S);

impl<S> Layer<S> for NoLayer {
    type Service = NoService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        NoService(inner)
    }
}

impl<S: Service<Q>, Q> Service<Q> for NoService<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: Q) -> Self::Future {
        self.0.call(request)
    }
}

/// For actix. `None` lets everybody in: a middleware that does nothing.
#[derive(Clone)]
pub struct LimitTransform<M>(pub Option<M>);

pub struct LimitMiddleware<S, M> {
    inner: S,
    sessions: Option<M>,
}

impl<S, M> Transform<S, ServiceRequest> for LimitTransform<M>
where
    S: ActixService<ServiceRequest, Response = ServiceResponse<BoxBody>, Error = actix_web::Error>,
    M: Sessions,
{
    type Response = ServiceResponse<EitherBody<BoxBody>>;
    type Error = actix_web::Error;
    type Transform = LimitMiddleware<S, M>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, inner: S) -> Self::Future {
        ready(Ok(LimitMiddleware {
            inner,
            sessions: self.0.clone(),
        }))
    }
}

type ActixAnswer = Result<ServiceResponse<EitherBody<BoxBody>>, actix_web::Error>;

impl<S, M> ActixService<ServiceRequest> for LimitMiddleware<S, M>
where
    S: ActixService<ServiceRequest, Response = ServiceResponse<BoxBody>, Error = actix_web::Error>,
    M: Sessions,
{
    type Response = ServiceResponse<EitherBody<BoxBody>>;
    type Error = actix_web::Error;
    type Future = Either<
        futures_util::future::Map<
            S::Future,
            fn(Result<ServiceResponse<BoxBody>, actix_web::Error>) -> ActixAnswer,
        >,
        Ready<ActixAnswer>,
    >;

    forward_ready!(inner);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        if let Some(sessions) = &self.sessions {
            let authorization = request.headers().get("authorization");
            let Some(person) = admit(sessions, authorization.map(|value| value.as_bytes())) else {
                let refused =
                    request.into_response(actix_web::HttpResponse::Unauthorized().finish());
                return Either::Right(ready(Ok(refused.map_into_right_body())));
            };
            request.extensions_mut().insert(person);
        }
        let left: fn(_) -> _ = |answer: Result<ServiceResponse<BoxBody>, _>| {
            answer.map(ServiceResponse::map_into_left_body)
        };
        Either::Left(self.inner.call(request).map(left))
    }
}
