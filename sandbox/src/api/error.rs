//! Errors with WeCom's errcodes and errmsgs (D/96213).

use std::time::{SystemTime, UNIX_EPOCH};

use super::request::Request;

/// An error response.
#[derive(Clone, Debug)]
pub(super) struct ApiError {
    errcode: i64,
    message: Option<&'static str>,
}

impl ApiError {
    pub(super) const fn new(errcode: i64) -> Self {
        Self {
            errcode,
            message: None,
        }
    }

    /// With another message than the usual one of the errcode.
    pub(super) const fn with_message(errcode: i64, message: &'static str) -> Self {
        Self {
            errcode,
            message: Some(message),
        }
    }

    pub(super) const fn errcode(&self) -> i64 {
        self.errcode
    }

    /// The text of the response. The hint differs every time, so clients have to rely on errcode
    /// alone.
    pub(super) fn errmsg(&self, request: &Request) -> String {
        let message = self
            .message
            .unwrap_or_else(|| default_message(self.errcode));
        let nanos = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_nanos());
        let hint = format!("{nanos}{}", crate::random::digits(6));
        let warning = if request.has_invalid_json {
            "Warning: wrong json format. "
        } else {
            ""
        };
        format!(
            "{warning}{message}, hint: [{hint}], from ip: {}, more info at https://open.work.weixin.qq.com/devtool/query?e={}",
            request.peer, self.errcode
        )
    }
}

/// WeCom's message of an errcode.
const fn default_message(errcode: i64) -> &'static str {
    match errcode {
        -1 => "system busy",
        6000 => "data version conflict",
        40001 => "invalid credential",
        40003 => "invalid userid",
        40004 => "invalid media type",
        40005 => "invalid type parameter",
        40006 => "invalid file size",
        40007 => "invalid media_id",
        40008 => "invalid message type",
        40013 => "invalid corpid",
        40014 => "invalid access_token",
        40029 => "invalid code",
        40032 => "invalid userid list size",
        40035 => "invalid parameter",
        40039 => "invalid url size",
        40056 => "invalid agentid",
        40058 => "invalid Request Parameter",
        40063 => "some parameters are empty",
        40066 => "invalid url",
        // The leading space is WeCom's.
        40078 => " invalid auth_code",
        // The spelling is WeCom's.
        40082 => "invalid suite_acccess_token or provider_access_token",
        40083 => "invalid suite id",
        // The spaces are WeCom's.
        40084 => " invalid authorizer permanent code ",
        40085 => "invalid suite ticket",
        40086 => "invalid third-party appid",
        40091 => "invalid secret",
        41001 => "access_token missing",
        41002 => "corpid missing",
        41004 => "corpsecret missing",
        41005 => "media missing",
        41006 => "media_id missing",
        41008 => "auth_code missing",
        41009 => "userid missing",
        41010 => "url missing",
        41011 => "agentid missing",
        41016 => "title missing",
        41021 => "suite_id missing",
        41022 => "suite_access_token missing",
        41023 => "suite_ticket missing",
        41024 => "secret missing",
        41025 => "permanent code missing",
        41033 => "description missing",
        42001 => "access_token expired",
        42003 => "code expired",
        42009 => "suite_access_token expired",
        42022 => "code has been used",
        43001 => "require GET method",
        43002 => "require POST method",
        44001 => "empty media data",
        44004 => "content is empty",
        45001 => "media size out of limit",
        45008 => "article count out of limit",
        45009 => "api freq out of limit",
        45033 => "api concurrent out of limit",
        48002 => "api forbidden",
        48003 => "suite_access_token does not match the suite",
        48004 => "invalid authorization relation",
        48006 => "api forbidden for long unused",
        50001 => "redirect_uri unauthorized",
        50002 => "member out of range",
        50003 => "app disabled",
        60003 => "department not found",
        60011 => "no privilege to access/modify contact/party/agent",
        60020 => "not allow to access from your ip",
        60111 => "userid not found",
        60123 => "invalid party id",
        81013 => "user & party & tag all invalid",
        82001 => "no user & party & tag",
        82002 => "invalid party list size",
        82003 => "invalid tag list size",
        84014 => "user_ticket expired",
        84015 => "invalid user_ticket",
        301_002 => "no privilege to access the agent",
        701_008 => "no interface licence",
        701_099 => "invalid base account",
        710_000 => "invalid open_corpid",
        _ => "refused",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errmsg_matches_wecoms_format() {
        let mut request = Request::empty("gettoken");
        let errmsg = ApiError::new(40001).errmsg(&request);
        assert!(
            errmsg.starts_with("invalid credential, hint: ["),
            "{errmsg}"
        );
        assert!(
            errmsg.ends_with(
                "], from ip: 127.0.0.1, more info at https://open.work.weixin.qq.com/devtool/query?e=40001"
            ),
            "{errmsg}"
        );
        request.has_invalid_json = true;
        let errmsg = ApiError::new(41008).errmsg(&request);
        assert!(
            errmsg.starts_with("Warning: wrong json format. auth_code missing"),
            "{errmsg}"
        );
    }
}
