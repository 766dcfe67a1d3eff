//! The `Accept` header: whether a request asks for a page. Read by hand, because it asks for one media type only.

use crate::web::request::Headers;

/// Whether `Accept` names HTML. `*/*` does not count, because scripts and tools send it (RFC 9110, 12.5.1).
pub(super) fn accepts_html(headers: &(impl Headers + ?Sized)) -> bool {
    headers
        .values("accept")
        .flat_map(|value| value.split(|byte| *byte == b','))
        .any(|range| {
            let mut parts = range.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
            let html = parts
                .next()
                .is_some_and(|media| media.eq_ignore_ascii_case(b"text/html"));
            html && !parts.any(|part| part.eq_ignore_ascii_case(b"q=0") || is_zero_weight(part))
        })
}

fn is_zero_weight(part: &[u8]) -> bool {
    let Some(digits) = part
        .strip_prefix(b"q=0.")
        .or_else(|| part.strip_prefix(b"Q=0."))
    else {
        return false;
    };
    digits.iter().all(|digit| *digit == b'0')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_html_only_where_html_is_named() {
        let accepts = |value: &str| {
            accepts_html([("accept".to_owned(), value.as_bytes().to_vec())].as_slice())
        };
        for value in [
            "text/html",
            "application/xml, TEXT/HTML;q=0.9",
            "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        ] {
            assert!(accepts(value), "{value}");
        }
        for value in [
            "",
            "*/*",
            "text/*",
            "application/json",
            "text/html;q=0",
            "text/html; q=0.000",
            "text/htmlx",
        ] {
            assert!(!accepts(value), "{value}");
        }
    }
}
