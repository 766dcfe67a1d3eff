//! Our cookies: their names, and how the session's is found, written and cleared.

use std::time::Duration;

use crate::error::{Error, ErrorKind, Result};
use crate::web::public_url::PublicUrl;
use crate::web::request::Headers;

const HOST_PREFIX: &str = "__Host-";
const DEFAULT_PREFIX: &str = "wecom";
/// Longer ones would only make every request longer.
const MAX_PREFIX_BYTES: usize = 32;

/// How our cookies are named. Names and attributes follow the public URL, never the request.
#[derive(Clone, Debug)]
pub(crate) struct CookieNames {
    secure: bool,
    prefix: Box<str>,
}

impl CookieNames {
    /// The names that begin with `wecom`.
    pub(crate) fn new(public_url: &PublicUrl) -> Self {
        Self {
            secure: public_url.is_https(),
            prefix: DEFAULT_PREFIX.into(),
        }
    }

    /// The names that begin otherwise: services that share a host share its cookies, whatever their ports and paths.
    ///
    /// # Errors
    /// `CONFIG_ERROR`: not 1 to 32 of `A-Z a-z 0-9 _ -`, or no letter at the beginning.
    pub(crate) fn with_prefix(self, prefix: &str) -> Result<Self> {
        let plain = prefix
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
        if !plain
            || prefix.len() > MAX_PREFIX_BYTES
            || !prefix.starts_with(|first: char| first.is_ascii_alphabetic())
        {
            let rule =
                "cookie_prefix must be 1 to 32 characters of A-Z a-z 0-9 _ -, the first a letter";
            return Err(Error::new(ErrorKind::Config, rule));
        }
        Ok(Self {
            prefix: prefix.into(),
            ..self
        })
    }

    /// The whole name of one of our cookies. On https it has a prefix that keeps sibling hosts from planting the cookie;
    /// the bare name is not even looked at then.
    pub(super) fn full_name(&self, kind: &str) -> String {
        let host_prefix = if self.secure { HOST_PREFIX } else { "" };
        format!("{host_prefix}{}_{kind}", self.prefix)
    }

    /// What every cookie of ours has.
    pub(super) const fn attributes(&self) -> &'static str {
        if self.secure {
            "Path=/; HttpOnly; SameSite=Lax; Secure"
        } else {
            "Path=/; HttpOnly; SameSite=Lax"
        }
    }
}

/// The session cookie of this service.
#[derive(Clone, Debug)]
pub(crate) struct SessionCookie {
    name: Box<str>,
    attributes: &'static str,
}

impl SessionCookie {
    pub(crate) fn new(names: &CookieNames) -> Self {
        Self {
            name: names.full_name("login").into(),
            attributes: names.attributes(),
        }
    }

    /// The token that the cookie holds; an empty one is none.
    pub(crate) fn read<'a>(&self, headers: &'a (impl Headers + ?Sized)) -> Option<&'a [u8]> {
        headers
            .values("cookie")
            .find_map(|header| find_cookie(header, &self.name))
            .filter(|token| !token.is_empty())
    }

    /// The `Set-Cookie` that starts a session in the browser.
    pub(crate) fn set(&self, token: &str, max_age: Duration) -> String {
        format!(
            "{}={token}; Max-Age={}; {}",
            self.name,
            max_age.as_secs(),
            self.attributes
        )
    }

    /// The `Set-Cookie` that ends it. A browser clears only what it finds under the same attributes.
    pub(crate) fn clear(&self) -> String {
        format!("{}=; Max-Age=0; {}", self.name, self.attributes)
    }
}

/// The value of the first cookie of this name.
pub(super) fn find_cookie<'a>(header: &'a [u8], name: &str) -> Option<&'a [u8]> {
    header.split(|byte| *byte == b';').find_map(|pair| {
        let rest = pair.trim_ascii().strip_prefix(name.as_bytes())?;
        let value = rest.strip_prefix(b"=")?.trim_ascii();
        let unquoted = value
            .strip_prefix(b"\"")
            .and_then(|value| value.strip_suffix(b"\""));
        Some(unquoted.unwrap_or(value))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn names(url: &str) -> CookieNames {
        CookieNames::new(&PublicUrl::new(url).unwrap())
    }

    fn cookie(url: &str) -> SessionCookie {
        SessionCookie::new(&names(url))
    }

    fn read(cookie: &SessionCookie, lines: &[&[u8]]) -> Option<Vec<u8>> {
        let headers: Vec<_> = lines
            .iter()
            .map(|line| ("cookie".to_owned(), line.to_vec()))
            .collect();
        cookie.read(headers.as_slice()).map(<[u8]>::to_vec)
    }

    #[test]
    fn the_cookie_is_found_among_others() {
        let plain = cookie("http://127.0.0.1:3000");
        for line in [
            &b"wecom_login=tok"[..],
            b"a=b; wecom_login=tok; c=d",
            b"a=b;wecom_login=\"tok\"",
            b"xwecom_login=1; wecom_login2=2; wecom_login; \xff=\xfe; wecom_login=tok",
        ] {
            assert_eq!(
                read(&plain, &[line]).as_deref(),
                Some(&b"tok"[..]),
                "{line:?}"
            );
        }
        assert_eq!(
            read(&plain, &[b"a=b", b"wecom_login=tok"]).as_deref(),
            Some(&b"tok"[..])
        );
        for line in [
            &b""[..],
            b"wecom_login=",
            b"wecom_login=\"\"",
            b"WECOM_LOGIN=tok",
            b"a=wecom_login=tok",
        ] {
            assert_eq!(read(&plain, &[line]), None, "{line:?}");
        }
    }

    #[test]
    fn on_https_the_bare_name_is_not_ours() {
        let secure = cookie("https://app.example.com");
        assert_eq!(
            read(&secure, &[b"wecom_login=planted; __Host-wecom_login=tok"]).unwrap(),
            b"tok"
        );
        assert_eq!(read(&secure, &[b"wecom_login=planted"]), None);
        assert_eq!(
            secure.set("tok", Duration::from_secs(60)),
            "__Host-wecom_login=tok; Max-Age=60; Path=/; HttpOnly; SameSite=Lax; Secure"
        );
        assert_eq!(
            secure.clear(),
            "__Host-wecom_login=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax; Secure"
        );
        assert_eq!(
            cookie("http://localhost").clear(),
            "wecom_login=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax"
        );
    }

    #[test]
    fn a_host_app_may_begin_the_names_otherwise() {
        let named = |prefix: &str| names("https://app.example.com").with_prefix(prefix);
        let own = SessionCookie::new(&named("crm").unwrap());
        assert_eq!(
            read(&own, &[b"__Host-wecom_login=other; __Host-crm_login=tok"]).unwrap(),
            b"tok"
        );
        assert!(own.clear().starts_with("__Host-crm_login=;"));
        for bad in [
            "",
            "a b",
            "a=b",
            "a;b",
            "1a",
            "-a",
            "__Host-a",
            "\u{4f01}",
            &"a".repeat(33),
        ] {
            assert_eq!(named(bad).unwrap_err().kind(), ErrorKind::Config, "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn no_header_panics_and_what_is_found_was_sent(line in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Some(found) = find_cookie(&line, "wecom_login") {
                prop_assert!(found.is_empty() || line.windows(found.len()).any(|part| part == found));
            }
        }
    }
}
