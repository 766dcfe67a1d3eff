//! Every published vector of the callback cipher, and derived ones, both ways; then every way to get it wrong.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod vectors;

use wecom_login::callback::{
    CorpEvent, EncodingAesKey, Envelope, EventErrorReason, SuiteEvent, SuiteEventKind, decrypt,
    encrypt, sign,
};
use wecom_login::{AuthCode, CorpId, SuiteId, SuiteTicket};

use crate::vectors::{KEY_A, KEY_B, VECTORS, Vector};

#[test]
fn vectors_are_complete() {
    let names: Vec<_> = VECTORS.iter().map(|vector| vector.name).collect();
    assert_eq!(
        names,
        [
            "A1", "A2", "B1", "B2", "C", "D", "S1", "S2", "S3", "S4", "S5", "S6"
        ]
    );
}

#[test]
fn sign_matches_vectors() {
    for vector in VECTORS {
        let signature = sign(vector.token, vector.timestamp, vector.nonce, vector.encrypt);
        assert_eq!(signature, vector.msg_signature, "{}", vector.name);
        assert!(
            vector.is_signed(vector.nonce, vector.encrypt, vector.msg_signature),
            "{}",
            vector.name
        );
    }
}

#[test]
fn decrypt_matches_vectors() {
    for vector in VECTORS {
        let plaintext = decrypt(&vector.key(), vector.encrypt).unwrap();
        assert_eq!(
            plaintext.message(),
            vector.message.as_bytes(),
            "{}",
            vector.name
        );
        assert_eq!(plaintext.receive_id(), vector.receive_id, "{}", vector.name);
    }
}

#[test]
fn encrypt_matches_vectors() {
    for vector in VECTORS {
        let text = encrypt(
            &vector.key(),
            vector.random,
            vector.message.as_bytes(),
            vector.receive_id,
        );
        assert_eq!(text, vector.encrypt, "{}", vector.name);
    }
}

#[test]
fn envelope_forms_hold_the_vectors() {
    for vector in VECTORS {
        let (encrypt, receive_id) = (vector.encrypt, vector.receive_id);
        for body in [
            // The order that WeCom really sends, the documented one, and both JSON samples.
            format!(
                "<xml><ToUserName><![CDATA[{receive_id}]]></ToUserName><Encrypt><![CDATA[{encrypt}]]></Encrypt>\
                 <AgentID><![CDATA[218]]></AgentID></xml>"
            ),
            format!(
                "<xml>\n<ToUserName>{receive_id}</ToUserName>\n<AgentID>218</AgentID>\n<Encrypt>{encrypt}</Encrypt>\n</xml>"
            ),
            format!(r#"{{"ToUserName":"{receive_id}","Encrypt":"{encrypt}","AgentID":"218"}}"#),
            format!(r#"{{"tousername":"{receive_id}","encrypt":"{encrypt}","agentid":"218"}}"#),
        ] {
            let envelope = Envelope::parse(body.as_bytes()).unwrap();
            assert_eq!(envelope.encrypt, encrypt, "{}", vector.name);
            assert_eq!(
                envelope.to_user_name.as_deref().unwrap_or_default(),
                receive_id,
                "{}",
                vector.name
            );
            assert_eq!(envelope.agent_id.as_deref(), Some("218"), "{}", vector.name);
        }
    }
}

#[test]
fn events_of_vectors_are_parsed() {
    let suite_id = SuiteId::new("dk1234567890abcdef").unwrap();
    let ticket = SuiteEvent::parse(Vector::of("S1").message.as_bytes(), &suite_id).unwrap();
    assert_eq!(
        ticket.kind,
        SuiteEventKind::SuiteTicket {
            ticket: SuiteTicket::new("asdfasfdasdfasdf")
        }
    );
    assert_eq!(ticket.timestamp, Some(1_403_610_513));
    let created = SuiteEvent::parse(Vector::of("S2").message.as_bytes(), &suite_id).unwrap();
    let SuiteEventKind::CreateAuth { auth_code, state } = created.kind else {
        panic!("{created:?}")
    };
    assert_eq!(
        (auth_code, state.as_deref()),
        (AuthCode::new("AUTHCODE"), Some("123"))
    );

    let reason = |name: &str| {
        let vector = Vector::of(name);
        let corp_id = CorpId::new(vector.receive_id).unwrap();
        CorpEvent::parse(vector.message.as_bytes(), &corp_id)
            .unwrap_err()
            .reason
    };
    for message_to_the_app in ["A2", "B2"] {
        assert_eq!(
            reason(message_to_the_app),
            EventErrorReason::NoEvent,
            "{message_to_the_app}"
        );
    }
    for echo in ["A1", "B1"] {
        assert_eq!(reason(echo), EventErrorReason::Unreadable, "{echo}");
    }
    // Tencent's own JSON samples are broken: `"FromUserName": :mycreate"`. C names another corp before that.
    assert_eq!(reason("C"), EventErrorReason::Foreign("ToUserName"));
    assert_eq!(reason("D"), EventErrorReason::Unreadable);
}

#[test]
fn verify_signature_rejects_changed_digit_or_nonce() {
    for vector in VECTORS {
        assert!(
            !vector.is_signed("1372623148", vector.encrypt, vector.msg_signature),
            "{}",
            vector.name
        );
        for at in 0..40 {
            let mut signature = vector.msg_signature.to_owned();
            let other = if signature.as_bytes()[at] == b'0' {
                "1"
            } else {
                "0"
            };
            signature.replace_range(at..=at, other);
            assert!(
                !vector.is_signed(vector.nonce, vector.encrypt, &signature),
                "{} at {at}",
                vector.name
            );
        }
        assert!(!vector.is_signed(
            vector.nonce,
            vector.encrypt,
            &vector.msg_signature.to_uppercase()
        ));
    }
}

#[test]
fn plus_turned_into_blank_is_rejected() {
    for vector in VECTORS.iter().filter(|vector| vector.encrypt.contains('+')) {
        let blank = vector.encrypt.replace('+', " ");
        assert!(
            !vector.is_signed(vector.nonce, &blank, vector.msg_signature),
            "{}",
            vector.name
        );
        assert!(decrypt(&vector.key(), &blank).is_err(), "{}", vector.name);
    }
}

#[test]
fn receive_id_comes_from_ciphertext_not_from_envelope() {
    assert_ne!(
        decrypt(&Vector::of("A2").key(), Vector::of("A2").encrypt)
            .unwrap()
            .receive_id(),
        "ww0000000000000000"
    );
    let outer = "wx5823bf96d3bd56c7";
    let vector = Vector::of("C");
    let body = format!(
        r#"{{"tousername":"{outer}","encrypt":"{}","agentid":"218"}}"#,
        vector.encrypt
    );
    let envelope = Envelope::parse(body.as_bytes()).unwrap();
    assert_eq!(envelope.to_user_name.as_deref(), Some(outer));
    assert_eq!(
        decrypt(&vector.key(), &envelope.encrypt)
            .unwrap()
            .receive_id(),
        "ww1436e0e65a779aee"
    );
}

/// The PHP sample's comment holds another ciphertext of D's message than the one that is signed.
#[test]
fn signature_covers_the_ciphertext() {
    let vector = Vector::of("D");
    let other = encrypt(
        &vector.key(),
        b"1mUru8Nld9dq2UHK",
        vector.message.as_bytes(),
        vector.receive_id,
    );
    assert!(other.starts_with("jYKl5gAKBiSvZ694"));
    assert!(!vector.is_signed(vector.nonce, &other, vector.msg_signature));
    assert!(vector.is_signed(
        vector.nonce,
        &other,
        "cf98808c142bc21a6a5c6baae8dbebfa813394c9"
    ));
}

#[test]
fn aes_key_rejects_other_lengths_and_alphabets() {
    for bad in [
        &KEY_A[..42],
        &format!("{KEY_A}="),
        &format!("{KEY_A}A"),
        &KEY_A.replace('q', "-"),
        &KEY_A.replace('q', "_"),
    ] {
        assert!(EncodingAesKey::new(bad).is_err(), "{bad}");
    }
}

#[test]
fn aes_key_ignores_surplus_bits() {
    for (published, canonical) in [
        ("A1", "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2A"),
        ("B1", "6qkdMrq68nTKduznJYO1A37W2oEgpkMUvkttRToqhUs"),
    ] {
        let vector = Vector::of(published);
        let key = EncodingAesKey::new(canonical).unwrap();
        assert_eq!(
            decrypt(&key, vector.encrypt).unwrap().message(),
            vector.message.as_bytes()
        );
    }
}

#[test]
fn decrypt_rejects_invalid_base64_and_partial_blocks() {
    let vector = Vector::of("A1");
    let text = vector.encrypt;
    let last_block_cut_off = &text[..64];
    let not_whole = &text[..84];
    for bad in [
        "",
        "=",
        "A",
        "AAAA",
        "*",
        last_block_cut_off,
        not_whole,
        &text[..87],
        &text.replace('/', "_"),
        &format!("{text}\n"),
    ] {
        assert!(decrypt(&vector.key(), bad).is_err(), "{bad:?}");
    }
}

#[test]
fn decrypt_rejects_wrong_key() {
    for vector in VECTORS {
        let wrong = if vector.key == KEY_A { KEY_B } else { KEY_A };
        assert!(
            decrypt(&EncodingAesKey::new(wrong).unwrap(), vector.encrypt).is_err(),
            "{}",
            vector.name
        );
    }
}

#[test]
fn envelope_rejects_missing_encrypt_and_dtd() {
    let encrypt = Vector::of("A2").encrypt;
    for body in [
        "<xml><ToUserName>wx5823bf96d3bd56c7</ToUserName></xml>".to_owned(),
        format!("<!DOCTYPE xml><xml><Encrypt>{encrypt}</Encrypt></xml>"),
        format!("<!DOCTYPE xml [<!ENTITY e \"{encrypt}\">]><xml><Encrypt>&e;</Encrypt></xml>"),
        format!(
            "<!DOCTYPE xml [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><xml><Encrypt>{encrypt}&e;</Encrypt></xml>"
        ),
        format!("<xml><Encrypt>{encrypt}</Encrypt><AgentID>&#50;</AgentID></xml>"),
        format!("<xml><Encrypt>{encrypt}</Encrypt><Encrypt>{encrypt}</Encrypt></xml>"),
        format!("<?xml-stylesheet href='a'?><xml><Encrypt>{encrypt}</Encrypt></xml>"),
    ] {
        assert!(Envelope::parse(body.as_bytes()).is_err(), "{body}");
    }
}
