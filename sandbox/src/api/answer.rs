//! Refusals with WeCom's codes and the shape of its texts (D/96213).

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::request::Request;

/// Why a call is refused.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    code: i64,
    text: Option<&'static str>,
}

impl Refusal {
    pub(super) const fn new(code: i64) -> Self {
        Self { code, text: None }
    }

    /// With a text of its own.
    pub(super) const fn with(code: i64, text: &'static str) -> Self {
        Self { code, text: Some(text) }
    }

    /// The answer; clients have to go by errcode alone, so the hint differs every time.
    pub(super) fn body(&self, request: &Request) -> Value {
        let text = self.text.unwrap_or_else(|| text(self.code));
        let nanos = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos());
        let hint = format!("{nanos}{}", crate::random::digits(6));
        let warning = if request.broken_json { ". Warning: wrong json format. " } else { "" };
        let errmsg = format!(
            "{text}, hint: [{hint}], from ip: {}, more info at https://open.work.weixin.qq.com/devtool/query?e={}{warning}",
            request.peer, self.code
        );
        json!({"errcode": self.code, "errmsg": errmsg})
    }
}

/// Puts errcode and errmsg before an answer, as WeCom does.
pub(super) fn with_errcode(answer: Value) -> Value {
    let mut whole = json!({"errcode": 0, "errmsg": "ok"});
    if let (Value::Object(whole), Value::Object(answer)) = (&mut whole, answer) {
        whole.extend(answer);
    }
    whole
}

/// What WeCom says with a code.
const fn text(code: i64) -> &'static str {
    match code {
        -1 => "system busy",
        6000 => "data version conflict",
        40001 => "invalid credential",
        40003 => "invalid userid",
        40013 => "invalid corpid",
        40014 => "invalid access_token",
        40029 => "invalid code",
        40035 => "invalid parameter",
        40056 => "invalid agentid",
        40058 => "invalid Request Parameter",
        40063 => "some parameters are empty",
        40066 => "invalid url",
        // The leading space is WeCom's.
        40078 => " invalid auth_code",
        // So is this spelling.
        40082 => "invalid suite_acccess_token or provider_access_token",
        40083 => "invalid suite id",
        40084 => "invalid permanent code",
        40085 => "invalid suite ticket",
        40086 => "invalid third-party appid",
        40091 => "invalid secret",
        41001 => "access_token missing",
        41002 => "corpid missing",
        41004 => "corpsecret missing",
        41008 => "auth_code missing",
        41009 => "userid missing",
        41011 => "agentid missing",
        41021 => "suite_id missing",
        41022 => "suite_access_token missing",
        41023 => "suite_ticket missing",
        41024 => "secret missing",
        41025 => "permanent code missing",
        42001 => "access_token expired",
        42003 => "code expired",
        42009 => "suite_access_token expired",
        42022 => "code has been used",
        43001 => "require GET method",
        43002 => "require POST method",
        45009 => "api freq out of limit",
        45033 => "api concurrent out of limit",
        48002 => "api forbidden",
        48003 => "suite_access_token does not match the suite",
        48004 => "invalid authorization relation",
        48006 => "api forbidden for long unused",
        50001 => "redirect_uri not in trusted domain",
        50002 => "member out of range",
        50003 => "app disabled",
        60011 => "no privilege to access/modify contact/party/agent",
        60020 => "not allow to access from your ip",
        60111 => "userid not found",
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
    fn an_errmsg_has_the_shape_of_wecoms() {
        let mut request = Request::empty("gettoken");
        let body = Refusal::new(40001).body(&request);
        assert_eq!(body["errcode"], 40001);
        let errmsg = body["errmsg"].as_str().unwrap();
        assert!(errmsg.starts_with("invalid credential, hint: ["), "{errmsg}");
        assert!(
            errmsg.ends_with(
                "], from ip: 127.0.0.1, more info at https://open.work.weixin.qq.com/devtool/query?e=40001"
            ),
            "{errmsg}"
        );
        request.broken_json = true;
        assert!(
            Refusal::new(41008).body(&request)["errmsg"]
                .as_str()
                .unwrap()
                .contains("Warning: wrong json format.")
        );
    }
}
