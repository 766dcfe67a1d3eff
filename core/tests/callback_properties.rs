//! What holds for every callback, whoever wrote it.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod fuzz_bodies;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::collection::vec;
use proptest::prelude::*;
use wecom_login::callback::{
    CorpEvent, CorpEventKind, EncodingAesKey, Envelope, SuiteEvent, decrypt, encrypt, sign,
    verify_signature,
};
use wecom_login::{CallbackToken, CorpId, SuiteId};

const KEY: &str = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C";

fn key() -> EncodingAesKey {
    EncodingAesKey::new(KEY).unwrap()
}

/// Bytes that get further than random ones: markup, fields and values in any order.
fn near_misses() -> impl Strategy<Value = String> {
    let pieces = [
        "<xml>",
        "</xml>",
        "<Encrypt>",
        "</Encrypt>",
        "<![CDATA[",
        "]]>",
        "<!--",
        "-->",
        "<?xml version='1.0'?>",
        "&amp;",
        "<InfoType>",
        "</InfoType>",
        "cancel_auth",
        "<AuthCorpId>ww1</AuthCorpId>",
        "<SuiteId>dk1</SuiteId>",
        "<ToUserName>ww1</ToUserName>",
        "<MsgType>event</MsgType>",
        "<Event>unsubscribe</Event>",
        "<FromUserName>a</FromUserName>",
        "<InfoType>change_auth</InfoType>",
        "<a/>",
        "<a>",
        "</a>",
        " ",
        "\u{feff}",
        "企",
        "{",
        "}",
        "\"InfoType\"",
        ":",
        ",",
        "\"MsgType\":\"event\"",
        "[",
        "]",
        "1",
        "\"",
        "\\u0000",
        "<!DOCTYPE",
        ">",
    ];
    vec(prop::sample::select(pieces.to_vec()), 0..24).prop_map(|pieces| pieces.concat())
}

/// The children of the root with their texts, read by quick-xml: joined, trimmed, and none where something is nested.
fn read_by_another(document: &str) -> Option<Vec<(String, Option<String>)>> {
    use quick_xml::events::Event;
    let mut reader = quick_xml::reader::Reader::from_str(document);
    let (mut fields, mut depth) = (Vec::new(), 0);
    let mut field: Option<(String, Option<String>)> = None;
    loop {
        let (opens, closes) = match reader.read_event().ok()? {
            Event::Eof => return Some(fields),
            Event::Start(tag) => (Some(tag.name().as_ref().to_owned()), false),
            Event::Empty(tag) => (Some(tag.name().as_ref().to_owned()), true),
            Event::End(_) => (None, true),
            Event::Text(text) => {
                if let Some((_, Some(so_far))) = &mut field {
                    so_far.push_str(&text.into_inner());
                }
                (None, false)
            }
            Event::CData(text) => {
                if let Some((_, Some(so_far))) = &mut field {
                    so_far.push_str(&text.into_inner());
                }
                (None, false)
            }
            _ => (None, false),
        };
        if let Some(name) = opens {
            depth += 1;
            match (&mut field, depth) {
                (_, 2) => field = Some((name, Some(String::new()))),
                (Some((_, text)), 3..) => *text = None,
                _ => {}
            }
        }
        if closes {
            if depth == 2 {
                let (name, text) = field.take()?;
                let blank = [' ', '\t', '\r', '\n'];
                fields.push((name, text.map(|text| text.trim_matches(blank).to_owned())));
            }
            depth -= 1;
        }
    }
}

proptest! {
    #[test]
    fn decrypt_inverts_encrypt(
        random: [u8; 16],
        message in vec(any::<u8>(), 0..600),
        receive_id in ".{0,40}",
    ) {
        let plaintext = decrypt(&key(), &encrypt(&key(), &random, &message, &receive_id)).unwrap();
        prop_assert_eq!(plaintext.message(), &message);
        prop_assert_eq!(plaintext.receive_id(), receive_id);
    }

    #[test]
    fn decrypt_of_flipped_bit_never_panics_nor_returns_the_message(
        message in vec(any::<u8>(), 0..200),
        at: prop::sample::Index,
        bit in 0_u8..8,
    ) {
        let text = encrypt(&key(), b"0123456789abcdef", &message, "dk1234567890abcdef");
        let signature = sign("token", "1", "2", &text);
        let mut bytes = STANDARD.decode(&text).unwrap();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        let flipped = STANDARD.encode(&bytes);
        prop_assert!(!verify_signature(&CallbackToken::new("token"), "1", "2", &flipped, &signature));
        // CBC does not authenticate, but a flip garbles its own block and turns a bit of the next one: only the
        // 16 random bytes can change unseen, and then length, message, receiveid or padding do too.
        if let Ok(plaintext) = decrypt(&key(), &flipped) {
            prop_assert!((plaintext.message(), plaintext.receive_id()) != (&*message, "dk1234567890abcdef"));
        }
    }

    #[test]
    fn verify_signature_rejects_other_signatures(
        timestamp in "[0-9]{0,10}", nonce in "[0-9a-z]{0,12}", text in ".{0,40}", at in 0_usize..40, digit in "[0-9a-fA-F]",
    ) {
        let token = CallbackToken::new("token");
        let mut signature = sign("token", &timestamp, &nonce, &text);
        prop_assert!(verify_signature(&token, &timestamp, &nonce, &text, &signature));
        let same = signature.as_bytes()[at] == digit.as_bytes()[0];
        signature.replace_range(at..=at, &digit);
        prop_assert_eq!(verify_signature(&token, &timestamp, &nonce, &text, &signature), same);
        prop_assert!(!verify_signature(&token, &timestamp, &nonce, &text, &signature[..39]));
    }

    #[test]
    fn cdata_text_is_read_unchanged(text in "[^\\p{Cc}]{1,60}") {
        prop_assume!(!text.contains("]]>"));
        let message = format!(
            "<xml><Name><![CDATA[{text}]]></Name><ToUserName>ww1</ToUserName><MsgType>event</MsgType>\
             <Event>unsubscribe</Event><FromUserName><![CDATA[a{text}b]]></FromUserName></xml>"
        );
        let event = CorpEvent::parse(message.as_bytes(), &CorpId::new("ww1").unwrap());
        match event {
            Ok(event) => {
                let CorpEventKind::Unsubscribed { third_user_id: user_id } = event.kind else { panic!("{event:?}") };
                prop_assert_eq!(user_id.as_str(), format!("a{text}b"));
            }
            // An id has at most 128 bytes.
            Err(_) => prop_assert!(text.len() > 126),
        }
    }

    #[test]
    fn markup_outside_cdata_never_becomes_an_event(text in "[<>&/a-zA-Z_!\\[\\]]{0,40}") {
        let message = format!(
            "<xml><Content>{text}</Content><SuiteId>dk1</SuiteId><InfoType>change_auth</InfoType>\
             <AuthCorpId>ww1</AuthCorpId></xml>"
        );
        if let Ok(event) = SuiteEvent::parse(message.as_bytes(), &SuiteId::new("dk1").unwrap()) {
            prop_assert_eq!(event.info_type, "change_auth");
        }
    }

    #[test]
    fn envelope_round_trips(encrypt in "[A-Za-z0-9+/]{1,80}={0,2}", hint in "[A-Za-z0-9_-]{1,64}") {
        for body in [
            format!("<xml><ToUserName>{hint}</ToUserName><Encrypt><![CDATA[{encrypt}]]></Encrypt></xml>"),
            format!(r#"{{"tousername":"{hint}","encrypt":"{encrypt}"}}"#),
        ] {
            let envelope = Envelope::parse(body.as_bytes()).unwrap();
            prop_assert_eq!(&*envelope.encrypt, &*encrypt);
            prop_assert_eq!(envelope.to_user_name.as_deref(), Some(&*hint));
        }
    }

    #[test]
    fn parsers_never_panic_on_bytes(data in vec(any::<u8>(), 0..400)) {
        fuzz_bodies::callback(&data);
    }

    #[test]
    fn parsers_never_panic_on_near_misses(text in near_misses()) {
        fuzz_bodies::callback(text.as_bytes());
        fuzz_bodies::callback(format!("<xml>{text}</xml>").as_bytes());
    }

    #[test]
    fn decrypt_never_panics_on_bytes(data in vec(any::<u8>(), 0..400)) {
        fuzz_bodies::decrypt(&data);
    }

    #[test]
    fn decrypt_never_panics_on_length_and_padding(
        length in prop_oneof![0_u32..80, any::<u32>()], body in vec(any::<u8>(), 0..60), padding in 0_u8..40, times in 0_usize..40,
    ) {
        let mut plain = vec![7; 16];
        plain.extend_from_slice(&length.to_be_bytes());
        plain.extend_from_slice(&body);
        plain.extend(std::iter::repeat_n(padding, times));
        plain.splice(20..20, vec![b'm'; plain.len().next_multiple_of(16) - plain.len()]);
        fuzz_bodies::decrypt(&plain);
    }

    /// We read less than XML allows, but never something else than another reader reads.
    #[test]
    fn parser_agrees_with_quick_xml(document in near_misses(), tag in "[a-z<>/='\" !-]{0,12}") {
        for document in [document.clone(), format!("<xml><InfoType>{document}</InfoType></xml>"),
            format!("<xml><InfoType {tag}>a</InfoType><a>{tag}</a></xml>")]
        {
            let Ok(event) = SuiteEvent::parse(document.as_bytes(), &SuiteId::new("dk1").unwrap()) else { continue };
            if document.trim_start_matches(['\u{feff}', ' ']).starts_with('{') {
                continue;
            }
            let fields = read_by_another(document.trim_start_matches('\u{feff}'));
            let fields = fields.expect("what we read, others can read");
            let info_type = fields.iter().find(|(name, _)| name == "InfoType");
            let info_type = info_type.and_then(|(_, text)| text.as_deref());
            prop_assert_eq!(info_type, Some(&*event.info_type));
        }
    }
}
