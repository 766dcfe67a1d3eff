//! From a request to one of our routes to its response.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::net::IpAddr;
use std::pin::pin;

use futures_util::future::BoxFuture;
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, Request, Response};

use crate::error::{Error, ErrorKind, Result};
use crate::hooks::RefusedRequest;
use crate::rate_limit::client_key;
use crate::web::body::{BODY_TIMEOUT, Body};
use crate::web::client::UNKNOWN_CLIENT;
use crate::web::http_service::{HttpDeps, HttpService};
use crate::web::origin::refuse_embedding_by_other_sites;
use crate::web::problem::{method_not_allowed, problem};
use crate::web::request::RoutedRequest;
use crate::web::response::{ResponseBody, ResponseExt as _};
use crate::web::route::{Access, Endpoint, Route};
use crate::web::routes;
use crate::web::{
    admin_api, admin_routes, browser, console, forward_auth, health, login_routes, notify, openapi,
    session_routes,
};

impl HttpService {
    /// The route of a path below the mount.
    pub(crate) fn route(&self, path: &str) -> Option<&'static Route> {
        Some(routes::find(path)?.0)
    }

    /// Answers a request; `None` if its path is none of ours.
    pub(crate) async fn respond<B>(
        &self,
        request: Request<B>,
        peer: Option<IpAddr>,
    ) -> Option<Response<ResponseBody>>
    where
        B: http_body::Body<Error: Into<Box<dyn StdError + Send + Sync>>>,
    {
        let (parts, body) = request.into_parts();
        let (route, variable) = routes::find(parts.uri.path())?;
        let variable = variable.map(Cow::into_owned);
        let mut limit = route.body_limit_of(parts.method.as_str());
        if limit > routes::JSON_LIMIT && route.access == Access::Admin {
            let config = &self.deps.config;
            let (method, sessions) = (parts.method.as_str(), &self.deps.sessions);
            let client = self.deps.client(peer, &parts.headers);
            let is_known = config.is_administrator(sessions, method, &parts.headers, client);
            if !is_known.await {
                limit = routes::JSON_LIMIT;
            }
        }
        let announced = body.size_hint().lower().max(content_length(&parts.headers));
        let mut unread = pin!(body);
        let timeout = || self.deps.sleep(BODY_TIMEOUT);
        let body = Body::read(unread.as_mut(), announced, limit, timeout).await;
        let may_drain = (limit == 0 || matches!(body, Body::TooLarge))
            && HttpDeps::may_drain(parts.method.as_str(), parts.version, &parts.headers);
        let head = parts.method == http::Method::HEAD;
        let page = matches!(route.access, Access::Browser | Access::Console)
            .then(|| browser::Language::from_headers(&parts.headers));
        self.deps.config.check_peer(peer, &parts.headers);
        let proxies = &self.deps.config.proxies;
        let client = self.deps.client(peer, &parts.headers);
        let request = RoutedRequest {
            endpoint: route.endpoint,
            path: route.path,
            variable,
            query: parts.uri.query().unwrap_or_default().to_owned(),
            method: parts.method,
            headers: parts.headers,
            body,
            client,
            is_proxied: peer.is_some_and(|peer| proxies.trusts(peer)),
        };
        let this = self.clone();
        // Boxed for the depth of the caller's types, as in `TaskRunner::run`.
        let work: BoxFuture<'static, Response<ResponseBody>> =
            Box::pin(async move { this.deps.answer(route, &request).await });
        let answered = self.deps.tasks.spawn(work).await;
        let response = answered.unwrap_or_else(|error| {
            tracing::error!(target: "wecom_login", %error, path = route.path, "request handler panicked");
            match page {
                Some(language) if route.access == Access::Console => {
                    console::broken(&self.deps, language)
                }
                Some(language) => browser::broken(&self.deps, language),
                None => problem(&Error::new(ErrorKind::Internal, "the handler panicked")),
            }
        });
        if may_drain
            && response.status().is_client_error()
            && let Some(drain) = self.deps.drain(unread)
        {
            drain.await;
        }
        Some(if head {
            response.without_body()
        } else {
            response
        })
    }
}

impl HttpDeps {
    /// The key of a client's rate limits.
    fn client(&self, peer: Option<IpAddr>, headers: &HeaderMap) -> IpAddr {
        let proxies = &self.config.proxies;
        peer.map_or(UNKNOWN_CLIENT, |peer| {
            client_key(proxies.client_ip(peer, headers))
        })
    }

    /// Checks the method first, then who asks, then what for.
    async fn answer(
        &self,
        route: &'static Route,
        request: &RoutedRequest,
    ) -> Response<ResponseBody> {
        if !route.takes(request.method.as_str()) {
            return match route.endpoint {
                Endpoint::Notify => notify::refused(405),
                _ => method_not_allowed(route.methods),
            };
        }
        let result = match route.access {
            Access::WeCom => return notify::answer(self, request).await,
            Access::Browser => match refuse_embedding(request) {
                Ok(()) => return browser::answer(self, request).await,
                Err(error) => Err(error),
            },
            Access::Anyone if route.endpoint == Endpoint::HealthLive => return health::live(),
            Access::Anyone if route.endpoint == Endpoint::HealthReady => {
                return health::ready(self).await;
            }
            Access::Anyone if route.endpoint == Endpoint::OpenApi => return openapi::answer(self),
            Access::Anyone => login_routes::answer(self, request).await,
            Access::Session if route.endpoint == Endpoint::ForwardAuth => {
                return forward_auth::answer(self, request).await;
            }
            Access::Session => session_routes::answer(self, request).await,
            Access::Console => return console::answer(self, request).await,
            Access::Admin => match route.endpoint {
                Endpoint::AdminApi(endpoint) => admin_api::answer(self, request, endpoint).await,
                _ => admin_routes::answer(self, request).await,
            },
        };
        result.unwrap_or_else(|error| {
            let is_refusal = match route.access {
                Access::Admin => admin_routes::is_refusal_of_administrator(self, &error),
                _ => error.kind() == ErrorKind::CrossSite,
            };
            if is_refusal {
                let asked = match route.access {
                    Access::Session => RefusedRequest::Session,
                    Access::Admin => RefusedRequest::Admin,
                    _ => RefusedRequest::Login,
                };
                self.refusals
                    .record(asked, &error, Some(request.client), None);
            }
            tracing::debug!(target: "wecom_login", %error, path = route.path, "request refused");
            self.config.rejection(error, &request.headers).response()
        })
    }
}

/// A picture of the login page on another site would use up the limits of whoever looks at it.
fn refuse_embedding(request: &RoutedRequest) -> Result<()> {
    match request.endpoint {
        Endpoint::BrowserLogin => refuse_embedding_by_other_sites(&request.headers),
        _ => Ok(()),
    }
}

/// What the request announces of its body: `Content-Length`, or 0.
fn content_length(headers: &HeaderMap) -> u64 {
    headers
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse().ok())
        .unwrap_or_default()
}
