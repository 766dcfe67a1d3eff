use super::*;

fn origins() -> Origins {
    Origins::new(&PublicUrl::new("https://app.example.com/portal").unwrap())
}

fn given(headers: &[(&str, &str)]) -> Vec<(String, Vec<u8>)> {
    headers
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()))
        .collect()
}

#[test]
fn other_sites_are_those_that_a_browser_names() {
    let front = ["https://front.example.com".to_owned()];
    let origins = origins().with_allowed(&front, false).unwrap();
    let refused = |headers: &[(&str, &str)]| origins.refuse_other_sites(&*given(headers)).is_err();
    assert!(!refused(&[]));
    for site in ["same-origin", "same-site", "none"] {
        assert!(!refused(&[("sec-fetch-site", site)]), "{site}");
    }
    assert!(!refused(&[("origin", "https://app.example.com")]));
    let front = ("origin", front[0].as_str());
    assert!(!refused(&[front]));
    assert!(!refused(&[front, ("sec-fetch-site", "cross-site")]));
    assert!(refused(&[front, ("origin", "https://evil.example")]));
    assert!(refused(&[("sec-fetch-site", "cross-site")]));
    assert!(refused(&[
        ("sec-fetch-site", "cross-site"),
        ("origin", "https://app.example.com")
    ]));
    for origin in ["null", "", "http://app.example.com", "https://evil.example"] {
        assert!(refused(&[("origin", origin)]), "{origin}");
        let named = [("sec-fetch-site", "same-site"), ("origin", origin)];
        assert!(refused(&named), "{origin}");
    }
}

#[test]
fn other_sites_may_lead_to_a_page_and_not_embed_it() {
    let refused =
        |headers: &[(&str, &str)]| refuse_embedding_by_other_sites(&*given(headers)).is_err();
    let (site, mode, dest) = ("sec-fetch-site", "sec-fetch-mode", "sec-fetch-dest");
    assert!(!refused(&[]));
    assert!(!refused(&[
        (site, "cross-site"),
        (mode, "navigate"),
        (dest, "document")
    ]));
    assert!(!refused(&[
        (site, "same-origin"),
        (mode, "cors"),
        (dest, "empty")
    ]));
    assert!(refused(&[
        (site, "cross-site"),
        (mode, "no-cors"),
        (dest, "image")
    ]));
    assert!(refused(&[
        (site, "cross-site"),
        (mode, "navigate"),
        (dest, "iframe")
    ]));
}

fn passes_at(origins: &Origins, method: &str, headers: &[(&str, &str)]) -> bool {
    let headers: Vec<_> = headers
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()))
        .collect();
    origins
        .require_same_origin(method, headers.as_slice())
        .is_ok()
}

fn passes(method: &str, headers: &[(&str, &str)]) -> bool {
    passes_at(&origins(), method, headers)
}

#[test]
fn safe_methods_pass_from_any_site() {
    for method in ["GET", "HEAD", "OPTIONS"] {
        assert!(passes(method, &[("sec-fetch-site", "cross-site")]));
    }
}

#[test]
fn a_websocket_handshake_is_no_safe_request() {
    let upgrade = ("upgrade", "websocket");
    let evil = ("origin", "https://evil.example");
    for headers in [
        &[upgrade][..],
        &[upgrade, evil],
        &[upgrade, ("sec-fetch-site", "same-site")],
        &[upgrade, ("sec-fetch-site", "cross-site"), evil],
    ] {
        assert!(!passes("GET", headers), "{headers:?}");
    }
    assert!(!passes("CONNECT", &[evil]));
    assert!(passes(
        "GET",
        &[upgrade, ("origin", "https://app.example.com")]
    ));
    assert!(passes("GET", &[upgrade, ("sec-fetch-site", "same-origin")]));
}

#[test]
fn sec_fetch_site_overrides_the_own_origin() {
    assert!(passes("POST", &[("sec-fetch-site", "same-origin")]));
    assert!(passes(
        "POST",
        &[
            ("sec-fetch-site", "same-origin"),
            ("origin", "https://evil.example")
        ]
    ));
    for site in ["same-site", "cross-site", "none", ""] {
        let headers = [
            ("sec-fetch-site", site),
            ("origin", "https://app.example.com"),
        ];
        assert!(!passes("POST", &headers), "{site}");
    }
    assert!(!passes(
        "DELETE",
        &[
            ("sec-fetch-site", "same-origin"),
            ("sec-fetch-site", "same-origin")
        ]
    ));
}

#[test]
fn origin_must_equal_the_public_url_without_sec_fetch_site() {
    assert!(passes("POST", &[("origin", "https://app.example.com")]));
    assert!(!passes("POST", &[]));
    for origin in [
        "null",
        "http://app.example.com",
        "https://app.example.com:444",
        "https://app.example.com.evil.example",
    ] {
        assert!(!passes("PATCH", &[("origin", origin)]), "{origin}");
    }
    assert!(!passes("put", &[]), "an unknown method is unsafe");
}

#[test]
fn allowed_origins_pass_from_their_own_site() {
    let allowed = ["https://Front.example.com:443/".to_owned()];
    let origins = origins().with_allowed(&allowed, false).unwrap();
    let front = ("origin", "https://front.example.com");
    for site in [None, Some("same-site"), Some("cross-site")] {
        let mut headers = vec![front];
        headers.extend(site.map(|site| ("sec-fetch-site", site)));
        assert!(passes_at(&origins, "POST", &headers), "{site:?}");
    }
    assert!(!passes_at(&origins, "POST", &[front, front]));
    assert!(!passes_at(
        &origins,
        "POST",
        &[("origin", "https://front.example.com.evil.example")]
    ));
    assert_eq!(
        origins.strip_allowed("https://front.example.com/a?b"),
        Some(("https://front.example.com", "/a?b"))
    );
    for other in [
        "https://front.example.com.evil.example/",
        "https://front.example.com@evil.example/",
        "https://front.example.com:444/",
        "https://app.example.com/",
    ] {
        assert_eq!(origins.strip_allowed(other), None, "{other}");
    }
}

#[test]
fn with_allowed_takes_origins_only() {
    let parse = |origin: &str| origins().with_allowed(&[origin.to_owned()], false);
    for good in ["https://a.example", "http://localhost:5173"] {
        assert!(parse(good).is_ok(), "{good}");
    }
    for bad in [
        "",
        "*",
        "null",
        "a.example",
        "http://a.example",
        "https://a.example/path",
        "https://*.example",
        "https://a.example?x",
    ] {
        let error = parse(bad).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{bad}");
    }
    let insecure = origins().with_allowed(&["http://a.example".to_owned()], true);
    assert!(insecure.is_ok());
}
