//! The public URL: the root of the host app as browsers see it. Links, cookies and the same-origin check are made
//! from it, never from `Host`.

use std::fmt;
use std::str::FromStr;

use url::Url;

use crate::error::{Error, ErrorKind, Result};
use crate::loopback::is_loopback;
use crate::web::mount::plain_path;

/// The root of the host app, as browsers see it: `https://app.example.com`, or with a path.
///
/// ```
/// use wecom_login::web::PublicUrl;
///
/// let url = PublicUrl::new("https://App.example.com:443/portal/")?;
/// assert_eq!(url.origin(), "https://app.example.com");
/// assert_eq!(url.path(), "/portal");
/// assert!(PublicUrl::new("http://app.example.com").is_err());
/// # Ok::<(), wecom_login::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct PublicUrl {
    origin: Box<str>,
    host: Box<str>,
    path: Box<str>,
}

impl PublicUrl {
    /// Parses an https URL, or an http URL with a loopback host.
    ///
    /// # Errors
    /// `CONFIG_ERROR`: not an absolute http or https URL; user info, a query or a fragment; a path with characters
    /// other than `A-Z a-z 0-9 - . _ ~`; or http to a host that is not loopback.
    pub fn new(url: &str) -> Result<Self> {
        let parsed = Self::insecure(url)?;
        if !parsed.is_https() && !is_loopback(&parsed.host) {
            return Err(config_error("must be https, except for a loopback host"));
        }
        Ok(parsed)
    }

    /// Parses an http or https URL of any host. Over http, everyone on the network path can read all sessions.
    ///
    /// # Errors
    /// As [`new`](Self::new), except for the scheme.
    pub fn insecure(url: &str) -> Result<Self> {
        let (scheme, rest) = url
            .split_once("://")
            .ok_or_else(|| config_error("must be absolute"))?;
        if !["https", "http"].contains(&&*scheme.to_ascii_lowercase()) {
            return Err(config_error("must start with https:// or http://"));
        }
        let (authority, path) = rest
            .find('/')
            .map_or((rest, ""), |slash| rest.split_at(slash));
        // `Url` repairs what is not a URL: it drops tabs, resolves dot segments, decodes hosts. All that is refused
        // first.
        let path = plain_path(path)
            .ok_or_else(|| config_error("has an invalid path, or a query or fragment"))?;
        let invalid_host = || config_error("has an invalid host or port");
        if authority.is_empty() || !authority.bytes().all(is_host_or_port) {
            return Err(invalid_host());
        }
        let parsed = Url::parse(url).map_err(|_| invalid_host())?;
        Ok(Self {
            origin: parsed.origin().ascii_serialization().into(),
            host: parsed.host_str().ok_or_else(invalid_host)?.into(),
            path: path.into(),
        })
    }

    /// Scheme, host and port, as browsers write them in `Origin`.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The path without a trailing slash; empty for the root.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Whether the scheme is https.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.origin.starts_with("https:")
    }

    /// Whether only this machine reaches it.
    pub(super) fn is_loopback(&self) -> bool {
        is_loopback(&self.host)
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.origin, self.path)
    }
}

impl fmt::Debug for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

impl FromStr for PublicUrl {
    type Err = Error;

    fn from_str(url: &str) -> Result<Self> {
        Self::new(url)
    }
}

fn config_error(rule: &str) -> Error {
    Error::new(ErrorKind::Config, format!("public_url {rule}"))
}

fn is_host_or_port(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn new_normalizes_as_browsers_do() {
        for (url, origin, path) in [
            ("https://a.example", "https://a.example", ""),
            ("HTTPS://A.Example:443/", "https://a.example", ""),
            (
                "https://a.example:8443/x/y/",
                "https://a.example:8443",
                "/x/y",
            ),
            ("http://127.0.0.1:3000", "http://127.0.0.1:3000", ""),
            ("http://localhost:80", "http://localhost", ""),
            ("http://[0:0:0:0:0:0:0:1]:3000", "http://[::1]:3000", ""),
            ("http://app.localhost", "http://app.localhost", ""),
        ] {
            let parsed = PublicUrl::new(url).unwrap();
            assert_eq!((parsed.origin(), parsed.path()), (origin, path), "{url}");
            assert_eq!(PublicUrl::new(&parsed.to_string()).unwrap(), parsed);
        }
    }

    #[test]
    fn new_refuses_misleading_urls() {
        for url in [
            "",
            "a.example",
            "//a.example",
            "ftp://a.example",
            "https://",
            "https:///x",
            "https://u@a.example",
            "https://u:p@a.example",
            "https://a.example?x",
            "https://a.example/?x",
            "https://a.example#x",
            "https://a.example/x#y",
            "https://a.example/../x",
            "https://a.example//x",
            "https://a.example/%2e",
            "https://a.example/a b",
            "https://a.example:x",
            "https://a.example:70000",
            "https://a b",
            "https://企业.example",
            "https://[::g]",
        ] {
            assert!(PublicUrl::new(url).is_err(), "{url}");
        }
    }

    #[test]
    fn new_refuses_http_except_for_loopback() {
        for url in [
            "http://a.example",
            "http://10.0.0.1",
            "http://localhost.evil.example",
            "http://[::2]",
        ] {
            assert!(PublicUrl::new(url).is_err(), "{url}");
            assert!(!PublicUrl::insecure(url).unwrap().is_https());
        }
    }

    proptest! {
        #[test]
        fn insecure_never_panics_and_is_idempotent(text in "(https?://)?[a-zA-Z0-9.:/@?#\\[\\]-]{0,40}") {
            if let Ok(url) = PublicUrl::insecure(&text) {
                prop_assert_eq!(PublicUrl::insecure(&url.to_string()).unwrap(), url);
            }
        }
    }
}
