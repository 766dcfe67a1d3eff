//! The app's callback URL, and the host of a URL as a trusted domain names it.

use std::net::IpAddr;

use axum::http::Uri;

/// The app's callback URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NotifyUrl {
    text: String,
    host: String,
}

impl NotifyUrl {
    /// Parses a callback URL; one that is not on this machine needs `remote`.
    pub(crate) fn parse(url: &str, remote: bool) -> Result<Self, String> {
        let url = url.trim();
        let uri: Uri = url
            .parse()
            .map_err(|_| "the notify URL is not a URL".to_owned())?;
        let host = host_and_port(&uri)
            .ok_or_else(|| "the notify URL must begin with http:// or https://".to_owned())?;
        if !remote && !uri.host().is_some_and(is_loopback) {
            return Err(
                "the notify URL must be on this machine, unless --remote is given".to_owned(),
            );
        }
        let text = url.split('#').next().unwrap_or(url).to_owned();
        Ok(Self { text, host })
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// Host and port, as a trusted domain names them.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    pub(crate) fn with_query(&self, query: &str) -> String {
        let separator = if self.text.contains('?') { '&' } else { '?' };
        format!("{}{separator}{query}", self.text)
    }
}

/// Host and port of an http or https URL as a trusted domain names them: in lower case, without the
/// default port.
pub(crate) fn host_and_port(uri: &Uri) -> Option<String> {
    let default_port = match uri.scheme_str()? {
        "http" => 80,
        "https" => 443,
        _ => return None,
    };
    let host = uri.host()?.to_ascii_lowercase();
    Some(match uri.port_u16() {
        Some(port) if port != default_port => format!("{host}:{port}"),
        _ => host,
    })
}

/// Whether a host name or address is of this machine.
pub(crate) fn is_loopback(host: &str) -> bool {
    let host = host
        .trim_start_matches('[')
        .trim_end_matches(']')
        .to_ascii_lowercase();
    match host.parse::<IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => host == "localhost" || host.ends_with(".localhost"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parse_accepts_other_machines_only_with_remote() {
        for here in [
            "http://127.0.0.1:3000/auth/notify",
            "http://localhost/n",
            "https://[::1]:8443/",
        ] {
            assert!(NotifyUrl::parse(here, false).is_ok(), "{here}");
        }
        for away in [
            "http://example.com/n",
            "http://10.0.0.1/",
            "http://localhost.example.com/",
        ] {
            assert!(NotifyUrl::parse(away, false).is_err(), "{away}");
            assert!(NotifyUrl::parse(away, true).is_ok(), "{away}");
        }
        for bad in ["", "/notify", "ftp://127.0.0.1/", "127.0.0.1:3000"] {
            assert!(NotifyUrl::parse(bad, true).is_err(), "{bad}");
        }
    }

    #[test]
    fn with_query_keeps_query_and_host_drops_default_port() {
        let url = NotifyUrl::parse("http://127.0.0.1:80/n?a=1#x", false).unwrap();
        assert_eq!(url.with_query("b=2"), "http://127.0.0.1:80/n?a=1&b=2");
        assert_eq!(url.host(), "127.0.0.1");
    }
}
