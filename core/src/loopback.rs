//! Loopback hosts.

use std::net::IpAddr;

/// Tells whether a host is `localhost`, a name below it (RFC 6761, 6.3) or a loopback address. An IPv6 address may be
/// in brackets.
pub(crate) fn is_loopback(host: &str) -> bool {
    let host = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host);
    match host.parse::<IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => {
            let host = host.to_ascii_lowercase();
            host == "localhost" || host.ends_with(".localhost")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_loopback_accepts_only_loopback() {
        for loopback in [
            "localhost",
            "LocalHost",
            "app.localhost",
            "127.0.0.1",
            "127.9.0.1",
            "::1",
            "[::1]",
        ] {
            assert!(is_loopback(loopback), "{loopback}");
        }
        for other in [
            "",
            "localhost.example",
            "notlocalhost",
            "10.0.0.1",
            "127.0.0.1.example",
            "[::2]",
            "0.0.0.0",
        ] {
            assert!(!is_loopback(other), "{other}");
        }
    }
}
