//! The check of Host and Origin, against DNS rebinding and cross-site requests: a web page can
//! resolve its own name to this machine, or send forms to it.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::delivery::{host_and_port, is_loopback};
use crate::engine::Engine;
use crate::problem::Problem;

/// The call of pages of the app.
const JS_SIGNATURE_PATH: &str = "/sandbox/jsSignature";

/// Rejects requests with a foreign Host or Origin.
pub(crate) async fn require_local_host(
    State(engine): State<Arc<Engine>>,
    request: Request,
    next: Next,
) -> Response {
    let authority = request
        .uri()
        .authority()
        .map(|authority| authority.as_str());
    let headers = request.headers();
    // The app's page asks whether its signature is good, which says nothing that the page does not know.
    if request.uri().path() == JS_SIGNATURE_PATH && comes_from_app(&engine, headers) {
        return next.run(request).await;
    }
    match reject_reason(headers, authority, engine.remote) {
        Some(reason) => Problem::forbidden(reason).into_response(),
        None => next.run(request).await,
    }
}

/// Whether the Origin is the apps' trusted domain.
fn comes_from_app(engine: &Engine, headers: &HeaderMap) -> bool {
    let origin = headers
        .get(header::ORIGIN)
        .and_then(|origin| origin.to_str().ok())
        .and_then(|origin| origin.parse::<Uri>().ok())
        .and_then(|uri| host_and_port(&uri));
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or_default();
    origin.is_some()
        && origin == engine.read(|store| engine.trusted_domain(store))
        && is_allowed_host(without_port(host), engine.remote)
}

fn reject_reason(
    headers: &HeaderMap,
    authority: Option<&str>,
    remote: bool,
) -> Option<&'static str> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let host = hosts
        .next()
        .and_then(|host| host.to_str().ok())
        .or(authority);
    let Some(host) = host.filter(|_| hosts.next().is_none()) else {
        return Some("exactly one Host header is required");
    };
    if !is_allowed_host(without_port(host), remote) {
        return Some("this Host is not allowed");
    }
    let origin = headers.get(header::ORIGIN)?.to_str().unwrap_or_default();
    let origin_host = origin
        .strip_prefix("http://")
        .or_else(|| origin.strip_prefix("https://"));
    if origin_host.is_some_and(|origin_host| origin_host.eq_ignore_ascii_case(host)) {
        None
    } else {
        Some("requests from another Origin are not allowed")
    }
}

/// Loopback hosts. With `--remote` also IP addresses and names without a dot, which cannot be
/// registered as a domain.
fn is_allowed_host(host: &str, remote: bool) -> bool {
    if is_loopback(host) {
        return true;
    }
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    remote && !bare.is_empty() && (bare.parse::<IpAddr>().is_ok() || !bare.contains('.'))
}

fn without_port(host: &str) -> &str {
    if let Some(end) = host.find(']') {
        return &host[..=end];
    }
    host.split(':').next().unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(host: &str, origin: Option<&str>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, host.parse().unwrap());
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, origin.parse().unwrap());
        }
        headers
    }

    #[test]
    fn reject_reason_accepts_only_loopback_hosts_and_own_origin() {
        for (host, origin) in [
            ("127.0.0.1:3001", None),
            ("localhost:3001", Some("http://localhost:3001")),
            ("[::1]:3001", Some("http://[::1]:3001")),
        ] {
            assert_eq!(
                reject_reason(&headers(host, origin), None, false),
                None,
                "{host} {origin:?}"
            );
        }
        for (host, origin) in [
            ("evil.example:3001", None),
            ("127.0.0.1.evil.example", None),
            ("10.0.0.1:3001", None),
            ("127.0.0.1:3001", Some("http://127.0.0.1:3000")),
            ("127.0.0.1:3001", Some("https://evil.example")),
            ("127.0.0.1:3001", Some("null")),
        ] {
            assert!(
                reject_reason(&headers(host, origin), None, false).is_some(),
                "{host} {origin:?}"
            );
        }
    }

    #[test]
    fn remote_accepts_addresses_and_dotless_names_but_no_domains() {
        for host in ["10.0.0.1:3001", "sandbox:3001", "[fd00::1]:3001"] {
            assert_eq!(
                reject_reason(&headers(host, None), None, true),
                None,
                "{host}"
            );
        }
        assert!(reject_reason(&headers("evil.example", None), None, true).is_some());
    }
}
