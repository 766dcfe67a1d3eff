//! Pushes of any content, signed and encrypted as WeCom does it: what an attacker with the keys, or WeCom on a bad day,
//! sends.

use std::sync::atomic::{AtomicU64, Ordering};

use form_urlencoded::Serializer;
use wecom_login::CallbackToken;
use wecom_login::callback::{CallbackKeys, EncodingAesKey, encrypt, sign};

/// Signs and encrypts with one pair of keys.
#[derive(Clone, Debug)]
pub struct Forge {
    keys: CallbackKeys,
}

/// One request to the callback URL.
#[derive(Clone, Debug)]
pub struct Push {
    /// The raw query.
    pub query: String,
    /// The raw body.
    pub body: Vec<u8>,
    /// The base64 text in it.
    pub encrypted: String,
}

impl Forge {
    /// A forge with these keys.
    #[must_use]
    pub fn new(token: &str, encoding_aes_key: &str) -> Self {
        let key = EncodingAesKey::new(encoding_aes_key).expect("43 characters of base64");
        Self {
            keys: CallbackKeys::new(CallbackToken::new(token), key),
        }
    }

    /// The keys that it uses.
    #[must_use]
    pub const fn keys(&self) -> &CallbackKeys {
        &self.keys
    }

    /// A POST in an XML envelope.
    #[must_use]
    pub fn post(&self, receive_id: &str, message: &str) -> Push {
        let encrypted = self.encrypt(receive_id, message.as_bytes());
        let body = format!(
            "<xml><ToUserName><![CDATA[anybody]]></ToUserName><Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>"
        );
        self.push(encrypted, body)
    }

    /// A POST in a JSON envelope.
    #[must_use]
    pub fn json_post(&self, receive_id: &str, message: &str) -> Push {
        let encrypted = self.encrypt(receive_id, message.as_bytes());
        let body =
            serde_json::json!({"tousername": "anybody", "encrypt": encrypted, "agentid": "1"});
        self.push(encrypted, body.to_string())
    }

    /// A GET: the query with its echostr.
    #[must_use]
    pub fn echo(&self, receive_id: &str, plaintext: &str) -> String {
        self.signed(&self.encrypt(receive_id, plaintext.as_bytes()), true)
    }

    /// The query of a GET or POST that carries this text, rightly signed.
    #[must_use]
    pub fn signed(&self, encrypted: &str, as_echostr: bool) -> String {
        let nonce = next().to_string();
        let signature = sign(self.keys.token.expose(), "1700000000", &nonce, encrypted);
        let mut query = Serializer::new(String::new());
        query.append_pair("msg_signature", &signature);
        query.append_pair("timestamp", "1700000000");
        query.append_pair("nonce", &nonce);
        if as_echostr {
            query.append_pair("echostr", encrypted);
        }
        query.finish()
    }

    /// The base64 text of a message.
    #[must_use]
    pub fn encrypt(&self, receive_id: &str, message: &[u8]) -> String {
        let mut random = [0; 16];
        random[..8].copy_from_slice(&next().to_be_bytes());
        encrypt(&self.keys.encoding_aes_key, &random, message, receive_id)
    }

    fn push(&self, encrypted: String, body: String) -> Push {
        Push {
            query: self.signed(&encrypted, false),
            body: body.into_bytes(),
            encrypted,
        }
    }
}

impl Push {
    /// The same request as a GET: the captured body's text as echostr, under its own signature.
    #[must_use]
    pub fn replayed_as_get(&self) -> String {
        let mut query = Serializer::new(self.query.clone());
        query.append_pair("echostr", &self.encrypted);
        query.finish()
    }
}

/// A suite event: `fields` beside SuiteId, InfoType and TimeStamp.
#[must_use]
pub fn suite_event(suite_id: &str, info_type: &str, time: i64, fields: &[(&str, &str)]) -> String {
    let time = time.to_string();
    let mut all = vec![
        ("SuiteId", suite_id),
        ("InfoType", info_type),
        ("TimeStamp", time.as_str()),
    ];
    all.extend(fields);
    xml(&all)
}

/// An event of a company's app: `fields` beside ToUserName, CreateTime, MsgType and Event.
#[must_use]
pub fn app_event(corp_id: &str, event: &str, time: i64, fields: &[(&str, &str)]) -> String {
    let time = time.to_string();
    let mut all = vec![
        ("ToUserName", corp_id),
        ("CreateTime", time.as_str()),
        ("MsgType", "event"),
        ("Event", event),
    ];
    all.extend(fields);
    xml(&all)
}

/// A message of these fields.
#[must_use]
pub fn xml(fields: &[(&str, &str)]) -> String {
    let fields: String = fields
        .iter()
        .map(|(name, text)| format!("<{name}><![CDATA[{text}]]></{name}>"))
        .collect();
    format!("<xml>{fields}</xml>")
}

fn next() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}
