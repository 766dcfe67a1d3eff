//! Whether a host is this very machine.

use std::net::IpAddr;

/// `localhost` and the names below it (RFC 6761, 6.3), or an address that never leaves the machine; IPv6 with or without
/// its brackets.
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
    fn only_this_machine_is_this_machine() {
        for here in [
            "localhost",
            "LocalHost",
            "app.localhost",
            "127.0.0.1",
            "127.9.0.1",
            "::1",
            "[::1]",
        ] {
            assert!(is_loopback(here), "{here}");
        }
        for away in [
            "",
            "localhost.example",
            "notlocalhost",
            "10.0.0.1",
            "127.0.0.1.example",
            "[::2]",
            "0.0.0.0",
        ] {
            assert!(!is_loopback(away), "{away}");
        }
    }
}
