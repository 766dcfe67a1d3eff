//! From a request of ours to its response.

use std::net::IpAddr;
use std::pin::Pin;

use bytes::Bytes;

use crate::app::WecomLogin;
use crate::error::{Error, ErrorKind, Result};
use crate::rate_limit::client_key;
use crate::web::body::Body;
use crate::web::client::UNKNOWN_CLIENT;
use crate::web::problem::{method_not_allowed, problem};
use crate::web::request::Request;
use crate::web::response::Response;
use crate::web::routes::{self, Access, Endpoint, Route};
use crate::web::{admin_routes, browser, login_routes, notify, session_routes};

/// A request that found its route.
pub(super) struct Call {
    pub(super) endpoint: Endpoint,
    /// The `{Instance}` or `{id}` of the path.
    pub(super) variable: Option<String>,
    pub(super) request: Request,
}

impl Call {
    /// The whole body.
    pub(super) fn body(&self) -> Result<&Bytes> {
        match &self.request.body {
            Body::Complete(body) => Ok(body),
            Body::TooLarge => Err(Error::new(ErrorKind::BodyTooLarge, "the body is too large")),
            Body::Incomplete => Err(Error::new(ErrorKind::ApiParams, "the body broke off")),
        }
    }

    /// The variable of a path that has one.
    pub(super) fn variable(&self) -> &str {
        self.variable.as_deref().unwrap_or_default()
    }

    /// What the client is counted by. Whoever comes without an address is counted all the same.
    pub(super) fn client(&self, login: &WecomLogin) -> IpAddr {
        let (proxies, headers) = (&login.0.web.proxies, self.request.headers.as_slice());
        self.request.client.map_or(UNKNOWN_CLIENT, |peer| {
            client_key(proxies.client_ip(peer, headers))
        })
    }
}

impl WecomLogin {
    /// The route of a path below the mount; `None` if it is none of ours.
    #[must_use]
    pub fn route(&self, path: &str) -> Option<&'static Route> {
        Some(routes::find(path)?.0)
    }

    /// Answers a request; `None` if its path is none of ours. The work runs on the runtime that the handle was built
    /// on: it may be awaited on any other, and whoever stops waiting cancels nothing.
    pub async fn respond(&self, request: Request) -> Option<Response> {
        let (route, variable) = routes::find(&request.path)?;
        let variable = variable.map(std::borrow::Cow::into_owned);
        let head = request.method == "HEAD";
        let page = (route.access == Access::Browser)
            .then(|| browser::Language::from_headers(request.headers.as_slice()));
        let login = self.clone();
        // In a box, because the compiler measures how deep the futures of a host app go.
        let work: Pin<Box<dyn Future<Output = Response> + Send>> = Box::pin(async move {
            let call = Call {
                endpoint: route.endpoint,
                variable,
                request,
            };
            login.answer(route, call).await
        });
        let response = self.0.tasks.spawn_on(work, &self.0.runtime).await.unwrap_or_else(|error| {
            tracing::error!(target: "wecom_login", %error, path = route.path, "a request was not answered");
            match page {
                Some(language) => browser::broken(self, language),
                None => problem(&Error::new(ErrorKind::Internal, "the request was not answered")),
            }
        });
        Some(if head {
            response.without_body()
        } else {
            response
        })
    }

    async fn answer(&self, route: &'static Route, call: Call) -> Response {
        // First the method, then who it is, then what they want.
        if !route.takes(&call.request.method) {
            return match route.endpoint {
                Endpoint::Notify => notify::refused(405),
                _ => method_not_allowed(route.methods),
            };
        }
        let result = match route.access {
            Access::WeCom => return notify::answer(self, &call).await,
            Access::Browser => return browser::answer(self, &call).await,
            Access::Anyone => login_routes::answer(self, &call).await,
            Access::Session => session_routes::answer(self, &call).await,
            Access::Admin => admin_routes::answer(self, &call).await,
        };
        result.unwrap_or_else(|error| {
            tracing::debug!(target: "wecom_login", %error, path = route.path, "a request was refused");
            self.reject(error, call.request.headers.as_slice()).response()
        })
    }
}
