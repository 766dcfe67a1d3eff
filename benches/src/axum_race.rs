//! A protected route in axum, and the layer alone around a bare tower service.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::hint::black_box;

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use futures_util::FutureExt as _;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use tower::{Layer as _, Service, ServiceExt as _, service_fn};
use wecom_login::WecomLogin;
use wecom_login_tower::RequireLogin;

use crate::interleave::Contestant;
use crate::limit::{LimitLayer, MapSessions, MokaSessions, NoLayer};

/// What stands behind every layer here.
pub async fn handler() -> StatusCode {
    StatusCode::OK
}

/// The headers of one request each, taken in an order that no cache of the processor foresees.
#[derive(Clone)]
pub struct Requests {
    headers: Vec<HeaderMap>,
    next: usize,
}

impl Requests {
    /// With `Authorization: Bearer …`.
    pub fn with_tokens(tokens: &[String]) -> Self {
        let values = tokens.iter().map(|token| HeaderValue::from_str(&format!("Bearer {token}")).unwrap());
        Self::with(header::AUTHORIZATION, values)
    }

    /// With one header each.
    pub fn with(name: header::HeaderName, values: impl IntoIterator<Item = HeaderValue>) -> Self {
        let headers = values.into_iter().map(|value| HeaderMap::from_iter([(name.clone(), value)]));
        Self { headers: headers.collect(), next: 0 }
    }

    /// The next one.
    pub fn next(&mut self) -> Request<Body> {
        self.next = (self.next + 7919) % self.headers.len();
        let mut request = Request::new(Body::empty());
        *request.headers_mut() = self.headers[self.next].clone();
        request
    }
}

/// Serves a request; nothing here has to wait.
pub fn serve<S, R>(service: &mut S, request: Request<Body>) -> Response<R>
where
    S: Service<Request<Body>, Response = Response<R>, Error = Infallible>,
{
    let ready = service.ready().now_or_never().expect("no service here has to wait").unwrap();
    ready.call(request).now_or_never().expect("no answer here has to wait").unwrap()
}

/// Sends requests to a service, which have to be answered with this status.
pub fn asking<'a, S, R>(
    name: &'static str,
    mut service: S,
    mut requests: Requests,
    status: StatusCode,
) -> Contestant<'a>
where
    S: Service<Request<Body>, Response = Response<R>, Error = Infallible> + 'a,
    R: 'a,
{
    Contestant::new(name, move |times| {
        for _ in 0..times {
            let response = serve(&mut service, requests.next());
            assert_eq!(response.status(), status, "{name}");
            black_box(response);
        }
    })
}

pub fn bare_router() -> Router {
    Router::new().route("/", get(handler))
}

pub fn limited_router<M: crate::limit::Sessions>(sessions: M) -> Router {
    bare_router().route_layer(LimitLayer(sessions))
}

pub fn our_router(login: &WecomLogin) -> Router {
    bare_router().route_layer(RequireLogin::new(login))
}

/// Ours and its baselines on an axum route.
pub fn routes<'a>(
    login: &WecomLogin,
    tokens: &[String],
    moka: &MokaSessions,
    map: &MapSessions,
) -> Vec<Contestant<'a>> {
    let requests = Requests::with_tokens(tokens);
    let ask = |name, router: Router| asking(name, router, requests.clone(), StatusCode::OK);
    vec![
        ask("bare handler", bare_router()),
        ask("no-op layer", bare_router().route_layer(NoLayer)),
        ask("limit, map", limited_router(map.clone())),
        ask("limit, moka", limited_router(moka.clone())),
        ask("wecom-login", our_router(login)),
    ]
}

fn leaf(_: Request<Body>) -> Ready<Result<Response<Body>, Infallible>> {
    ready(Ok(Response::new(Body::empty())))
}

/// Ours and its baselines around a service of tower that is ready at once.
pub fn stacks<'a>(
    login: &WecomLogin,
    tokens: &[String],
    moka: &MokaSessions,
    map: &MapSessions,
) -> Vec<Contestant<'a>> {
    let requests = Requests::with_tokens(tokens);
    let ours = RequireLogin::new(login).layer(service_fn(leaf));
    vec![
        asking("bare service", service_fn(leaf), requests.clone(), StatusCode::OK),
        asking(
            "limit, map",
            LimitLayer(map.clone()).layer(service_fn(leaf)),
            requests.clone(),
            StatusCode::OK,
        ),
        asking(
            "limit, moka",
            LimitLayer(moka.clone()).layer(service_fn(leaf)),
            requests.clone(),
            StatusCode::OK,
        ),
        asking("wecom-login", ours, requests, StatusCode::OK),
    ]
}

/// Tokens that are none of ours: random text, and one that looks like ours with a wrong mark.
pub fn refusals<'a>(login: &WecomLogin, tokens: &[String]) -> Vec<Contestant<'a>> {
    let foreign: Vec<String> = (0..1000).map(|number| format!("{number:046}")).collect();
    let forged: Vec<String> = tokens
        .iter()
        .map(|token| {
            let mut forged = token.clone().into_bytes();
            forged[10] = if forged[10] == b'A' { b'B' } else { b'A' };
            String::from_utf8(forged).unwrap()
        })
        .collect();
    let refused = |name, tokens: &[String]| {
        asking(name, our_router(login), Requests::with_tokens(tokens), StatusCode::UNAUTHORIZED)
    };
    vec![
        asking("bare handler", bare_router(), Requests::with_tokens(tokens), StatusCode::OK),
        asking("a hit", our_router(login), Requests::with_tokens(tokens), StatusCode::OK),
        refused("text that is no token", &foreign),
        refused("a forged token", &forged),
    ]
}
