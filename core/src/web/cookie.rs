//! The names and attributes of our cookies, and the session cookie.

use std::time::Duration;

use cookie::Cookie;

use crate::error::{Error, ErrorKind, Result};
use crate::web::public_url::PublicUrl;
use crate::web::request::Headers;

/// With this prefix, browsers take the cookie only from this host, over https.
const HOST_PREFIX: &str = "__Host-";
/// With this prefix, browsers take the cookie only over https.
const SECURE_PREFIX: &str = "__Secure-";
const DEFAULT_PREFIX: &str = "wecom";
/// Every request carries the names, so they are short.
const MAX_PREFIX_BYTES: usize = 32;

/// The names of our cookies. Names and attributes follow the public URL, never the request.
#[derive(Clone, Debug)]
pub(crate) struct CookieNames {
    secure: bool,
    prefix: Box<str>,
}

impl CookieNames {
    /// Names that start with `wecom`.
    pub(crate) fn new(public_url: &PublicUrl) -> Self {
        Self {
            secure: public_url.is_https(),
            prefix: DEFAULT_PREFIX.into(),
        }
    }

    /// Names that start with another prefix: services on one host share its cookies, whatever their ports and paths.
    ///
    /// # Errors
    /// `CONFIG_ERROR`: not 1 to 32 of `A-Z a-z 0-9 _ -`, or the first is not a letter.
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

    /// The full name of one of our cookies. On https it has a prefix that keeps sibling hosts from setting the
    /// cookie; the name without that prefix is then ignored.
    pub(super) fn full_name(&self, kind: &str) -> String {
        let host_prefix = if self.secure { HOST_PREFIX } else { "" };
        format!("{host_prefix}{}_{kind}", self.prefix)
    }

    /// The full name of a cookie of one path: a cookie with the other prefix is one of the whole host.
    pub(super) fn full_name_below_path(&self, kind: &str) -> String {
        let prefix = if self.secure { SECURE_PREFIX } else { "" };
        format!("{prefix}{}_{kind}", self.prefix)
    }

    /// The attributes of a cookie of one path that no request from another site carries, apart from `Max-Age`.
    pub(super) fn strict_attributes_below(&self, path: &str) -> String {
        let secure = if self.secure { "; Secure" } else { "" };
        format!("Path={path}; HttpOnly; SameSite=Strict{secure}")
    }

    /// The attributes of all our cookies, apart from `Max-Age`.
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

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The tokens in the cookies of our name; an empty value counts as no cookie. On plain http there may be several: one
    /// of another path, or of a parent domain, comes first or last as the browser pleases. Read by hand: this is the hot
    /// path, and `cookie` needs UTF-8 and builds a value per pair.
    pub(crate) fn tokens<'a>(
        &'a self,
        headers: &'a (impl Headers + ?Sized),
    ) -> impl Iterator<Item = &'a [u8]> {
        headers
            .values("cookie")
            .flat_map(|header| find_cookies(header, &self.name))
            .filter(|token| !token.is_empty())
    }

    /// Whether there is a cookie of our name.
    pub(crate) fn is_sent(&self, headers: &(impl Headers + ?Sized)) -> bool {
        self.tokens(headers).next().is_some()
    }

    /// The `Set-Cookie` that starts a session in the browser.
    pub(crate) fn set(&self, token: &str, max_age: Duration) -> String {
        set_cookie(&self.name, token, max_age, self.attributes)
    }

    /// The `Set-Cookie` that clears the cookie. A browser clears it only under the same attributes.
    pub(crate) fn clear(&self) -> String {
        self.set("", Duration::ZERO)
    }
}

/// The value of a `Set-Cookie`. The attributes are text, because `cookie` would write them before `Max-Age`: clients
/// and tests know this order.
pub(super) fn set_cookie(name: &str, value: &str, max_age: Duration, attributes: &str) -> String {
    let max_age = cookie::time::Duration::try_from(max_age).unwrap_or(cookie::time::Duration::MAX);
    let cookie = Cookie::build((name, value)).max_age(max_age);
    format!("{cookie}; {attributes}")
}

/// The values of the cookies of this name.
pub(super) fn find_cookies<'a>(header: &'a [u8], name: &'a str) -> impl Iterator<Item = &'a [u8]> {
    header.split(|byte| *byte == b';').filter_map(move |pair| {
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
        let first = cookie.tokens(headers.as_slice()).next();
        first.map(<[u8]>::to_vec)
    }

    #[test]
    fn read_finds_the_cookie_among_others() {
        let plain = cookie("http://127.0.0.1:3000");
        for line in [
            &b"wecom_login=tok"[..],
            b"a=b; wecom_login=tok; c=d",
            b"a=b;wecom_login=\"tok\"",
            b"xwecom_login=1; wecom_login2=2; wecom_login; \xff=\xfe; wecom_login=tok",
            b"wecom_login=; wecom_login=tok; wecom_login=other",
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
    fn read_ignores_the_unprefixed_name_on_https() {
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
    fn with_prefix_renames_the_cookie_and_refuses_other_characters() {
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
        fn find_cookies_never_panics_and_finds_only_what_was_sent(line in proptest::collection::vec(any::<u8>(), 0..200)) {
            for found in find_cookies(&line, "wecom_login") {
                prop_assert!(found.is_empty() || line.windows(found.len()).any(|part| part == found));
            }
        }
    }
}
