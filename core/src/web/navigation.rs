//! What a browser says of a request in its fetch metadata: whether a person navigates, whether the request is a
//! prefetch, whether another site made it.

use crate::web::accept::accepts_html;
use crate::web::request::{Headers, only};

/// Whether the answer goes to a page that a person opens, and not to a script: by `Sec-Fetch-Mode`, or without it by
/// `Accept`.
pub(super) fn is_navigation(headers: &(impl Headers + ?Sized)) -> bool {
    let mut modes = headers.values("sec-fetch-mode").peekable();
    if modes.peek().is_some() {
        modes.all(|mode| mode == b"navigate")
    } else {
        accepts_html(headers)
    }
}

/// Whether the browser asks before the person does: `Sec-Purpose: prefetch` or `prefetch;prerender`, and the headers that
/// browsers sent before there was that one.
pub(super) fn is_prefetch(headers: &(impl Headers + ?Sized)) -> bool {
    ["sec-purpose", "purpose", "x-purpose", "x-moz"]
        .into_iter()
        .flat_map(|name| headers.values(name))
        .flat_map(|value| value.split(|byte| matches!(byte, b';' | b',')))
        .map(<[u8]>::trim_ascii)
        .any(|purpose| {
            [&b"prefetch"[..], b"prerender", b"preview"]
                .iter()
                .any(|known| purpose.eq_ignore_ascii_case(known))
        })
}

/// Whether a page of another site, or of another host of this site, made the request.
pub(super) fn is_from_another_site(headers: &(impl Headers + ?Sized)) -> bool {
    headers.values("sec-fetch-site").next().is_some()
        && !matches!(
            only(headers, "sec-fetch-site"),
            Some(b"same-origin" | b"none")
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(headers: &[(&str, &str)]) -> Vec<(String, Vec<u8>)> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), value.as_bytes().to_vec());
        headers.iter().map(owned).collect()
    }

    #[test]
    fn is_navigation_goes_by_the_mode_and_without_it_by_accept() {
        let of = |list: &[(&str, &str)]| is_navigation(headers(list).as_slice());
        let html = ("accept", "text/html,*/*;q=0.8");
        assert!(of(&[("sec-fetch-mode", "navigate")]) && of(&[html]));
        assert!(of(&[("sec-fetch-mode", "navigate"), ("accept", "*/*")]));
        for mode in ["cors", "no-cors", "same-origin", "websocket", ""] {
            assert!(!of(&[("sec-fetch-mode", mode), html]), "{mode}");
        }
        assert!(!of(&[]) && !of(&[("accept", "*/*")]));
    }

    #[test]
    fn is_prefetch_reads_every_browsers_header() {
        let of = |name, value| is_prefetch(headers(&[(name, value)]).as_slice());
        for (name, value) in [
            ("sec-purpose", "prefetch"),
            ("sec-purpose", "prefetch;prerender"),
            ("sec-purpose", "prefetch; anonymous-client-ip"),
            ("purpose", "Prefetch"),
            ("x-purpose", "preview"),
            ("x-moz", "prefetch"),
        ] {
            assert!(of(name, value), "{name}: {value}");
        }
        for (name, value) in [
            ("purpose", ""),
            ("sec-purpose", "x"),
            ("accept", "prefetch"),
        ] {
            assert!(!of(name, value), "{name}: {value}");
        }
    }

    #[test]
    fn is_from_another_site_needs_the_browsers_word() {
        let of = |list: &[(&str, &str)]| is_from_another_site(headers(list).as_slice());
        for site in ["cross-site", "same-site", ""] {
            assert!(of(&[("sec-fetch-site", site)]), "{site}");
        }
        for site in ["same-origin", "none"] {
            assert!(!of(&[("sec-fetch-site", site)]), "{site}");
        }
        assert!(!of(&[]));
    }
}
