//! Where we are, as browsers see it. Links, cookies and the same-origin check come from here, never from `Host`.

use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;

use crate::error::{Error, ErrorKind, Result};
use crate::loopback::is_loopback;

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
    /// Parses an https URL, or an http URL of this very machine.
    ///
    /// # Errors
    /// `CONFIG_ERROR`: no absolute http or https URL, user info, a query or a fragment, a path of other than
    /// `A-Z a-z 0-9 - . _ ~`, or http to a host that is not loopback.
    pub fn new(url: &str) -> Result<Self> {
        let parsed = Self::insecure(url)?;
        if !parsed.is_https() && !is_loopback(&parsed.host) {
            return Err(config_error("must be https, except for this very machine"));
        }
        Ok(parsed)
    }

    /// Parses an http or https URL of any host. Over http, everyone on the way reads all sessions.
    ///
    /// # Errors
    /// As [`new`](Self::new), but for the scheme.
    pub fn insecure(url: &str) -> Result<Self> {
        let (scheme, rest) = url
            .split_once("://")
            .ok_or_else(|| config_error("must be absolute"))?;
        let default_port = match scheme.to_ascii_lowercase().as_str() {
            "https" => 443,
            "http" => 80,
            _ => return Err(config_error("must begin with https:// or http://")),
        };
        let (authority, path) = rest
            .find('/')
            .map_or((rest, ""), |slash| rest.split_at(slash));
        let path = plain_path(path)
            .ok_or_else(|| config_error("has a path, query or fragment that cannot be"))?;
        let (host, port) = host_and_port(authority)
            .ok_or_else(|| config_error("has no host and port that can be"))?;
        let scheme = if default_port == 443 { "https" } else { "http" };
        let port = port
            .filter(|port| *port != default_port)
            .map_or_else(String::new, |port| format!(":{port}"));
        let origin = format!("{scheme}://{host}{port}").into();
        Ok(Self {
            origin,
            host: host.into(),
            path: path.into(),
        })
    }

    /// Scheme, host and port, as browsers write it in `Origin`.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The path, without a slash at its end; empty for the root.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Whether it is https.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.origin.starts_with("https:")
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

/// The path below the public URL where our routes are; empty for the root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mount(Box<str>);

impl Mount {
    /// `/auth`, `auth` and `/auth/` are the same; `/` and nothing are the root.
    ///
    /// # Errors
    /// `CONFIG_ERROR`: another character than `A-Z a-z 0-9 - . _ ~` in a segment, or an empty segment.
    pub(crate) fn new(mount: &str) -> Result<Self> {
        let path = if mount.starts_with('/') {
            mount.to_owned()
        } else {
            format!("/{mount}")
        };
        let path = plain_path(&path).ok_or_else(|| {
            Error::new(
                ErrorKind::Config,
                "mount must be a path of the characters A-Z a-z 0-9 - . _ ~",
            )
        })?;
        Ok(Self(path.into()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Mount {
    fn default() -> Self {
        Self("/auth".into())
    }
}

fn config_error(rule: &str) -> Error {
    Error::new(ErrorKind::Config, format!("public_url {rule}"))
}

/// A path of plain segments, without the slash at its end.
fn plain_path(path: &str) -> Option<&str> {
    let path = path.strip_suffix('/').unwrap_or(path);
    let plain = |segment: &str| {
        !matches!(segment, "" | "." | "..")
            && segment
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
    };
    path.split('/').skip(1).all(plain).then_some(path)
}

fn host_and_port(authority: &str) -> Option<(String, Option<u16>)> {
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let port = match port {
        None | Some("") => None,
        Some(port) if port.bytes().all(|byte| byte.is_ascii_digit()) => Some(port.parse().ok()?),
        Some(_) => return None,
    };
    if let Some(address) = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
    {
        let address: Ipv6Addr = address.parse().ok()?;
        return Some((format!("[{address}]"), port));
    }
    let plain = !host.is_empty()
        && host
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
    plain.then(|| (host.to_ascii_lowercase(), port))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_url_is_normalised_as_browsers_do() {
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
    fn what_could_mislead_is_refused() {
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
    fn http_is_for_this_machine_unless_told_so() {
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

    #[test]
    fn a_mount_is_normalised() {
        for (mount, path) in [
            ("/auth", "/auth"),
            ("auth/", "/auth"),
            ("/a/b", "/a/b"),
            ("/", ""),
            ("", ""),
        ] {
            assert_eq!(Mount::new(mount).unwrap().as_str(), path, "{mount}");
        }
        assert_eq!(Mount::default(), Mount::new("auth").unwrap());
        for mount in [
            "//", "/a//b", "/{x}", "/a?b", "/a#b", "/..", "/企业", "/a b", "/a%20b", "/*",
        ] {
            assert!(Mount::new(mount).is_err(), "{mount}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics_and_what_parses_is_stable(text in "(https?://)?[a-zA-Z0-9.:/@?#\\[\\]-]{0,40}") {
            if let Ok(url) = PublicUrl::insecure(&text) {
                prop_assert_eq!(PublicUrl::insecure(&url.to_string()).unwrap(), url);
            }
        }
    }
}
