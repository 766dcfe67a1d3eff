//! The origins whose pages act for a person: the public URL's, and those that the host app allows.

use crate::error::{Error, ErrorKind, Result};
use crate::web::public_url::PublicUrl;
use crate::web::request::{Headers, only};
use crate::web::websocket;

/// The public URL's origin, and the further ones of
/// [`Builder::allowed_origins`](crate::Builder::allowed_origins). `Host` is never used, because the request chooses it.
#[derive(Clone, Debug)]
pub(crate) struct Origins {
    own: Box<str>,
    allowed: Box<[Box<str>]>,
}

impl Origins {
    /// The public URL's origin alone.
    pub(crate) fn new(public_url: &PublicUrl) -> Self {
        Self {
            own: public_url.origin().into(),
            allowed: Box::default(),
        }
    }

    /// The same with further ones.
    ///
    /// # Errors
    /// `CONFIG_ERROR`: one is not `https://host[:port]`; http is for this machine, or for `insecure`.
    pub(crate) fn with_allowed(self, origins: &[String], insecure: bool) -> Result<Self> {
        let allowed = origins.iter().map(|origin| parse(origin, insecure));
        Ok(Self {
            allowed: allowed.collect::<Result<_>>()?,
            ..self
        })
    }

    /// The allowed origin that a URL begins with, and what follows it: a path, a query, a fragment or nothing.
    pub(crate) fn strip_allowed<'a>(&self, url: &'a str) -> Option<(&str, &'a str)> {
        self.allowed.iter().find_map(|origin| {
            let rest = url.strip_prefix(&**origin)?;
            (rest.is_empty() || rest.starts_with('/')).then_some((&**origin, rest))
        })
    }

    /// Refuses an unsafe method, and a WebSocket handshake, unless the browser says that a page of ours or of an allowed
    /// origin sent it: by `Sec-Fetch-Site` and `Origin`.
    ///
    /// # Errors
    /// `CROSS_SITE`.
    pub(super) fn require_same_origin(
        &self,
        method: &str,
        headers: &(impl Headers + ?Sized),
    ) -> Result<()> {
        let is_safe = matches!(method, "GET" | "HEAD" | "OPTIONS" | "TRACE");
        if is_safe && !websocket::is_handshake(method, headers) {
            return Ok(());
        }
        let origin = only(headers, "origin");
        let is_same = if headers.values("sec-fetch-site").next().is_some() {
            only(headers, "sec-fetch-site") == Some(b"same-origin")
        } else {
            origin == Some(self.own.as_bytes())
        };
        if is_same || origin.is_some_and(|origin| self.allows(origin)) {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::CrossSite,
            "a cookie alone does not authenticate a request from another site",
        ))
    }

    /// Refuses what a page of another site sent to a route that anybody may call: a browser says so by `Sec-Fetch-Site`, or
    /// by an `Origin` that is neither ours nor allowed. Clients other than browsers send neither.
    ///
    /// # Errors
    /// `CROSS_SITE`.
    pub(super) fn refuse_other_sites(&self, headers: &(impl Headers + ?Sized)) -> Result<()> {
        if only(headers, "origin").is_some_and(|origin| self.allows(origin)) {
            return Ok(());
        }
        let is_own_origin = headers
            .values("origin")
            .all(|origin| origin == self.own.as_bytes());
        if is_own_origin && !is_cross_site(headers) {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::CrossSite,
            "another site's page may not ask for this",
        ))
    }

    /// Whether the host app allows this origin.
    fn allows(&self, origin: &[u8]) -> bool {
        self.allowed
            .iter()
            .any(|allowed| allowed.as_bytes() == origin)
    }
}

fn parse(origin: &str, insecure: bool) -> Result<Box<str>> {
    let url = if insecure {
        PublicUrl::insecure(origin)
    } else {
        PublicUrl::new(origin)
    };
    match url {
        Ok(url) if url.path().is_empty() => Ok(url.origin().into()),
        _ => Err(Error::new(
            ErrorKind::Config,
            "allowed_origins must be origins, such as https://app.example.com: https, or http on this machine, without \
             a path",
        )),
    }
}

/// Refuses what a page of another site loads without leading the person here: a picture, a script, a frame.
///
/// # Errors
/// `CROSS_SITE`.
pub(super) fn refuse_embedding_by_other_sites(headers: &(impl Headers + ?Sized)) -> Result<()> {
    let is = |name, value: &[u8]| headers.values(name).all(|sent| sent == value);
    if !is_cross_site(headers)
        || (is("sec-fetch-mode", b"navigate") && is("sec-fetch-dest", b"document"))
    {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::CrossSite,
        "another site's page may lead here, and not load this",
    ))
}

fn is_cross_site(headers: &(impl Headers + ?Sized)) -> bool {
    headers
        .values("sec-fetch-site")
        .any(|site| site == b"cross-site")
}

#[cfg(test)]
mod tests {
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
        let refused =
            |headers: &[(&str, &str)]| origins.refuse_other_sites(&*given(headers)).is_err();
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
}
