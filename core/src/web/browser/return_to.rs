//! The path that a browser returns to after its login: always of our own origin.

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

use crate::web::browser::origin_path::is_origin_path;
use crate::web::origin::Origins;

/// With a longer path the flow cookie would not fit a browser's limit of 4096 bytes.
const MAX_RETURN_TO_BYTES: usize = 2000;

/// The characters that a URL contains only percent-encoded (RFC 3986, 2).
const NOT_IN_A_URL: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}')
    .add(b'^');

/// A path of our own origin, or a URL of one that the host app allows, with query and fragment, in visible ASCII.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ReturnTo {
    location: String,
}

impl ReturnTo {
    /// The path that a request names, or the URL of an allowed origin; `/` if it names anything else: another origin in
    /// any spelling that a browser, a proxy or a framework may understand as one, dot segments, control characters, or
    /// too long a text.
    pub(super) fn parse_or_root(text: &str, origins: &Origins) -> Self {
        let allowed = || {
            let (origin, path) = origins.strip_allowed(text)?;
            let path = Self::parse(if path.is_empty() { "/" } else { path })?;
            let location = format!("{origin}{}", path.location);
            (location.len() <= MAX_RETURN_TO_BYTES).then_some(Self { location })
        };
        Self::parse(text).or_else(allowed).unwrap_or_else(|| Self {
            location: "/".to_owned(),
        })
    }

    /// The path that a request names; `None` for anything else.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let location: String = utf8_percent_encode(text, NOT_IN_A_URL).collect();
        if location.len() > MAX_RETURN_TO_BYTES || !is_origin_path(text) {
            return None;
        }
        let end = text.find(['?', '#']).unwrap_or(text.len());
        let path = &text[..end];
        // Checked as sent and decoded: a proxy may decode a path before it reads it.
        let decoded = percent_decode_str(path).decode_utf8().ok()?;
        (!has_dot_segments(path) && is_origin_path(&decoded) && !has_dot_segments(&decoded))
            .then_some(Self { location })
    }

    /// The value of a `Location`.
    pub(super) fn as_str(&self) -> &str {
        &self.location
    }
}

fn has_dot_segments(path: &str) -> bool {
    path.split('/').any(|segment| matches!(segment, "." | ".."))
}

#[cfg(test)]
mod tests {
    use http::Uri;
    use proptest::prelude::*;

    use super::*;
    use crate::web::public_url::PublicUrl;

    fn read(text: &str) -> String {
        let url = PublicUrl::new("https://app.example").unwrap();
        ReturnTo::parse_or_root(text, &Origins::new(&url))
            .as_str()
            .to_owned()
    }

    #[test]
    fn parse_or_root_keeps_urls_of_allowed_origins() {
        let url = PublicUrl::new("https://app.example").unwrap();
        let allowed = ["https://front.example".to_owned()];
        let origins = Origins::new(&url).with_allowed(&allowed, false).unwrap();
        let read = |text: &str| ReturnTo::parse_or_root(text, &origins).as_str().to_owned();
        for url in ["https://front.example/", "https://front.example/a?b=c#d"] {
            assert_eq!(read(url), url);
        }
        assert_eq!(read("https://front.example"), "https://front.example/");
        assert_eq!(read("/a"), "/a");
        for other in [
            "https://front.example.evil.example/",
            "https://front.example@evil.example/",
            "https://front.example//evil.example",
            "https://front.example/../a",
            "https://front.example\\@evil.example",
            "http://front.example/",
            "//front.example/",
            "https://app.example/",
        ] {
            assert_eq!(read(other), "/", "{other}");
        }
        assert_eq!(
            read(&format!("https://front.example/{}", "a".repeat(1990))),
            "/"
        );
    }

    #[test]
    fn parse_or_root_keeps_paths_of_this_origin() {
        for path in [
            "/",
            "/a",
            "/a/b/?x=1&y=2",
            "/a#b",
            "/a?next=https://b.example//c",
            "/a//b",
            "/@a",
            "/a:b",
        ] {
            assert_eq!(read(path), path);
        }
        assert_eq!(read("/文 档?q=a b"), "/%E6%96%87%20%E6%A1%A3?q=a%20b");
        assert_eq!(read("/%E6%96%87"), "/%E6%96%87");
        assert_eq!(read("/a..b/.c/..."), "/a..b/.c/...");
    }

    #[test]
    fn parse_or_root_turns_everything_else_into_root() {
        for trick in [
            "",
            "a",
            "?a",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "/a\\..\\b",
            "%2f%2fevil.example",
            "/%2fevil.example",
            "/%2Fevil.example",
            "/%5cevil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            "\t//evil.example",
            " //evil.example",
            "/%09/evil.example",
            "/%0d%0aSet-Cookie:a=b",
            "/a\r\nLocation: b",
            "/a?\u{7f}",
            "/a\u{85}b",
            "https://evil.example",
            "https:evil.example",
            "https:/evil.example",
            "HTTPS:%2f%2fevil.example",
            "javascript:alert(1)",
            "data:text/html,a",
            "//user@evil.example",
            "user@evil.example",
            "/..//evil.example",
            "/.//evil.example",
            "/a/../..//evil.example",
            "/%2e%2e//evil.example",
            "/a/%2e%2e%2f%2fevil.example",
            "/%ff",
        ] {
            assert_eq!(read(trick), "/", "{trick:?}");
        }
        assert_eq!(read(&format!("/{}", "a".repeat(2000))), "/");
        assert_eq!(
            read(&format!("/{}", "文".repeat(300))),
            "/",
            "what counts is what is sent"
        );
    }

    proptest! {
        #[test]
        fn parse_or_root_always_gives_a_path_of_one_origin(text in "[/\\\\.%2fF5cC@:?#a \\t\\n文]{0,24}|.*") {
            let location = read(&text);
            prop_assert!(location.starts_with('/') && !location.starts_with("//"));
            prop_assert!(location.bytes().all(|byte| (0x21..0x7f).contains(&byte) && byte != b'\\'));
            let absolute: Uri = format!("https://app.example{}", location.split('#').next().unwrap()).parse().unwrap();
            prop_assert_eq!(absolute.authority().unwrap().as_str(), "app.example");
            prop_assert_eq!(&read(&location), &location, "reading it again changes nothing");
        }
    }
}
