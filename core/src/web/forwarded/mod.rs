//! The request that a proxy asks `/forwardAuth` about, as the headers of a trusted proxy describe it.
//!
//! nginx, Traefik, Caddy and HAProxy ask with a GET of their own and name the request in headers; Envoy sends the
//! request itself without its body, with its path appended to ours. The client's own headers come along, so a header
//! that a proxy does not set may be the client's: what two headers say differently is not believed.

use std::sync::atomic::{AtomicBool, Ordering};

use http::{HeaderMap, HeaderValue};

use crate::web::browser::can_return_to;
use crate::web::config::HttpConfig;
use crate::web::public_url::PublicUrl;
use crate::web::request::{RoutedRequest, only};
use crate::web::websocket;

const METHOD_HEADERS: [&str; 2] = ["x-original-method", "x-forwarded-method"];
const URL_HEADERS: [&str; 2] = ["x-original-url", "x-forwarded-uri"];

/// A method that is neither safe nor any framework's: for a request whose method is not known.
const UNKNOWN_METHOD: &str = "?";

/// The request that a proxy asks about.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ForwardedRequest {
    method: Method,
    /// Path and query, as the browser sees them.
    target: Option<String>,
    /// Scheme, host and port; `None` if the proxy does not name them.
    origin: Option<String>,
    is_websocket: bool,
    has_origin: bool,
    own_method: String,
}

#[derive(Debug, PartialEq, Eq)]
enum Method {
    Known(String),
    /// Two headers say two things.
    Contradictory,
    /// Nobody says it. The proxy's own method tells nothing.
    Untold,
}

impl ForwardedRequest {
    pub(super) fn new(request: &RoutedRequest) -> Self {
        let (headers, appended) = (&request.headers, request.variable());
        let own_method = request.method.as_str().to_owned();
        let told = |names: [&'static str; 2]| {
            if request.is_proxied {
                told(headers, names)
            } else {
                Told::Nothing
            }
        };
        let method = if is_appended(request) {
            Method::Known(own_method.clone())
        } else {
            match told(METHOD_HEADERS) {
                Told::Text(method) => Method::Known(method),
                Told::Contradiction => Method::Contradictory,
                Told::Nothing if matches!(&*own_method, "GET" | "HEAD") => Method::Untold,
                Told::Nothing => Method::Known(own_method.clone()),
            }
        };
        let (target, origin) = if is_appended(request) {
            let query = if request.query.is_empty() {
                String::new()
            } else {
                format!("?{}", request.query)
            };
            (Some(format!("{appended}{query}")), None)
        } else if request.is_proxied {
            target(headers)
        } else {
            (None, None)
        };
        Self {
            method,
            target,
            origin,
            is_websocket: is_websocket(headers),
            has_origin: headers.contains_key("origin"),
            own_method,
        }
    }

    /// The method that decides whether a cookie needs a page of ours. A WebSocket counts as unsafe; so does a request
    /// of which nobody says the method, if it has an `Origin`, which browsers add to every POST to another site and to
    /// no navigation by GET.
    pub(super) fn method_of_origin_check(&self) -> &str {
        match &self.method {
            _ if self.is_websocket => UNKNOWN_METHOD,
            Method::Known(method) => method,
            Method::Contradictory => UNKNOWN_METHOD,
            Method::Untold if self.has_origin => UNKNOWN_METHOD,
            Method::Untold => &self.own_method,
        }
    }

    /// The method that decides whether the request is for a page.
    pub(super) fn method(&self) -> &str {
        match &self.method {
            Method::Known(method) => method,
            Method::Contradictory => UNKNOWN_METHOD,
            Method::Untold => &self.own_method,
        }
    }

    /// Where a login leads back to: the request's own path and query, if it is for our origin, or its URL at an origin
    /// that the host app allows.
    pub(super) fn return_to(&self, config: &HttpConfig) -> Option<String> {
        let target = self
            .target
            .as_deref()
            .filter(|target| can_return_to(target))?;
        match self.origin.as_deref() {
            None => Some(target.to_owned()),
            Some(origin) if origin == config.public_url.origin() => Some(target.to_owned()),
            Some(origin) => {
                let url = format!("{origin}{target}");
                config.origins.strip_allowed(&url).is_some().then_some(url)
            }
        }
    }
}

/// Whether the path of the request follows ours: Envoy's form. The query is then the request's, too.
pub(super) fn is_appended(request: &RoutedRequest) -> bool {
    match request.variable() {
        "" => false,
        // The root by Envoy, or by another proxy an address with a slash at its end.
        "/" => {
            !request.is_proxied
                || METHOD_HEADERS
                    .iter()
                    .all(|name| !request.headers.contains_key(*name))
        }
        _ => true,
    }
}

/// What the headers of a pair say.
enum Told {
    Nothing,
    Text(String),
    Contradiction,
}

fn told(headers: &HeaderMap, names: [&'static str; 2]) -> Told {
    let mut values = names.iter().flat_map(|name| values(headers, name));
    let Some(first) = values.next() else {
        return Told::Nothing;
    };
    match std::str::from_utf8(first) {
        Ok(text) if values.all(|value| value == first) => Told::Text(text.to_owned()),
        _ => Told::Contradiction,
    }
}

/// Path and query, and the origin, of `X-Original-URL`, or of `X-Forwarded-Uri`, `-Host` and `-Proto`.
fn target(headers: &HeaderMap) -> (Option<String>, Option<String>) {
    let text = |name| std::str::from_utf8(only(headers, name)?).ok();
    match (
        headers.contains_key(URL_HEADERS[0]),
        headers.contains_key(URL_HEADERS[1]),
    ) {
        (true, false) => {
            let Some((scheme, rest)) = text(URL_HEADERS[0]).and_then(|url| url.split_once("://"))
            else {
                return (None, None);
            };
            let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
            let (host, target) = rest.split_at(end);
            let target = if target.starts_with('/') {
                target.to_owned()
            } else {
                format!("/{target}")
            };
            origin_of(scheme, host).map_or((None, None), |origin| (Some(target), Some(origin)))
        }
        (false, true) => {
            let target = text(URL_HEADERS[1]).map(str::to_owned);
            if !headers.contains_key("x-forwarded-host") {
                return (target, None);
            }
            let origin = text("x-forwarded-host")
                .zip(text("x-forwarded-proto"))
                .and_then(|(host, scheme)| origin_of(scheme, host));
            origin.map_or((None, None), |origin| (target, Some(origin)))
        }
        _ => (None, None),
    }
}

/// An origin as browsers write it. Traefik names the schemes of WebSockets.
fn origin_of(scheme: &str, host: &str) -> Option<String> {
    let scheme = match scheme.to_ascii_lowercase().as_str() {
        "http" | "ws" => "http",
        "https" | "wss" => "https",
        _ => return None,
    };
    let url = PublicUrl::insecure(&format!("{scheme}://{host}")).ok()?;
    url.path().is_empty().then(|| url.origin().to_owned())
}

/// Whether the client wants a WebSocket. Some proxies drop `Upgrade`, because it is about one connection.
fn is_websocket(headers: &HeaderMap) -> bool {
    websocket::is_handshake("GET", headers)
        || headers.contains_key("sec-websocket-key")
        || headers.contains_key("sec-websocket-version")
        || values(headers, "sec-fetch-mode").any(|mode| mode == b"websocket")
}

/// What is said once, because a proxy that is set up wrongly asks all the time.
#[derive(Debug, Default)]
pub(crate) struct ProxyWarnings {
    me: AtomicBool,
    untrusted: AtomicBool,
    untold: AtomicBool,
}

impl ProxyWarnings {
    /// `/me` answers its own request and no other.
    pub(super) fn check_me(&self, request: &RoutedRequest) {
        if request.is_proxied && names_a_request(&request.headers) && is_first(&self.me) {
            tracing::warn!(
                target: "wecom_login",
                "a proxy asks /me about other requests, whose method, URI and origin /me does not check: let it ask \
                 /forwardAuth"
            );
        }
    }

    /// A proxy that is not named, or does not say the method.
    pub(super) fn check(&self, request: &RoutedRequest, forwarded: &ForwardedRequest) {
        if !request.is_proxied && names_a_request(&request.headers) && is_first(&self.untrusted) {
            tracing::warn!(
                target: "wecom_login",
                client = %request.client,
                "/forwardAuth was asked by a proxy that is not in trusted_proxies: its headers are ignored"
            );
        }
        if request.is_proxied
            && matches!(forwarded.method, Method::Untold | Method::Contradictory)
            && is_first(&self.untold)
        {
            tracing::warn!(
                target: "wecom_login",
                "a proxy asks /forwardAuth without one method in X-Forwarded-Method or X-Original-Method"
            );
        }
    }
}

fn values<'a>(headers: &'a HeaderMap, name: &'static str) -> impl Iterator<Item = &'a [u8]> {
    headers.get_all(name).iter().map(HeaderValue::as_bytes)
}

/// Whether headers describe another request than the one that they are of.
fn names_a_request(headers: &HeaderMap) -> bool {
    let mut names = METHOD_HEADERS.iter().chain(&URL_HEADERS);
    names.any(|name| headers.contains_key(*name))
}

fn is_first(told: &AtomicBool) -> bool {
    !told.swap(true, Ordering::Relaxed)
}

#[cfg(test)]
mod tests;
