//! The base URLs of WeCom. They come from configuration only, never from a response.

use http::Uri;

use crate::error::{Error, ErrorKind};
use crate::loopback::is_loopback;

/// The base URLs of WeCom's three hosts, each without a slash at its end.
///
/// ```
/// use wecom_login::wecom::Hosts;
///
/// let hosts = Hosts::all_at("http://127.0.0.1:3001/").unwrap();
/// assert_eq!(hosts.api(), "http://127.0.0.1:3001");
/// assert!(Hosts::all_at("http://wecom.example").is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hosts {
    api: Box<str>,
    oauth: Box<str>,
    qr: Box<str>,
}

/// The text is not a base URL that secrets may be sent to. The error does not hold the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the WeCom {host} host {rule}")]
#[non_exhaustive]
pub struct InvalidHost {
    /// Which host: `API`, `OAuth` or `QR`.
    pub host: &'static str,
    /// The broken rule.
    pub rule: &'static str,
}

impl Hosts {
    /// Parses the three base URLs. A path is kept as a prefix, a trailing slash is dropped.
    ///
    /// # Errors
    /// A text is not an http or https URL, has a user name, query or fragment, or is http for a host that is not
    /// loopback while `allow_insecure_http` is false: plain http sends every secret in the clear.
    pub fn parse(
        api: &str,
        oauth: &str,
        qr: &str,
        allow_insecure_http: bool,
    ) -> Result<Self, InvalidHost> {
        let read = |host, text| {
            base_url(text, allow_insecure_http).map_err(|rule| InvalidHost { host, rule })
        };
        Ok(Self {
            api: read("API", api)?,
            oauth: read("OAuth", oauth)?,
            qr: read("QR", qr)?,
        })
    }

    /// All three hosts at one base URL, as the sandbox has them: https, or http on loopback.
    ///
    /// # Errors
    /// As [`Hosts::parse`].
    pub fn all_at(url: &str) -> Result<Self, InvalidHost> {
        Self::parse(url, url, url, false)
    }

    /// The host of the calls (`/cgi-bin/…`).
    #[must_use]
    pub fn api(&self) -> &str {
        &self.api
    }

    /// The host of the OAuth page (`/connect/oauth2/authorize`).
    #[must_use]
    pub fn oauth(&self) -> &str {
        &self.oauth
    }

    /// The host of the QR login page (`/wwlogin/sso/login`).
    #[must_use]
    pub fn qr(&self) -> &str {
        &self.qr
    }
}

impl Default for Hosts {
    /// The real WeCom.
    fn default() -> Self {
        Self {
            api: "https://qyapi.weixin.qq.com".into(),
            oauth: "https://open.weixin.qq.com".into(),
            qr: "https://login.work.weixin.qq.com".into(),
        }
    }
}

impl From<InvalidHost> for Error {
    fn from(error: InvalidHost) -> Self {
        Self::new(ErrorKind::Config, error.to_string())
    }
}

fn base_url(text: &str, allow_insecure_http: bool) -> Result<Box<str>, &'static str> {
    // `Uri` drops a fragment silently.
    if text.contains('#') {
        return Err("must have no fragment");
    }
    let uri: Uri = text.parse().map_err(|_| "must be a URL")?;
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return Err("must be an absolute URL");
    };
    if authority.host().is_empty() {
        return Err("must name a host");
    }
    if authority.as_str().contains('@') {
        return Err("must have no user name or password");
    }
    if uri.query().is_some() {
        return Err("must have no query");
    }
    match scheme {
        "https" => {}
        "http" if allow_insecure_http || is_loopback(authority.host()) => {}
        "http" => return Err("must be https, unless it is loopback"),
        _ => return Err("must be http or https"),
    }
    Ok(format!("{scheme}://{authority}{}", uri.path().trim_end_matches('/')).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_default_is_wecom() {
        let real = Hosts::default();
        let parsed = Hosts::parse(real.api(), real.oauth(), real.qr(), false).unwrap();
        assert_eq!(parsed, real);
    }

    #[test]
    fn hosts_allow_http_for_loopback_or_on_request() {
        for good in [
            "http://localhost:1",
            "http://127.9.0.1",
            "http://[::1]:3001",
            "https://wecom.example",
        ] {
            assert!(Hosts::all_at(good).is_ok(), "{good}");
        }
        for bad in [
            "http://wecom.example",
            "http://localhost.example",
            "http://10.0.0.1",
            "http://127.0.0.1.example",
        ] {
            assert!(Hosts::all_at(bad).is_err(), "{bad}");
            assert!(Hosts::parse(bad, bad, bad, true).is_ok(), "{bad}");
        }
    }

    #[test]
    fn hosts_keep_path_and_drop_trailing_slash() {
        let hosts = Hosts::all_at("https://proxy.example:8443/wecom/").unwrap();
        assert_eq!(hosts.qr(), "https://proxy.example:8443/wecom");
        assert_eq!(
            Hosts::all_at("HTTPS://proxy.example/").unwrap().api(),
            "https://proxy.example"
        );
    }

    #[test]
    fn hosts_reject_invalid_url_without_quoting_it() {
        for bad in [
            "",
            "wecom.example",
            "/cgi-bin",
            "ftp://wecom.example",
            "https://hush@wecom.example",
            "https://u:hush@wecom.example",
            "https://wecom.example/?hush",
            "https://wecom.example/#hush",
            "https://",
        ] {
            let error = Hosts::all_at(bad).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("hush"), "{bad}");
            assert_eq!(Error::from(error).kind(), ErrorKind::Config);
        }
    }
}
