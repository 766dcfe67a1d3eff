//! The path of a call that the host app chooses.

use std::fmt;

const MAX_PATH_BYTES: usize = 128;
/// What WeCom's own documentation writes before the path.
const PREFIX: &str = "/cgi-bin/";

/// The text is not the path of a call with a corp's access token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the path {rule}")]
pub(crate) struct InvalidApiPath {
    /// The rule that the text breaks.
    pub(crate) rule: &'static str,
}

/// The path of a call below `/cgi-bin/`, such as `message/send`. It has no scheme, no `..`, no query, and nothing that has
/// to be encoded, so that it leads nowhere else.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct ApiPath(Box<str>);

impl ApiPath {
    /// Parses a path, with or without `/cgi-bin/` before it.
    ///
    /// # Errors
    /// It is another URL, or a call that takes another token than a corp's.
    pub(crate) fn new(text: &str) -> Result<Self, InvalidApiPath> {
        let invalid = |rule| Err(InvalidApiPath { rule });
        let path = text.strip_prefix(PREFIX).unwrap_or(text);
        if path.contains(['?', '#']) {
            return invalid("must not have a query or a fragment: give parameters as the query");
        }
        let is_segment = |segment: &str| {
            !segment.is_empty()
                && segment
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
        };
        if path.len() > MAX_PATH_BYTES || !path.split('/').all(is_segment) {
            return invalid("must be WeCom's, below /cgi-bin/, such as message/send");
        }
        match path.split('/').next() {
            Some("cgi-bin") => invalid("must be what follows /cgi-bin/, such as message/send"),
            Some("gettoken" | "service") => {
                invalid("must be that of a call with a corp's access token")
            }
            _ => Ok(Self(path.into())),
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a GET of this path changes something at WeCom, as far as its name tells: `user/delete` and its like.
    pub(super) fn is_change(&self) -> bool {
        let name = self.0.rsplit('/').next().unwrap_or_default();
        ["delete", "del_", "authsucc", "create", "update", "clear"]
            .iter()
            .any(|verb| name.starts_with(verb))
    }
}

impl fmt::Debug for ApiPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_takes_paths_below_cgi_bin() {
        for (text, path) in [
            ("message/send", "message/send"),
            ("/cgi-bin/message/send", "message/send"),
            ("get_jsapi_ticket", "get_jsapi_ticket"),
            (
                "externalcontact/groupmsg/Send-2",
                "externalcontact/groupmsg/Send-2",
            ),
        ] {
            assert_eq!(ApiPath::new(text).unwrap().as_str(), path);
        }
    }

    #[test]
    fn new_refuses_what_leads_elsewhere() {
        for text in [
            "",
            "/",
            "/message/send",
            "message/send/",
            "message//send",
            "/cgi-bin/",
            "/cgi-bin//message/send",
            "cgi-bin/message/send",
            "/cgi-bin/cgi-bin/message/send",
            "https://qyapi.weixin.qq.com/cgi-bin/message/send",
            "//evil.example/x",
            "http:message",
            "..",
            "../wwlogin/sso",
            "message/../../x",
            "message/./send",
            "message/%2e%2e/x",
            "message\\send",
            "message/send?debug=1",
            "message/send?",
            "message/send#x",
            "message/send;x",
            "message/se nd",
            "message/send\r\nHost: evil.example",
            "消息/send",
            "user@evil.example",
            &"a".repeat(MAX_PATH_BYTES + 1),
        ] {
            assert!(ApiPath::new(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn new_refuses_calls_with_other_tokens() {
        for text in ["gettoken", "service/get_suite_token", "/cgi-bin/gettoken"] {
            assert!(ApiPath::new(text).is_err(), "{text}");
        }
        assert!(ApiPath::new("user/service").is_ok());
    }

    #[test]
    fn is_change_tells_get_calls_that_only_read() {
        for (path, changes) in [
            ("user/delete", true),
            ("user/authsucc", true),
            ("menu/create", true),
            ("user/get", false),
            ("department/list", false),
            ("user/getuserinfo", false),
        ] {
            assert_eq!(ApiPath::new(path).unwrap().is_change(), changes, "{path}");
        }
    }
}
