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

#[cfg(test)]
mod tests {
    use super::*;

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
