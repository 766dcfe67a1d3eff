//! A protected service in actix.

use std::hint::black_box;

use actix_web::body::MessageBody;
use actix_web::dev::{
    Payload, Service, ServiceFactory as _, ServiceRequest, ServiceResponse, Transform as _, fn_service,
};
use actix_web::test::TestRequest;
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse};
use futures_util::FutureExt as _;
use wecom_login::WecomLogin;
use wecom_login_actix::RequireLogin;

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
        Self { requests: requests.collect(), next: 0 }
    }

    /// With `Authorization: Bearer …`.
    pub fn with_tokens(tokens: &[String]) -> Self {
        let values: Vec<String> = tokens.iter().map(|token| format!("Bearer {token}")).collect();
        Self::with("authorization", &values)
    }

    /// Serves the next one.
    pub fn serve<S, B>(&mut self, service: &S)
    where
        S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = actix_web::Error>,
    {
        self.next = (self.next + 7919) % self.requests.len();
        let request = ServiceRequest::from_parts(self.requests[self.next].clone(), Payload::None);
        let response = service.call(request).now_or_never().expect("no answer here has to wait").unwrap();
        assert_eq!(response.status(), 200);
        let (request, response) = response.into_parts();
        black_box(response);
        request.extensions_mut().clear();
    }
}

fn asking<'a, S, B>(name: &'static str, service: S, mut requests: Requests) -> Contestant<'a>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = actix_web::Error> + 'a,
{
    Contestant::new(name, move |times| {
        for _ in 0..times {
            requests.serve(&service);
        }
    })
}

pub async fn leaf()
-> impl Service<ServiceRequest, Response = ServiceResponse<actix_web::body::BoxBody>, Error = actix_web::Error>
{
    let leaf = fn_service(async |request: ServiceRequest| {
        Ok::<_, actix_web::Error>(request.into_response(HttpResponse::Ok().finish()))
    });
    leaf.new_service(()).await.unwrap()
}

pub async fn ours(
    login: &WecomLogin,
) -> impl Service<ServiceRequest, Response = ServiceResponse<impl MessageBody + use<>>, Error = actix_web::Error>
+ use<> {
    RequireLogin::new(login).new_transform(leaf().await).await.unwrap()
}

/// Ours, its baselines and its peers.
pub async fn middleware<'a>(
    login: &WecomLogin,
    tokens: &[String],
    moka: &MokaSessions,
    map: &MapSessions,
) -> Vec<Contestant<'a>> {
    let limit_moka = LimitTransform(Some(moka.clone())).new_transform(leaf().await).await.unwrap();
    let limit_map = LimitTransform(Some(map.clone())).new_transform(leaf().await).await.unwrap();
    let no_op = LimitTransform(None::<MapSessions>).new_transform(leaf().await).await.unwrap();
    let httpauth = actix_httpauth::service(leaf().await, moka.clone()).await;
    let (identity, cookies) = actix_identity::service(tokens.len()).await;
    let requests = || Requests::with_tokens(tokens);
    vec![
        asking("bare service", leaf().await, requests()),
        asking("no-op middleware", no_op, requests()),
        asking("limit, map", limit_map, requests()),
        asking("limit, moka", limit_moka, requests()),
        asking("wecom-login", ours(login).await, requests()),
        asking("actix-web-httpauth", httpauth, requests()),
        asking("actix-session + actix-identity", identity, Requests::with("cookie", &cookies)),
    ]
}
