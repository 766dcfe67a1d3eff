//! The request of a callback.

use std::fmt;

use bytes::Bytes;

use crate::query::Query;

/// A request of WeCom to the callback URL: an event, or the check of the URL that an administrator enters in the provider
/// console (D/96238).
///
/// A host app with a route of its own makes it from what arrived. What is missing or blank is answered 400.
///
/// ```
/// use wecom_login::NotifyRequest;
///
/// // What a framework hands to a POST handler.
/// let request = NotifyRequest::post("msg_signature=5c45…&timestamp=1403610513&nonce=263014780", "<xml>…</xml>");
/// // The same from parts.
/// let same = NotifyRequest::new("263014780", "5c45…", "1403610513").with_body("<xml>…</xml>");
/// assert_eq!(request, same);
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NotifyRequest {
    /// The random text of the query.
    pub nonce: String,
    /// The signature of the query.
    #[doc(alias = "msgSignature")]
    pub msg_signature: String,
    /// The seconds of the query.
    pub timestamp: String,
    /// What a URL check wants to have back decrypted.
    pub echostr: Option<String>,
    /// The envelope of an event. With it, `echostr` is not looked at.
    pub body: Option<Bytes>,
}

impl NotifyRequest {
    /// A request with these three parameters.
    #[must_use]
    pub fn new(
        nonce: impl Into<String>,
        msg_signature: impl Into<String>,
        timestamp: impl Into<String>,
    ) -> Self {
        Self {
            nonce: nonce.into(),
            msg_signature: msg_signature.into(),
            timestamp: timestamp.into(),
            echostr: None,
            body: None,
        }
    }

    /// Makes it a URL check.
    #[must_use]
    pub fn with_echostr(mut self, echostr: impl Into<String>) -> Self {
        self.echostr = Some(echostr.into());
        self
    }

    /// Makes it an event.
    #[must_use]
    pub fn with_body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// The URL check of a GET with this query, as it was sent.
    #[must_use]
    pub fn get(query: &str) -> Self {
        Self::from_query(query)
    }

    /// The event of a POST with this query and this body, as they were sent.
    #[must_use]
    pub fn post(query: &str, body: impl Into<Bytes>) -> Self {
        let mut request = Self::from_query(query).with_body(body);
        request.echostr = None;
        request
    }

    /// A parameter that is missing or repeated is blank, and all are if the query is not UTF-8. A `+` stands for itself:
    /// base64 has it, and no space (D/96466).
    fn from_query(query: &str) -> Self {
        let names = ["msg_signature", "timestamp", "nonce", "echostr"];
        let Ok(mut query) = Query::parse_percent_encoded(query, &names) else {
            return Self::new("", "", "");
        };
        let mut take = |name| query.take(name).unwrap_or_default().into_owned();
        let request = Self::new(take("nonce"), take("msg_signature"), take("timestamp"));
        request.with_echostr(take("echostr"))
    }

    /// Whether the parameters of every request are there.
    pub(super) fn is_complete(&self) -> bool {
        [&self.nonce, &self.msg_signature, &self.timestamp]
            .iter()
            .all(|value| !value.is_empty())
    }
}

/// A query is never logged: who has it can repeat the request.
impl fmt::Debug for NotifyRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NotifyRequest")
            .field("timestamp", &self.timestamp)
            .field("body", &self.body.as_ref().map(Bytes::len))
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn get_is_a_url_check_and_post_an_event() {
        let query = "msg_signature=s&timestamp=1&nonce=n&echostr=a%2Bb+c";
        let check = NotifyRequest::get(query);
        assert_eq!(
            check,
            NotifyRequest::new("n", "s", "1").with_echostr("a+b+c")
        );
        let event = NotifyRequest::post(query, "x");
        assert_eq!(event, NotifyRequest::new("n", "s", "1").with_body("x"));
        assert!(check.is_complete() && event.is_complete());
    }

    #[test]
    fn missing_blank_and_repeated_parameters_are_incomplete() {
        for query in [
            "",
            "msg_signature=s&timestamp=1",
            "msg_signature=&timestamp=1&nonce=n",
            "msg_signature=s&timestamp=1&nonce=n&nonce=m",
            "msg_signature=%ff&timestamp=1&nonce=n",
        ] {
            assert!(!NotifyRequest::get(query).is_complete(), "{query}");
        }
    }

    #[test]
    fn debug_shows_no_signature() {
        let request = NotifyRequest::new("nonce", "signature", "1").with_body("body");
        let text = format!("{request:?}");
        assert!(
            !text.contains("signature") && !text.contains("nonce"),
            "{text}"
        );
    }
}
