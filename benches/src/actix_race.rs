//! A protected service in actix.

use std::hint::black_box;

use actix_web::body::MessageBody;
use actix_web::dev::{
    Payload, Service, ServiceFactory as _, ServiceRequest, ServiceResponse, Transform as _,
    fn_service,
};
use actix_web::http::StatusCode;
use actix_web::test::TestRequest;
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse};
use futures_util::FutureExt as _;
use wecom_login::WecomLogin;
use wecom_login_actix::AuthMiddleware;

use crate::axum_race::Foreign;
use crate::interleave::Contestant;
use crate::limit::{LimitTransform, MapSessions, MokaSessions};
use crate::peers::{actix_httpauth, actix_identity};

/// Requests that are used again, as actix's own server does it.
pub struct Requests {
    requests: Vec<HttpRequest>,
    next: usize,
}

impl Requests {
    /// With one header each.
    pub fn with(name: &str, values: &[String]) -> Self {
        let requests = values.iter().map(|value| {
            let request = TestRequest::default().insert_header((name, value.as_str()));
            request.to_http_request()
        });
        Self {
            requests: requests.collect(),
            next: 0,
        }
    }

    /// With `Authorization: Bearer …`.
    pub fn with_tokens(tokens: &[String]) -> Self {
        let values: Vec<String> = tokens
            .iter()
            .map(|token| format!("Bearer {token}"))
            .collect();
        Self::with("authorization", &values)
    }

    /// With the session cookie of a browser, beside another one.
    pub fn with_cookies(tokens: &[String]) -> Self {
        let values: Vec<String> = tokens
            .iter()
            .map(|token| format!("theme=dark; wecom_login={token}"))
            .collect();
        Self::with("cookie", &values)
    }

    /// Serves the next one, which has to be answered with this status.
    pub fn serve<S, B>(&mut self, service: &S, status: StatusCode)
    where
        S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = actix_web::Error>,
    {
        self.next = (self.next + 7919) % self.requests.len();
        let request = ServiceRequest::from_parts(self.requests[self.next].clone(), Payload::None);
        let response = service
            .call(request)
            .now_or_never()
            .expect("no answer here has to wait")
            .unwrap();
        assert_eq!(response.status(), status);
        let (request, response) = response.into_parts();
        black_box(response);
        request.extensions_mut().clear();
    }
}

fn asking<'a, S, B>(name: &'static str, service: S, requests: Requests) -> Contestant<'a>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = actix_web::Error> + 'a,
{
    answered(name, service, requests, StatusCode::OK)
}

fn answered<'a, S, B>(
    name: &'static str,
    service: S,
    mut requests: Requests,
    status: StatusCode,
) -> Contestant<'a>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = actix_web::Error> + 'a,
{
    Contestant::new(name, move |times| {
        for _ in 0..times {
            requests.serve(&service, status);
        }
    })
}

pub async fn leaf() -> impl Service<
    ServiceRequest,
    Response = ServiceResponse<actix_web::body::BoxBody>,
    Error = actix_web::Error,
> {
    let leaf = fn_service(async |request: ServiceRequest| {
        Ok::<_, actix_web::Error>(request.into_response(HttpResponse::Ok().finish()))
    });
    leaf.new_service(()).await.unwrap()
}

pub async fn ours(
    login: &WecomLogin,
) -> impl Service<
    ServiceRequest,
    Response = ServiceResponse<impl MessageBody + use<>>,
    Error = actix_web::Error,
> + use<> {
    AuthMiddleware::required(login)
        .new_transform(leaf().await)
        .await
        .unwrap()
}

/// A limit, or with `None` a middleware that does nothing.
pub async fn limit(
    sessions: Option<impl crate::limit::Sessions>,
) -> impl Service<ServiceRequest, Response = ServiceResponse<impl MessageBody>, Error = actix_web::Error>
{
    LimitTransform(sessions)
        .new_transform(leaf().await)
        .await
        .unwrap()
}

/// Ours, its baselines and its peers.
pub async fn middleware<'a>(
    login: &WecomLogin,
    tokens: &[String],
    moka: &MokaSessions,
    map: &MapSessions,
) -> Vec<Contestant<'a>> {
    let httpauth = actix_httpauth::service(leaf().await, moka.clone()).await;
    let (identity, cookies) = actix_identity::service(tokens.len()).await;
    let requests = || Requests::with_tokens(tokens);
    vec![
        asking("bare service", leaf().await, requests()),
        asking(
            "no-op middleware",
            limit(None::<MapSessions>).await,
            requests(),
        ),
        asking("limit, map", limit(Some(map.clone())).await, requests()),
        asking("limit, moka", limit(Some(moka.clone())).await, requests()),
        asking("wecom-login", ours(login).await, requests()),
        asking(
            "wecom-login, cookie",
            ours(login).await,
            Requests::with_cookies(tokens),
        ),
        asking("actix-web-httpauth", httpauth, requests()),
        asking(
            "actix-session + actix-identity",
            identity,
            Requests::with("cookie", &cookies),
        ),
    ]
}

/// Requests that are let in nowhere.
pub async fn refusals<'a>(
    login: &WecomLogin,
    tokens: &[String],
    moka: &MokaSessions,
) -> Vec<Contestant<'a>> {
    let foreign = Foreign::new(tokens);
    let (random, forged) = (
        || Requests::with_tokens(&foreign.random),
        || Requests::with_tokens(&foreign.forged),
    );
    let no = StatusCode::UNAUTHORIZED;
    vec![
        asking("bare service", leaf().await, Requests::with_tokens(tokens)),
        asking(
            "wecom-login: a hit",
            ours(login).await,
            Requests::with_tokens(tokens),
        ),
        answered(
            "limit, moka: empty 401",
            limit(Some(moka.clone())).await,
            random(),
            no,
        ),
        answered(
            "wecom-login: text that is no token",
            ours(login).await,
            random(),
            no,
        ),
        answered(
            "wecom-login: a forged token",
            ours(login).await,
            forged(),
            no,
        ),
    ]
}
