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

    pub fn read(&self, push: &Push) -> Event {
        let envelope: Envelope = from_str(&push.body).unwrap();
        let signature = self.0.generate_signature(&[&push.timestamp, &push.nonce, &envelope.encrypt]);
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

    pub fn read(&self, push: &Push) -> Event {
        use base64::Engine as _;
        let envelope: Envelope = from_str(&push.body).unwrap();
        let signature = wechat_crypto::calc_signature(TOKEN, &push.timestamp, &push.nonce, &envelope.encrypt);
        assert_eq!(signature, push.signature);
        let encrypted = base64::engine::general_purpose::STANDARD.decode(&envelope.encrypt).unwrap();
        let plain = wechat_crypto::decrypt(&self.0, &encrypted).unwrap();
        let (message, receive_id) = wechat_crypto::parse_plain_text(&plain).unwrap();
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

    pub fn read(&self, push: &Push) -> Event {
        let message = self.0.decrypt_msg(&push.signature, &push.timestamp, &push.nonce, &push.body).unwrap();
        from_str(&message).unwrap()
    }
}
