//! WebSocket handshakes (RFC 6455, 4; over HTTP/2, RFC 8441): which requests are one, and the bearer that a browser
//! brings in a subprotocol, because its `WebSocket` cannot set `Authorization`.

use crate::web::request::Headers;

/// What a subprotocol begins with that carries a token: `wecom-login.bearer.TOKEN`.
const BEARER_PROTOCOL: &[u8] = b"wecom-login.bearer.";

/// Whether the request is a handshake. `CONNECT` is how HTTP/2 makes one; frameworks that hide its `:protocol` use it
/// for nothing else.
pub(super) fn is_handshake(method: &str, headers: &(impl Headers + ?Sized)) -> bool {
    // As leniently as the frameworks: actix takes any value that contains the word.
    method == "CONNECT"
        || headers
            .values("upgrade")
            .any(|value| contains_ignoring_case(value, b"websocket"))
}

/// The token in the subprotocols that the client offers.
///
/// # Errors
/// There are several, or it is empty.
pub(super) fn bearer(headers: &(impl Headers + ?Sized)) -> Result<Option<&[u8]>, ()> {
    let mut found = None;
    for protocol in headers
        .values("sec-websocket-protocol")
        .flat_map(|value| value.split(|byte| *byte == b','))
    {
        let Some(token) = protocol.trim_ascii().strip_prefix(BEARER_PROTOCOL) else {
            continue;
        };
        if token.is_empty() || found.replace(token).is_some() {
            return Err(());
        }
    }
    Ok(found)
}

/// Whether the subprotocol that a handler picked is one that carries a token.
pub(super) fn is_bearer_protocol(value: &[u8]) -> bool {
    value
        .split(|byte| *byte == b',')
        .any(|protocol| protocol.trim_ascii().starts_with(BEARER_PROTOCOL))
}

fn contains_ignoring_case(value: &[u8], word: &[u8]) -> bool {
    value
        .windows(word.len())
        .any(|window| window.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&str, &str)]) -> Vec<(String, Vec<u8>)> {
        lines
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()))
            .collect()
    }

    #[test]
    fn is_handshake_reads_upgrade_as_frameworks_do() {
        let is =
            |method: &str, lines: &[(&str, &str)]| is_handshake(method, headers(lines).as_slice());
        for value in ["websocket", "WebSocket", "h2c, websocket", "websocket/13"] {
            assert!(is("GET", &[("upgrade", value)]), "{value}");
        }
        assert!(is("GET", &[("upgrade", "h2c"), ("upgrade", "websocket")]));
        assert!(is("CONNECT", &[]));
        assert!(!is("GET", &[]) && !is("GET", &[("upgrade", "h2c")]));
    }

    #[test]
    fn bearer_is_one_subprotocol_among_others() {
        let read = |lines: &[&str]| {
            let lines: Vec<_> = lines
                .iter()
                .map(|line| ("sec-websocket-protocol", *line))
                .collect();
            bearer(headers(&lines).as_slice()).map(|found| found.map(<[u8]>::to_vec))
        };
        assert_eq!(read(&[]), Ok(None));
        assert_eq!(read(&["chat, superchat"]), Ok(None));
        let token = Ok(Some(b"wl_x".to_vec()));
        assert_eq!(read(&["wecom-login.bearer.wl_x"]), token);
        assert_eq!(read(&["chat,wecom-login.bearer.wl_x ,b"]), token);
        assert_eq!(read(&["chat", "wecom-login.bearer.wl_x"]), token);
        assert_eq!(read(&["wecom-login.bearer."]), Err(()));
        assert_eq!(
            read(&["wecom-login.bearer.a, wecom-login.bearer.a"]),
            Err(())
        );
    }
}
