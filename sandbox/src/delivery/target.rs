//! Where pushes go.

use std::net::IpAddr;

use axum::http::Uri;

/// The app's callback URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    url: String,
    authority: String,
}

impl Target {
    /// Reads a callback URL; one that is not on this machine needs `remote`.
    pub(crate) fn parse(url: &str, remote: bool) -> Result<Self, String> {
        let url = url.trim();
        let uri: Uri = url.parse().map_err(|_| "the notify URL is no URL".to_owned())?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err("the notify URL begins with http:// or https://".to_owned());
        };
        if scheme != "http" && scheme != "https" {
            return Err("the notify URL begins with http:// or https://".to_owned());
        }
        if !remote && !is_loopback(authority.host()) {
            return Err("the notify URL is not on this machine; --remote allows that".to_owned());
        }
        let authority = plain_authority(scheme, authority.as_str());
        let url = url.split('#').next().unwrap_or(url).to_owned();
        Ok(Self { url, authority })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Host and port, as a trusted domain names them.
    pub(crate) fn authority(&self) -> &str {
        &self.authority
    }

    pub(crate) fn with_query(&self, query: &str) -> String {
        let mark = if self.url.contains('?') { '&' } else { '?' };
        format!("{}{mark}{query}", self.url)
    }
}

/// Host and port without a port that the scheme implies, in lower case.
pub(crate) fn plain_authority(scheme: &str, authority: &str) -> String {
    let authority = authority.rsplit('@').next().unwrap_or(authority).to_ascii_lowercase();
    let implied = if scheme == "https" { ":443" } else { ":80" };
    authority.strip_suffix(implied).unwrap_or(&authority).to_owned()
}

/// Whether a host name means this machine.
pub(crate) fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
    match host.parse::<IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => host == "localhost" || host.ends_with(".localhost"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_pushed_to_unless_told_otherwise() {
        for here in ["http://127.0.0.1:3000/auth/notify", "http://localhost/n", "https://[::1]:8443/"] {
            assert!(Target::parse(here, false).is_ok(), "{here}");
        }
        for away in ["http://example.com/n", "http://10.0.0.1/", "http://localhost.example.com/"] {
            assert!(Target::parse(away, false).is_err(), "{away}");
            assert!(Target::parse(away, true).is_ok(), "{away}");
        }
        for bad in ["", "/notify", "ftp://127.0.0.1/", "127.0.0.1:3000"] {
            assert!(Target::parse(bad, true).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_query_is_kept_and_an_implied_port_is_dropped() {
        let target = Target::parse("http://127.0.0.1:80/n?a=1#x", false).unwrap();
        assert_eq!(target.with_query("b=2"), "http://127.0.0.1:80/n?a=1&b=2");
        assert_eq!(target.authority(), "127.0.0.1");
    }
}
