//! Who may talk to the sandbox: nobody by a foreign name. A page on the web can point its own name at this
//! machine (DNS rebinding), or send forms here; neither gets past Host and Origin.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::delivery::is_loopback;
use crate::engine::Engine;
use crate::problem::Problem;

pub(crate) async fn check(State(engine): State<Arc<Engine>>, request: Request, next: Next) -> Response {
    match trouble(request.headers(), request.uri().authority().map(|own| own.as_str()), engine.remote) {
        Some(title) => Problem { status: 403, title: title.to_owned() }.into_response(),
        None => next.run(request).await,
    }
}

fn trouble(headers: &HeaderMap, authority: Option<&str>, remote: bool) -> Option<&'static str> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let host = hosts.next().and_then(|host| host.to_str().ok()).or(authority);
    let Some(host) = host.filter(|_| hosts.next().is_none()) else {
        return Some("one Host header is needed");
    };
    if !is_ours(name_of(host), remote) {
        return Some("the sandbox does not answer to this Host");
    }
    let origin = headers.get(header::ORIGIN)?.to_str().unwrap_or_default();
    let own = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    if own.is_some_and(|own| own.eq_ignore_ascii_case(host)) {
        None
    } else {
        Some("the sandbox takes nothing from pages of another origin")
    }
}

/// Names of this machine; with `--remote` also plain addresses and names without a dot, which nobody can
/// register.
fn is_ours(name: &str, remote: bool) -> bool {
    if is_loopback(name) {
        return true;
    }
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    remote && !bare.is_empty() && (bare.parse::<IpAddr>().is_ok() || !bare.contains('.'))
}

/// The host without its port.
fn name_of(host: &str) -> &str {
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
    fn only_names_of_this_machine_and_the_own_origin_pass() {
        for (host, origin) in [
            ("127.0.0.1:3001", None),
            ("localhost:3001", Some("http://localhost:3001")),
            ("[::1]:3001", Some("http://[::1]:3001")),
        ] {
            assert_eq!(trouble(&headers(host, origin), None, false), None, "{host} {origin:?}");
        }
        for (host, origin) in [
            ("evil.example:3001", None),
            ("127.0.0.1.evil.example", None),
            ("10.0.0.1:3001", None),
            ("127.0.0.1:3001", Some("http://127.0.0.1:3000")),
            ("127.0.0.1:3001", Some("https://evil.example")),
            ("127.0.0.1:3001", Some("null")),
        ] {
            assert!(trouble(&headers(host, origin), None, false).is_some(), "{host} {origin:?}");
        }
    }

    #[test]
    fn remote_adds_addresses_and_local_names_but_no_domains() {
        for host in ["10.0.0.1:3001", "sandbox:3001", "[fd00::1]:3001"] {
            assert_eq!(trouble(&headers(host, None), None, true), None, "{host}");
        }
        assert!(trouble(&headers("evil.example", None), None, true).is_some());
    }
}
