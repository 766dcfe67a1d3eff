use bytes::Bytes;

use super::*;
use crate::web::admin::AdminAuth;
use crate::web::body::Body;
use crate::web::client::TrustedProxies;
use crate::web::mount::Mount;
use crate::web::route::Endpoint;

fn asked(
    is_proxied: bool,
    method: &str,
    appended: &str,
    headers: &[(&'static str, &str)],
) -> RoutedRequest {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(*name, value.parse().unwrap());
    }
    RoutedRequest {
        endpoint: Endpoint::ForwardAuth,
        path: "/forwardAuth",
        variable: Some(appended.to_owned()),
        method: method.parse().unwrap(),
        query: "corpId=x".to_owned(),
        headers: map,
        body: Body::Complete(Bytes::new()),
        client: std::net::IpAddr::from([192, 0, 2, 1]),
        is_proxied,
    }
}

fn forwarded(method: &str, appended: &str, headers: &[(&'static str, &str)]) -> ForwardedRequest {
    ForwardedRequest::new(&asked(true, method, appended, headers))
}

fn return_to(headers: &[(&'static str, &str)]) -> Option<String> {
    let url = PublicUrl::new("https://app.example.com/portal").unwrap();
    let config = HttpConfig::new(
        url,
        Mount::default(),
        AdminAuth::default(),
        TrustedProxies::default(),
    );
    forwarded("GET", "", headers).return_to(&config)
}

#[test]
fn method_is_what_all_headers_say() {
    let of = |headers: &[(&'static str, &str)]| {
        forwarded("GET", "", headers)
            .method_of_origin_check()
            .to_owned()
    };
    assert_eq!(of(&[("x-forwarded-method", "POST")]), "POST");
    assert_eq!(of(&[("x-original-method", "DELETE")]), "DELETE");
    assert_eq!(
        of(&[("x-original-method", "GET"), ("x-forwarded-method", "GET")]),
        "GET"
    );
    for contradiction in [
        [("x-original-method", "POST"), ("x-forwarded-method", "GET")],
        [("x-original-method", "GET"), ("x-forwarded-method", "POST")],
        [
            ("x-forwarded-method", "GET"),
            ("x-forwarded-method", "POST"),
        ],
    ] {
        assert_eq!(of(&contradiction), UNKNOWN_METHOD);
    }
}

#[test]
fn untold_method_is_unsafe_with_an_origin() {
    assert_eq!(forwarded("GET", "", &[]).method_of_origin_check(), "GET");
    let with_origin = [("origin", "https://app.example.com")];
    assert_eq!(
        forwarded("GET", "", &with_origin).method_of_origin_check(),
        UNKNOWN_METHOD
    );
    assert_eq!(forwarded("POST", "", &[]).method_of_origin_check(), "POST");
}

#[test]
fn headers_of_another_peer_say_nothing() {
    let headers = [
        ("x-forwarded-method", "GET"),
        ("x-forwarded-uri", "/x"),
        ("origin", "null"),
    ];
    let ignored = ForwardedRequest::new(&asked(false, "GET", "", &headers));
    assert_eq!((&ignored.method, &ignored.target), (&Method::Untold, &None));
    assert_eq!(ignored.method_of_origin_check(), UNKNOWN_METHOD);
}

#[test]
fn appended_path_makes_the_request_its_own() {
    let envoy = forwarded(
        "POST",
        "/a",
        &[("x-forwarded-method", "GET"), ("x-forwarded-uri", "/x")],
    );
    assert_eq!(
        (envoy.method(), envoy.target.as_deref()),
        ("POST", Some("/a?corpId=x"))
    );
    let root = forwarded("POST", "/", &[]);
    assert_eq!(
        (root.method(), root.target.as_deref()),
        ("POST", Some("/?corpId=x"))
    );
    // nginx with a slash too many.
    let slashed = forwarded("GET", "/", &[("x-original-method", "POST")]);
    assert_eq!((slashed.method(), &slashed.target), ("POST", &None));
}

#[test]
fn websockets_are_unsafe_whatever_a_proxy_leaves_of_them() {
    for header in [
        ("upgrade", "WebSocket"),
        ("sec-websocket-key", "x"),
        ("sec-websocket-version", "13"),
        ("sec-fetch-mode", "websocket"),
    ] {
        let handshake = forwarded("GET", "", &[("x-forwarded-method", "GET"), header]);
        assert_eq!(
            handshake.method_of_origin_check(),
            UNKNOWN_METHOD,
            "{header:?}"
        );
        assert_eq!(handshake.method(), "GET");
    }
}

#[test]
fn return_to_is_a_path_of_our_origin() {
    let of = |url: &str| return_to(&[("x-original-url", url)]);
    assert_eq!(
        of("https://app.example.com/portal/a?b=c").as_deref(),
        Some("/portal/a?b=c")
    );
    assert_eq!(of("HTTPS://App.example.com:443?x").as_deref(), Some("/?x"));
    for other in [
        "https://evil.example/a",
        "http://app.example.com/a",
        "https://app.example.com@evil.example/",
        "https://app.example.com//evil.example",
        "javascript://app.example.com/a",
        "/a",
        "",
    ] {
        assert_eq!(of(other), None, "{other}");
    }
    let uri = ("x-forwarded-uri", "/portal/a?b=c");
    let (host, https) = (
        ("x-forwarded-host", "app.example.com"),
        ("x-forwarded-proto", "https"),
    );
    assert_eq!(return_to(&[uri]).as_deref(), Some("/portal/a?b=c"));
    assert_eq!(
        return_to(&[uri, host, https]).as_deref(),
        Some("/portal/a?b=c")
    );
    assert_eq!(
        return_to(&[uri, host, ("x-forwarded-proto", "wss")]).as_deref(),
        Some("/portal/a?b=c")
    );
    for headers in [
        &[][..],
        &[uri, host],
        &[uri, ("x-forwarded-host", "evil.example"), https],
        &[uri, host, ("x-forwarded-host", "evil.example"), https],
        &[uri, ("x-original-url", "https://app.example.com/b")],
        &[("x-forwarded-uri", "//evil.example")],
        &[("x-forwarded-uri", "https://app.example.com/")],
    ] {
        assert_eq!(return_to(headers), None, "{headers:?}");
    }
}

#[test]
fn return_to_is_a_url_of_an_allowed_origin() {
    let url = PublicUrl::new("https://app.example.com").unwrap();
    let mut config = HttpConfig::new(
        url,
        Mount::default(),
        AdminAuth::default(),
        TrustedProxies::default(),
    );
    let allowed = ["https://wiki.example.com".to_owned()];
    config.origins = config.origins.with_allowed(&allowed, false).unwrap();
    let of = |url: &str| forwarded("GET", "", &[("x-original-url", url)]).return_to(&config);
    let page = "https://wiki.example.com/a?b";
    assert_eq!(of(page).as_deref(), Some(page));
    for other in [
        "https://wiki.example.com.evil.example/a",
        "https://wiki.example.com//evil.example",
    ] {
        assert_eq!(of(other), None, "{other}");
    }
}

#[test]
fn warnings_are_said_once() {
    let warnings = ProxyWarnings::default();
    let request = asked(true, "GET", "", &[("x-forwarded-method", "GET")]);
    assert!(!warnings.me.load(Ordering::Relaxed));
    warnings.check_me(&asked(true, "GET", "", &[("x-forwarded-host", "a")]));
    warnings.check_me(&asked(false, "GET", "", &[("x-forwarded-method", "GET")]));
    assert!(
        !warnings.me.load(Ordering::Relaxed),
        "an ordinary proxy, and no proxy of ours"
    );
    warnings.check_me(&request);
    assert!(warnings.me.load(Ordering::Relaxed));
    warnings.check(&request, &ForwardedRequest::new(&request));
    assert!(
        !warnings.untold.load(Ordering::Relaxed) && !warnings.untrusted.load(Ordering::Relaxed)
    );
}
