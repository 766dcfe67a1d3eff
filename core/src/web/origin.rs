//! The same-origin check of requests that a cookie authenticates.

use crate::error::{Error, ErrorKind, Result};
use crate::web::public_url::PublicUrl;
use crate::web::request::{Headers, only};

/// Refuses an unsafe method unless the browser says that a page of this origin sent it: by `Sec-Fetch-Site`, or without
/// that header by an `Origin` equal to the public URL's. `Host` is not used, because the request chooses it.
///
/// # Errors
/// `CROSS_SITE`.
pub(super) fn require_same_origin(
    method: &str,
    headers: &(impl Headers + ?Sized),
    public_url: &PublicUrl,
) -> Result<()> {
    if matches!(method, "GET" | "HEAD" | "OPTIONS" | "TRACE") {
        return Ok(());
    }
    let same = if headers.values("sec-fetch-site").next().is_some() {
        only(headers, "sec-fetch-site") == Some(b"same-origin")
    } else {
        only(headers, "origin") == Some(public_url.origin().as_bytes())
    };
    if same {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::CrossSite,
        "a cookie alone does not authenticate a request from another site",
    ))
}

/// Refuses what a page of another site sent to a route that anybody may call: a browser says so by `Sec-Fetch-Site`, or
/// by an `Origin` that is not ours. Clients other than browsers send neither.
///
/// # Errors
/// `CROSS_SITE`.
pub(super) fn refuse_other_sites(
    headers: &(impl Headers + ?Sized),
    public_url: &PublicUrl,
) -> Result<()> {
    let is_own_origin = headers
        .values("origin")
        .all(|origin| origin == public_url.origin().as_bytes());
    if is_own_origin && !is_cross_site(headers) {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::CrossSite,
        "another site's page may not ask for this",
    ))
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

    fn given(headers: &[(&str, &str)]) -> Vec<(String, Vec<u8>)> {
        headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()))
            .collect()
    }

    #[test]
    fn other_sites_are_those_that_a_browser_names() {
        let url = PublicUrl::new("https://app.example.com/portal").unwrap();
        let refused =
            |headers: &[(&str, &str)]| refuse_other_sites(&*given(headers), &url).is_err();
        assert!(!refused(&[]));
        for site in ["same-origin", "same-site", "none"] {
            assert!(!refused(&[("sec-fetch-site", site)]), "{site}");
        }
        assert!(!refused(&[("origin", "https://app.example.com")]));
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

    fn passes(method: &str, headers: &[(&str, &str)]) -> bool {
        let headers: Vec<_> = headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()))
            .collect();
        let url = PublicUrl::new("https://app.example.com/portal").unwrap();
        require_same_origin(method, headers.as_slice(), &url).is_ok()
    }

    #[test]
    fn safe_methods_pass_from_any_site() {
        for method in ["GET", "HEAD", "OPTIONS"] {
            assert!(passes(method, &[("sec-fetch-site", "cross-site")]));
        }
    }

    #[test]
    fn sec_fetch_site_overrides_origin() {
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
}
