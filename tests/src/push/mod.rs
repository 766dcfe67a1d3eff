//! Pushes to the callback URL, signed and encrypted by the product's own functions.
//!
//! [`Push`] is sent over a socket and can be changed part by part; [`PushBuilder`] makes [`SignedPush`]es that are handed
//! to a handle or a process.

mod builder;
mod events;

use wecom_login::callback::{CallbackKeys, encrypt, sign};

pub use self::builder::{PushBuilder, SignedPush};
pub use self::events::{app_event, suite_event, xml};
use crate::{TestRequest, auths};

/// A push whose parts can be changed one by one.
#[derive(Clone, Debug)]
pub struct Push {
    /// The path below the mount: `/notify` or `/{Instance}/notify`.
    pub path: String,
    /// The keys that sign and encrypt it.
    pub keys: CallbackKeys,
    /// The receiveid.
    pub receive_id: String,
    /// The plaintext.
    pub message: Vec<u8>,
    /// The timestamp of the query.
    pub timestamp: String,
    /// The nonce of the query.
    pub nonce: String,
    /// The random bytes before the message.
    pub random: [u8; 16],
}

impl Push {
    /// A push to `/notify` with the keys of the first suite of [`auths`].
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

    /// A suite event: `fields` after SuiteId, InfoType and TimeStamp.
    #[must_use]
    pub fn suite_event(
        suite_id: &str,
        info_type: &str,
        timestamp: i64,
        fields: &[(&str, &str)],
    ) -> Self {
        Self::new(
            suite_id,
            suite_event(suite_id, info_type, timestamp, fields),
        )
    }

    /// An app event of a corp, from `sys`: `fields` after the fields that every event has.
    #[must_use]
    pub fn corp_event(corp_id: &str, event: &str, time: i64, fields: &[(&str, &str)]) -> Self {
        let fields = [&[("FromUserName", "sys")], fields].concat();
        Self::new(corp_id, app_event(corp_id, event, time, &fields))
    }

    /// With other keys.
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

    /// The base64 ciphertext.
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
    pub fn post(&self) -> TestRequest {
        TestRequest::post(format!("{}?{}", self.path, self.query())).body(self.envelope())
    }

    /// The GET of a URL verification, with the message as `echostr`.
    #[must_use]
    pub fn get(&self) -> TestRequest {
        let echo: String = form_urlencoded::byte_serialize(self.encrypted().as_bytes()).collect();
        TestRequest::get(format!("{}?{}&echostr={echo}", self.path, self.query()))
    }
}
