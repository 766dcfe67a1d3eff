//! From the body of a push to a typed event.

use std::hint::black_box;

use aes::Aes256Dec;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cbc::cipher::{BlockModeDecrypt as _, KeyIvInit as _};
use sha1::{Digest as _, Sha1};
use wecom_login::callback::{
    CorpEvent, CorpEventKind, EncodingAesKey, Envelope, decrypt, encrypt, sign, verify_signature,
};
use wecom_login::{CallbackToken, CorpId};

use crate::interleave::Contestant;
use crate::login::CORP;
use crate::peers::wecom_callbacks::{self, WechatCrypto, WechatWorkCrypto, WecomCrypto};

pub const TOKEN: &str = "hJqcu3uJ9Tn2gXPmxx2w9kkCkCE2EPYo";
pub const KEY: &str = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2A";

/// A change of a person, 613 bytes long, as D/96302 shows it.
const MESSAGE: &str = "<xml><ToUserName><![CDATA[wpABCDEFGHabcdefgh12345678901234]]></ToUserName>\
    <FromUserName><![CDATA[sys]]></FromUserName><CreateTime>1403610513</CreateTime>\
    <MsgType><![CDATA[event]]></MsgType><Event><![CDATA[change_contact]]></Event>\
    <ChangeType>update_user</ChangeType><UserID><![CDATA[zhangsan]]></UserID>\
    <NewUserID><![CDATA[zhangsan001]]></NewUserID><Name><![CDATA[张三丰]]></Name>\
    <Department><![CDATA[1,2,3]]></Department><MainDepartment>1</MainDepartment>\
    <IsLeaderInDept><![CDATA[1,0,0]]></IsLeaderInDept><Position><![CDATA[产品经理]]></Position>\
    <Status>1</Status><Alias><![CDATA[zhangsan]]></Alias></xml>";

/// A push as WeCom sends it.
pub struct Push {
    pub body: String,
    pub signature: String,
    pub timestamp: String,
    pub nonce: String,
    pub receive_id: String,
}

impl Push {
    /// The event, signed and encrypted.
    pub fn new() -> Self {
        let key = EncodingAesKey::new(KEY).unwrap();
        let encrypted = encrypt(&key, b"0123456789abcdef", MESSAGE.as_bytes(), CORP);
        let (timestamp, nonce) = ("1409659589".to_owned(), "263014780".to_owned());
        Self {
            signature: sign(TOKEN, &timestamp, &nonce, &encrypted),
            body: format!(
                "<xml><ToUserName><![CDATA[{CORP}]]></ToUserName><AgentID><![CDATA[1000002]]></AgentID>\
                 <Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>"
            ),
            timestamp,
            nonce,
            receive_id: CORP.to_owned(),
        }
    }
}

/// What a reader of pushes holds.
pub struct Ours {
    token: CallbackToken,
    key: EncodingAesKey,
    corp: CorpId,
}

impl Ours {
    pub fn new() -> Self {
        Self {
            token: CallbackToken::new(TOKEN),
            key: EncodingAesKey::new(KEY).unwrap(),
            corp: CorpId::new(CORP).unwrap(),
        }
    }

    pub fn read(&self, push: &Push) -> CorpEvent {
        let envelope = Envelope::parse(push.body.as_bytes()).unwrap();
        assert!(self.signed(push, &envelope));
        let plain = decrypt(&self.key, &envelope.encrypt).unwrap();
        assert_eq!(plain.receive_id(), push.receive_id);
        let event = CorpEvent::parse(plain.message(), &self.corp).unwrap();
        assert!(matches!(event.kind, CorpEventKind::UserRenamed { .. }));
        event
    }

    fn signed(&self, push: &Push, envelope: &Envelope<'_>) -> bool {
        verify_signature(
            &self.token,
            &push.timestamp,
            &push.nonce,
            &envelope.encrypt,
            &push.signature,
        )
    }
}

/// What the least needs.
pub struct Limit([u8; 32]);

impl Limit {
    pub fn new() -> Self {
        let engine = base64::engine::GeneralPurpose::new(
            &base64::alphabet::STANDARD,
            base64::engine::GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
        );
        Self(
            engine
                .decode(format!("{KEY}="))
                .unwrap()
                .try_into()
                .unwrap(),
        )
    }

    pub fn read(&self, push: &Push) -> Vec<u8> {
        limit(&self.0, push)
    }
}

/// The least: the field is found as text, nothing is checked that need not be, and the message is not read.
fn limit(key: &[u8; 32], push: &Push) -> Vec<u8> {
    let (begin, end) = ("<Encrypt><![CDATA[", "]]></Encrypt>");
    let at = memchr::memmem::find(push.body.as_bytes(), begin.as_bytes()).unwrap() + begin.len();
    let length = memchr::memmem::find(&push.body.as_bytes()[at..], end.as_bytes()).unwrap();
    let encrypted = &push.body[at..at + length];
    let mut parts = [TOKEN, &push.timestamp, &push.nonce, encrypted];
    parts.sort_unstable();
    let mut hash = Sha1::new();
    parts.iter().for_each(|part| hash.update(part));
    let mut given = [0; 20];
    for (byte, digits) in given
        .iter_mut()
        .zip(push.signature.as_bytes().chunks_exact(2))
    {
        let digit = |digit: u8| {
            if digit < b'a' {
                digit - b'0'
            } else {
                digit - b'a' + 10
            }
        };
        *byte = digit(digits[0]) << 4 | digit(digits[1]);
    }
    assert_eq!(hash.finalize()[..], given);
    let mut plain = STANDARD.decode(encrypted).unwrap();
    let (blocks, _) = aes::Block::slice_as_chunks_mut(&mut plain);
    let iv: &[u8; 16] = key.first_chunk().unwrap();
    cbc::Decryptor::<Aes256Dec>::new(key.into(), iv.into()).decrypt_blocks(blocks);
    let length = u32::from_be_bytes(plain[16..20].try_into().unwrap()) as usize;
    plain.truncate(20 + length);
    plain.drain(..20);
    plain
}

fn again<'a, T>(name: &'static str, mut read: impl FnMut() -> T + 'a) -> Contestant<'a> {
    Contestant::new(name, move |times| {
        for _ in 0..times {
            black_box(read());
        }
    })
}

/// Ours, its four steps, its limit and its peers.
pub fn callbacks<'a>(push: &'a Push, ours: &'a Ours) -> Vec<Contestant<'a>> {
    let limit = Limit::new();
    assert_eq!(limit.read(push), MESSAGE.as_bytes());
    let envelope = Envelope::parse(push.body.as_bytes()).unwrap();
    let encrypted: &'static str = envelope.encrypt.to_string().leak();
    let wecom_crypto = std::rc::Rc::new(WecomCrypto::new());
    let wechat_crypto = std::rc::Rc::new(WechatCrypto::new());
    let wechat_work_crypto = std::rc::Rc::new(WechatWorkCrypto::new(&push.receive_id));
    assert_eq!(wecom_crypto.read(push).user_id, "zhangsan");
    let (decrypting_1, decrypting_2, decrypting_3) = (
        wecom_crypto.clone(),
        wechat_crypto.clone(),
        wechat_work_crypto.clone(),
    );
    vec![
        again("limit, message not read", move || limit.read(push)),
        again("wecom-login", || ours.read(push)),
        again("- envelope", || {
            Envelope::parse(push.body.as_bytes()).unwrap()
        }),
        again("- signature", move || ours.signed(push, &envelope)),
        again("- decryption", move || {
            decrypt(&ours.key, encrypted).unwrap()
        }),
        again("- event", || {
            CorpEvent::parse(MESSAGE.as_bytes(), &ours.corp).unwrap()
        }),
        again("envelope by quick-xml and serde", || {
            wecom_callbacks::envelope(push)
        }),
        again("event by quick-xml and serde", || {
            wecom_callbacks::event(MESSAGE)
        }),
        again("wecom-crypto", move || wecom_crypto.read(push)),
        again("wechat-crypto", move || wechat_crypto.read(push)),
        again("wechat_work_crypto", move || wechat_work_crypto.read(push)),
        again("wecom-crypto, decryption only", move || {
            decrypting_1.decrypt(encrypted)
        }),
        again("wechat-crypto, decryption only", move || {
            decrypting_2.decrypt(encrypted)
        }),
        again("wechat_work_crypto, all but the event", move || {
            decrypting_3.decrypt(push)
        }),
    ]
}
