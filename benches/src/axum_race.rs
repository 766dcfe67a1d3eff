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
use wecom_login_tower::{AuthLayer, User};

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
        let values = tokens
            .iter()
            .map(|token| HeaderValue::from_str(&format!("Bearer {token}")).unwrap());
        Self::with(header::AUTHORIZATION, values)
    }

    /// With the session cookie of a browser, beside another one.
    pub fn with_cookies(tokens: &[String]) -> Self {
        let values = tokens.iter().map(|token| {
            HeaderValue::from_str(&format!("theme=dark; wecom_login={token}")).unwrap()
        });
        Self::with(header::COOKIE, values)
    }

    /// With one header each.
    pub fn with(name: header::HeaderName, values: impl IntoIterator<Item = HeaderValue>) -> Self {
        let headers = values
            .into_iter()
            .map(|value| HeaderMap::from_iter([(name.clone(), value)]));
        Self {
            headers: headers.collect(),
            next: 0,
        }
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
    let ready = service
        .ready()
        .now_or_never()
        .expect("no service here has to wait")
        .unwrap();
    ready
        .call(request)
        .now_or_never()
        .expect("no answer here has to wait")
        .unwrap()
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
    bare_router().route_layer(AuthLayer::required(login))
}

/// A handler that takes the user as an argument.
pub fn our_router_with_user(login: &WecomLogin) -> Router {
    let greet = async |user: User| {
        black_box(user.user_id());
        StatusCode::OK
    };
    Router::new()
        .route("/", get(greet))
        .route_layer(AuthLayer::required(login))
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
        ask(
            "wecom-login, `User` in the handler",
            our_router_with_user(login),
        ),
        asking(
            "wecom-login, cookie",
            our_router(login),
            Requests::with_cookies(tokens),
            StatusCode::OK,
        ),
    ]
}

/// A service of tower that is ready at once.
pub fn bare_stack()
-> impl Service<Request<Body>, Response = Response<Body>, Error = Infallible, Future: Send> + Clone
{
    service_fn(
        |_: Request<Body>| -> Ready<Result<Response<Body>, Infallible>> {
            ready(Ok(Response::new(Body::empty())))
        },
    )
}

/// Ours and its baselines around a bare service of tower.
pub fn stacks<'a>(
    login: &WecomLogin,
    tokens: &[String],
    moka: &MokaSessions,
    map: &MapSessions,
) -> Vec<Contestant<'a>> {
    let requests = || Requests::with_tokens(tokens);
    let (limit_map, limit_moka) = (LimitLayer(map.clone()), LimitLayer(moka.clone()));
    let ours = AuthLayer::required(login).layer(bare_stack());
    vec![
        asking("bare service", bare_stack(), requests(), StatusCode::OK),
        asking(
            "no-op layer",
            NoLayer.layer(bare_stack()),
            requests(),
            StatusCode::OK,
        ),
        asking(
            "limit, map",
            limit_map.layer(bare_stack()),
            requests(),
            StatusCode::OK,
        ),
        asking(
            "limit, moka",
            limit_moka.layer(bare_stack()),
            requests(),
            StatusCode::OK,
        ),
        asking("wecom-login", ours, requests(), StatusCode::OK),
    ]
}

/// Tokens that are none of ours.
#[derive(Debug)]
pub struct Foreign {
    /// As long as ours.
    pub random: Vec<String>,
    /// Four thousand characters of it.
    pub long: Vec<String>,
    /// Like ours, with a wrong mark.
    pub forged: Vec<String>,
}

impl Foreign {
    /// As many of the last kind as there are good ones.
    pub fn new(tokens: &[String]) -> Self {
        let forged = tokens.iter().map(|token| {
            let mut forged = token.clone().into_bytes();
            forged[10] = if forged[10] == b'A' { b'B' } else { b'A' };
            String::from_utf8(forged).unwrap()
        });
        Self {
            random: (0..1000).map(|number| format!("{number:046}")).collect(),
            long: (0..100).map(|number| format!("{number:04000}")).collect(),
            forged: forged.collect(),
        }
    }
}

/// Requests that are let in nowhere.
pub fn refusals<'a>(
    login: &WecomLogin,
    tokens: &[String],
    moka: &MokaSessions,
) -> Vec<Contestant<'a>> {
    let foreign = Foreign::new(tokens);
    let refused = |name, router, tokens: &[String]| {
        asking(
            name,
            router,
            Requests::with_tokens(tokens),
            StatusCode::UNAUTHORIZED,
        )
    };
    let limit = || limited_router(moka.clone());
    let nothing = Requests::with(
        header::ACCEPT,
        [HeaderValue::from_static("application/json")],
    );
    vec![
        asking(
            "bare handler",
            bare_router(),
            Requests::with_tokens(tokens),
            StatusCode::OK,
        ),
        asking(
            "wecom-login: a hit",
            our_router(login),
            Requests::with_tokens(tokens),
            StatusCode::OK,
        ),
        refused("limit, moka: empty 401", limit(), &foreign.random),
        refused(
            "limit, moka: empty 401, 4000 characters",
            limit(),
            &foreign.long,
        ),
        asking(
            "wecom-login: nothing sent",
            our_router(login),
            nothing,
            StatusCode::UNAUTHORIZED,
        ),
        refused(
            "wecom-login: text that is no token",
            our_router(login),
            &foreign.random,
        ),
        refused(
            "wecom-login: 4000 characters",
            our_router(login),
            &foreign.long,
        ),
        refused(
            "wecom-login: a forged token",
            our_router(login),
            &foreign.forged,
        ),
    ]
}
