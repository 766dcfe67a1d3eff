//! Other crates that decode WeCom's callbacks. Those that only decrypt get the reading of envelope and event by
//! quick-xml and serde, as their users do it.

use quick_xml::de::from_str;
use serde::Deserialize;

use crate::callback_race::{KEY, Push, TOKEN};

#[derive(Deserialize)]
struct Envelope {
    #[serde(rename = "Encrypt")]
    encrypt: String,
}

/// What `change_contact` brings of a person.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Event {
    pub to_user_name: String,
    pub from_user_name: String,
    pub create_time: i64,
    pub msg_type: String,
    pub event: String,
    pub change_type: String,
    #[serde(rename = "UserID")]
    pub user_id: String,
    #[serde(rename = "NewUserID")]
    pub new_user_id: Option<String>,
}

/// wecom-crypto.
pub struct WecomCrypto(wecom_crypto::Agent);

impl WecomCrypto {
    pub fn new() -> Self {
        Self(wecom_crypto::Agent::new(TOKEN, KEY))
    }

    /// The decryption alone.
    pub fn decrypt(&self, encrypted: &str) -> String {
        self.0.decrypt(encrypted).unwrap().text
    }

    pub fn read(&self, push: &Push) -> Event {
        let envelope: Envelope = from_str(&push.body).unwrap();
        let signature =
            self.0
                .generate_signature(&[&push.timestamp, &push.nonce, &envelope.encrypt]);
        assert_eq!(signature, push.signature);
        let source = self.0.decrypt(&envelope.encrypt).unwrap();
        assert_eq!(source.receive_id, push.receive_id);
        from_str(&source.text).unwrap()
    }
}

/// wechat-crypto.
pub struct WechatCrypto(Vec<u8>);

impl WechatCrypto {
    pub fn new() -> Self {
        Self(wechat_crypto::decode_aes_key(KEY).unwrap())
    }

    /// The decryption alone.
    pub fn decrypt(&self, encrypted: &str) -> (String, String) {
        use base64::Engine as _;
        let encrypted = base64::engine::general_purpose::STANDARD
            .decode(encrypted)
            .unwrap();
        wechat_crypto::parse_plain_text(&wechat_crypto::decrypt(&self.0, &encrypted).unwrap())
            .unwrap()
    }

    pub fn read(&self, push: &Push) -> Event {
        let envelope: Envelope = from_str(&push.body).unwrap();
        let signature =
            wechat_crypto::calc_signature(TOKEN, &push.timestamp, &push.nonce, &envelope.encrypt);
        assert_eq!(signature, push.signature);
        let (message, receive_id) = self.decrypt(&envelope.encrypt);
        assert_eq!(receive_id, push.receive_id);
        from_str(&message).unwrap()
    }
}

/// wechat_work_crypto: it finds the envelope's field by itself.
pub struct WechatWorkCrypto(wechat_work_crypto::WXBizMsgCrypt);

impl WechatWorkCrypto {
    pub fn new(receive_id: &str) -> Self {
        Self(wechat_work_crypto::WXBizMsgCrypt::new(TOKEN, KEY, receive_id).unwrap())
    }

    /// Field, signature and decryption; it offers no less.
    pub fn decrypt(&self, push: &Push) -> String {
        self.0
            .decrypt_msg(&push.signature, &push.timestamp, &push.nonce, &push.body)
            .unwrap()
    }

    pub fn read(&self, push: &Push) -> Event {
        from_str(&self.decrypt(push)).unwrap()
    }
}

/// The field that every envelope is read for, by quick-xml and serde.
pub fn envelope(push: &Push) -> String {
    from_str::<Envelope>(&push.body).unwrap().encrypt
}

/// The event of a message, by quick-xml and serde.
pub fn event(message: &str) -> Event {
    from_str(message).unwrap()
}
