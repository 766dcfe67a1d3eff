//! [`PushBuilder`]: pushes of any content, signed and encrypted as WeCom does it.

use std::sync::atomic::{AtomicU64, Ordering};

use form_urlencoded::Serializer;
use wecom_login::CallbackToken;
use wecom_login::callback::{CallbackKeys, EncodingAesKey, encrypt, sign};

use super::events::app_event;
use crate::TestRequest;

/// Signs and encrypts with one pair of keys; every push has a nonce of its own.
#[derive(Clone, Debug)]
pub struct PushBuilder {
    keys: CallbackKeys,
}

/// A request to the callback URL.
#[derive(Clone, Debug)]
pub struct SignedPush {
    /// The raw query.
    pub query: String,
    /// The raw body.
    pub body: Vec<u8>,
    /// The base64 ciphertext in the body.
    pub encrypted: String,
}

impl PushBuilder {
    /// A builder with these keys, as WeCom shows them.
    #[must_use]
    pub fn new(token: &str, encoding_aes_key: &str) -> Self {
        let key = EncodingAesKey::new(encoding_aes_key).expect("43 characters of base64");
        Self {
            keys: CallbackKeys::new(CallbackToken::new(token), key),
        }
    }

    /// Its keys.
    #[must_use]
    pub const fn keys(&self) -> &CallbackKeys {
        &self.keys
    }

    /// A POST in an XML envelope.
    #[must_use]
    pub fn post(&self, receive_id: &str, message: &str) -> SignedPush {
        let encrypted = self.encrypt(receive_id, message.as_bytes());
        let body = format!(
            "<xml><ToUserName><![CDATA[anybody]]></ToUserName><Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>"
        );
        self.push(encrypted, body)
    }

    /// The POST of an `unsubscribe` event: a member has left the app's visible range.
    #[must_use]
    pub fn unsubscribe(&self, corp_id: &str, user_id: &str) -> SignedPush {
        let fields = [("FromUserName", user_id)];
        self.post(
            corp_id,
            &app_event(corp_id, "unsubscribe", 1_700_000_000, &fields),
        )
    }

    /// A POST in a JSON envelope.
    #[must_use]
    pub fn json_post(&self, receive_id: &str, message: &str) -> SignedPush {
        let encrypted = self.encrypt(receive_id, message.as_bytes());
        let body =
            serde_json::json!({"tousername": "anybody", "encrypt": encrypted, "agentid": "1"});
        self.push(encrypted, body.to_string())
    }

    /// The query of a URL verification, with its echostr.
    #[must_use]
    pub fn url_verification(&self, receive_id: &str, plaintext: &str) -> String {
        self.signed(&self.encrypt(receive_id, plaintext.as_bytes()), true)
    }

    /// The query of a GET or POST that carries this ciphertext, with a valid signature.
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

    /// The base64 ciphertext of a message.
    #[must_use]
    pub fn encrypt(&self, receive_id: &str, message: &[u8]) -> String {
        let mut random = [0; 16];
        random[..8].copy_from_slice(&next().to_be_bytes());
        encrypt(&self.keys.encoding_aes_key, &random, message, receive_id)
    }

    fn push(&self, encrypted: String, body: String) -> SignedPush {
        SignedPush {
            query: self.signed(&encrypted, false),
            body: body.into_bytes(),
            encrypted,
        }
    }
}

impl SignedPush {
    /// The POST to this path.
    #[must_use]
    pub fn request(&self, path: &str) -> TestRequest {
        TestRequest::post(format!("{path}?{}", self.query)).body(self.body.clone())
    }

    /// The request replayed as a GET: the ciphertext of the body is the echostr, under its own signature.
    #[must_use]
    pub fn replayed_as_get(&self) -> String {
        let mut query = Serializer::new(self.query.clone());
        query.append_pair("echostr", &self.encrypted);
        query.finish()
    }
}

fn next() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}
