//! What the fuzz targets do with their bytes. It lies here so that the property tests run it too, without a fuzzer.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use aes::{Aes256Enc, Block};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cbc::cipher::{BlockModeEncrypt as _, KeyIvInit as _};
use wecom_login::callback::{
    CorpEvent, EncodingAesKey, Envelope, SuiteEvent, decrypt as decrypt_text, encrypt, event_name,
};
use wecom_login::{CorpId, SuiteId};

fn key() -> EncodingAesKey {
    EncodingAesKey::new("jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C").unwrap()
}

/// Arbitrary bytes as an envelope and as a message of either kind.
pub(crate) fn callback(data: &[u8]) {
    if let Ok(envelope) = Envelope::parse(data) {
        assert!(!envelope.encrypt.is_empty() && envelope.encrypt.len() <= data.len());
        assert!(envelope.to_user_name.is_none_or(|hint| !hint.is_empty()));
        let _ = decrypt_text(&key(), &envelope.encrypt);
    }
    let suite = SuiteEvent::parse(data, &SuiteId::new("dk1").unwrap());
    let corp = CorpEvent::parse(data, &CorpId::new("ww1").unwrap());
    assert!(
        suite.is_err() || corp.is_err(),
        "a message is an event of one kind"
    );
    let name = match (&suite, &corp) {
        (Ok(event), _) => Some(event.info_type.clone()),
        (_, Ok(event)) => Some(event.event.clone()),
        (Err(error), Err(same)) => {
            assert_eq!(error.event, same.event);
            error.event.clone()
        }
    };
    assert_eq!(name, event_name(data));
    assert!(name.is_none_or(|name| (1..=64).contains(&name.chars().count())));
}

/// Arbitrary bytes as base64 text, as ciphertext, as plaintext with its padding, and as a message.
pub(crate) fn decrypt(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        let _ = decrypt_text(&key(), text);
    }
    let _ = decrypt_text(&key(), &STANDARD.encode(data));

    let mut blocks = data.to_vec();
    blocks.truncate(data.len() / 16 * 16);
    cbc::Encryptor::<Aes256Enc>::new(
        key().as_bytes().into(),
        key().as_bytes()[..16].try_into().unwrap(),
    )
    .encrypt_blocks(Block::slice_as_chunks_mut(&mut blocks).0);
    if let Ok(plaintext) = decrypt_text(&key(), &STANDARD.encode(&blocks)) {
        let length = plaintext.message().len();
        let padding = blocks.len() - 20 - length - plaintext.receive_id().len();
        assert_eq!(data[16..20], u32::try_from(length).unwrap().to_be_bytes());
        assert_eq!(&data[20..20 + length], plaintext.message());
        assert_eq!(
            &data[20 + length..blocks.len() - padding],
            plaintext.receive_id().as_bytes()
        );
        assert!((1..=32).contains(&padding));
    }

    let plaintext = decrypt_text(&key(), &encrypt(&key(), &[7; 16], data, "ww1")).unwrap();
    assert_eq!((plaintext.message(), plaintext.receive_id()), (data, "ww1"));
}
