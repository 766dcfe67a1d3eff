//! The session cookie: its name, how it is found, written and cleared.

use std::time::Duration;

use super::public_url::PublicUrl;
use super::request::Headers;

const NAME: &str = "wecom_login";
const HOST_NAME: &str = "__Host-wecom_login";

/// The session cookie of this service. Its name and attributes follow the public URL, never the request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SessionCookie {
    secure: bool,
}

impl SessionCookie {
    pub(crate) fn new(public_url: &PublicUrl) -> Self {
        Self { secure: public_url.is_https() }
    }

    /// On https the prefix keeps sibling hosts from planting the cookie; the bare name is not even looked at then.
    pub(crate) const fn name(self) -> &'static str {
        if self.secure { HOST_NAME } else { NAME }
    }

    /// The token that the cookie holds; an empty one is none.
    pub(crate) fn read(self, headers: &(impl Headers + ?Sized)) -> Option<&[u8]> {
        headers
            .values("cookie")
            .find_map(|header| value(header, self.name()))
            .filter(|token| !token.is_empty())
    }

    /// The `Set-Cookie` that starts a session in the browser.
    pub(crate) fn set(self, token: &str, max_age: Duration) -> String {
        format!("{}={token}; Max-Age={}; {}", self.name(), max_age.as_secs(), self.attributes())
    }

    /// The `Set-Cookie` that ends it. A browser clears only what it finds under the same attributes.
    pub(crate) fn clear(self) -> String {
        format!("{}=; Max-Age=0; {}", self.name(), self.attributes())
    }

    const fn attributes(self) -> &'static str {
        attributes(self.secure)
    }
}

/// What every cookie of ours has.
pub(super) const fn attributes(secure: bool) -> &'static str {
    if secure { "Path=/; HttpOnly; SameSite=Lax; Secure" } else { "Path=/; HttpOnly; SameSite=Lax" }
}

/// The value of the first cookie of this name.
pub(super) fn value<'a>(header: &'a [u8], name: &str) -> Option<&'a [u8]> {
    header.split(|byte| *byte == b';').find_map(|pair| {
        let rest = pair.trim_ascii().strip_prefix(name.as_bytes())?;
        let value = rest.strip_prefix(b"=")?.trim_ascii();
        let unquoted = value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\""));
        Some(unquoted.unwrap_or(value))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cookie(url: &str) -> SessionCookie {
        SessionCookie::new(&PublicUrl::new(url).unwrap())
    }

    fn read(cookie: SessionCookie, lines: &[&[u8]]) -> Option<Vec<u8>> {
        let headers: Vec<_> = lines.iter().map(|line| ("cookie".to_owned(), line.to_vec())).collect();
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
            assert_eq!(read(plain, &[line]).as_deref(), Some(&b"tok"[..]), "{line:?}");
        }
        assert_eq!(read(plain, &[b"a=b", b"wecom_login=tok"]).as_deref(), Some(&b"tok"[..]));
        for line in [&b""[..], b"wecom_login=", b"wecom_login=\"\"", b"WECOM_LOGIN=tok", b"a=wecom_login=tok"]
        {
            assert_eq!(read(plain, &[line]), None, "{line:?}");
        }
    }

    #[test]
    fn on_https_the_bare_name_is_not_ours() {
        let secure = cookie("https://app.example.com");
        assert_eq!(read(secure, &[b"wecom_login=planted; __Host-wecom_login=tok"]).unwrap(), b"tok");
        assert_eq!(read(secure, &[b"wecom_login=planted"]), None);
        assert_eq!(
            secure.set("tok", Duration::from_secs(60)),
            "__Host-wecom_login=tok; Max-Age=60; Path=/; HttpOnly; SameSite=Lax; Secure"
        );
        assert_eq!(secure.clear(), "__Host-wecom_login=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax; Secure");
        assert_eq!(
            cookie("http://localhost").clear(),
            "wecom_login=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax"
        );
    }

    proptest! {
        #[test]
        fn no_header_panics_and_what_is_found_was_sent(line in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Some(found) = value(&line, NAME) {
                prop_assert!(found.is_empty() || line.windows(found.len()).any(|part| part == found));
            }
        }
    }
}
