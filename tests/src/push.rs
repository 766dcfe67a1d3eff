//! Callbacks made by hand: signed and encrypted by the functions of the product, wrong wherever a test wants it.

use wecom_login::callback::{CallbackKeys, encrypt, sign};

use crate::auths;
use crate::client::Ask;

/// A callback.
#[derive(Clone, Debug)]
pub struct Push {
    /// The path below the mount: `/notify` or `/{Instance}/notify`.
    pub path: String,
    /// What signs and encrypts it.
    pub keys: CallbackKeys,
    /// Whom it is for.
    pub receive_id: String,
    /// What it says.
    pub message: Vec<u8>,
    /// The timestamp of the query.
    pub timestamp: String,
    /// The nonce of the query.
    pub nonce: String,
    /// The random bytes before the message.
    pub random: [u8; 16],
}

impl Push {
    /// A callback to `/notify` under the first suite's keys.
    #[must_use]
    pub fn new(receive_id: &str, message: impl Into<Vec<u8>>) -> Self {
        Self {
            path: "/notify".to_owned(),
            keys: auths::keys(),
            receive_id: receive_id.to_owned(),
            message: message.into(),
            timestamp: "1700000000".to_owned(),
            nonce: "nonce1".to_owned(),
            random: *b"0123456789abcdef",
        }
    }

    /// A suite event: `fields` stand beside SuiteId, InfoType and TimeStamp.
    #[must_use]
    pub fn suite_event(
        suite_id: &str,
        info_type: &str,
        timestamp: i64,
        fields: &[(&str, &str)],
    ) -> Self {
        let stamp = timestamp.to_string();
        let mut all = vec![
            ("SuiteId", suite_id),
            ("InfoType", info_type),
            ("TimeStamp", stamp.as_str()),
        ];
        all.extend_from_slice(fields);
        Self::new(suite_id, xml(&all))
    }

    /// An app event of a company: `fields` stand beside ToUserName, MsgType, Event and CreateTime.
    #[must_use]
    pub fn corp_event(corp_id: &str, event: &str, time: i64, fields: &[(&str, &str)]) -> Self {
        let time = time.to_string();
        let mut all = vec![
            ("ToUserName", corp_id),
            ("FromUserName", "sys"),
            ("CreateTime", time.as_str()),
            ("MsgType", "event"),
            ("Event", event),
        ];
        all.extend_from_slice(fields);
        Self::new(corp_id, xml(&all))
    }

    /// Under other keys.
    #[must_use]
    pub fn keys(mut self, keys: CallbackKeys) -> Self {
        self.keys = keys;
        self
    }

    /// To another path below the mount.
    #[must_use]
    pub fn path(mut self, path: &str) -> Self {
        path.clone_into(&mut self.path);
        self
    }

    /// The encrypted text.
    #[must_use]
    pub fn encrypted(&self) -> String {
        encrypt(
            &self.keys.encoding_aes_key,
            &self.random,
            &self.message,
            &self.receive_id,
        )
    }

    /// The query: `msg_signature`, `timestamp`, `nonce`.
    #[must_use]
    pub fn query(&self) -> String {
        let (timestamp, nonce) = (&self.timestamp, &self.nonce);
        let signature = sign(
            self.keys.token.expose(),
            timestamp,
            nonce,
            &self.encrypted(),
        );
        format!("msg_signature={signature}&timestamp={timestamp}&nonce={nonce}")
    }

    /// The XML envelope.
    #[must_use]
    pub fn envelope(&self) -> String {
        xml(&[
            ("ToUserName", &self.receive_id),
            ("Encrypt", &self.encrypted()),
            ("AgentID", ""),
        ])
    }

    /// The POST.
    #[must_use]
    pub fn post(&self) -> Ask {
        Ask::post(format!("{}?{}", self.path, self.query())).body(self.envelope())
    }

    /// The GET that checks a URL, with the message as `echostr`.
    #[must_use]
    pub fn get(&self) -> Ask {
        let echo: String = form_urlencoded::byte_serialize(self.encrypted().as_bytes()).collect();
        Ask::get(format!("{}?{}&echostr={echo}", self.path, self.query()))
    }
}

/// An XML document as WeCom writes it.
#[must_use]
pub fn xml(fields: &[(&str, &str)]) -> String {
    let fields: String = fields
        .iter()
        .map(|(name, text)| format!("<{name}><![CDATA[{text}]]></{name}>"))
        .collect();
    format!("<xml>{fields}</xml>")
}
