//! Pushes that are refused: all with the same response.

use wecom_login_tests::app::{PROVIDER, SUITE};
use wecom_login_tests::push::{PushBuilder, SignedPush, app_event, suite_event, xml};
use wecom_login_tests::{TestApp, TestRequest};

use super::url_verification::check_url;

const OTHER_KEY: &str = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C";

#[tokio::test]
async fn refused_posts_are_identical_and_store_nothing() {
    let node = start(true).await;
    let event = suite_event(SUITE, "change_auth", 1, &[("AuthCorpId", "wwsomebody")]);
    let good = node.push_builder.post(SUITE, &event);
    let bytes = decode(&good.encrypted);
    let cut = |length: usize| post_of(&node.push_builder, &encode(&bytes[..length]));
    let mut wrong_padding = bytes.clone();
    *wrong_padding.last_mut().unwrap() ^= 1;
    let wrong_length = node.push_builder.encrypt("", &[0; 40]);
    let mut wrong_length = decode(&wrong_length);
    wrong_length.truncate(48);
    let foreign_key = PushBuilder::new("TestsCallbackToken01", OTHER_KEY);
    let foreign_token = PushBuilder::new(
        "another-token-of-some-length",
        "Rd7kT2mXv9LhR4sWc8YpB1nZf6JgU3aEoK5iHxMrDtB",
    );
    let refusals: Vec<(&str, SignedPush)> = vec![
        ("another token", foreign_token.post(SUITE, &event)),
        ("another key", foreign_key.post(SUITE, &event)),
        (
            "a body under another's signature",
            SignedPush {
                query: node.push_builder.post(SUITE, "x").query,
                ..good.clone()
            },
        ),
        (
            "padding",
            post_of(&node.push_builder, &encode(&wrong_padding)),
        ),
        ("half a block", cut(bytes.len() - 8)),
        ("a block less", cut(bytes.len() - 16)),
        (
            "a length beyond the end",
            post_of(&node.push_builder, &encode(&wrong_length)),
        ),
        ("no base64", post_of(&node.push_builder, "!!!!")),
        (
            "an unknown company's id, unnamed within",
            node.push_builder.post("wwstranger", &event),
        ),
        (
            "a receiveid that only begins like the suite's",
            node.push_builder.post(&SUITE[..SUITE.len() - 1], &event),
        ),
        (
            "a receiveid that goes on after the suite's",
            node.push_builder.post(&format!("{SUITE}0"), &event),
        ),
        ("no receiveid", node.push_builder.post("", &event)),
        (
            "a receiveid that is no id",
            node.push_builder.post("<b>", &event),
        ),
        (
            "another SuiteId within",
            node.push_builder
                .post(SUITE, &suite_event("dkforeign", "change_auth", 1, &[])),
        ),
        (
            "another company within",
            node.push_builder
                .post("wwone", &app_event("wwother", "unsubscribe", 1, &[])),
        ),
    ];
    for (what, push) in refusals {
        let answer = node.notify(&push).await;
        assert_eq!((answer.status, &*answer.body), (403, &b""[..]), "{what}");
    }
    assert_eq!(
        node.number("SELECT COUNT(*) FROM wecom_callback_record")
            .await,
        0
    );
    assert_eq!(
        node.number("SELECT COUNT(*) FROM wecom_callback_seen")
            .await,
        0
    );
    assert_eq!(node.hooks.calls(), Vec::<String>::new());
    assert_eq!(
        node.notify(&good).await.status,
        200,
        "the pattern of all of them is itself good"
    );
}

#[tokio::test]
async fn malformed_callback_is_400() {
    let node = start(true).await;
    let good = node.push_builder.post(
        SUITE,
        &suite_event(SUITE, "change_auth", 1, &[("AuthCorpId", "wwsomebody")]),
    );
    let without = |name: &str| {
        let kept = good.query.split('&').filter(|pair| !pair.starts_with(name));
        SignedPush {
            query: kept.collect::<Vec<_>>().join("&"),
            ..good.clone()
        }
    };
    let body = |body: &str| SignedPush {
        body: body.as_bytes().to_vec(),
        ..good.clone()
    };
    let envelope = String::from_utf8(good.body.clone()).unwrap();
    for (what, push) in [
        ("no signature", without("msg_signature")),
        ("no timestamp", without("timestamp")),
        ("no nonce", without("nonce")),
        ("no body", body("")),
        ("no envelope", body("hello")),
        ("no Encrypt", body("<xml><ToUserName>x</ToUserName></xml>")),
        ("an empty Encrypt", body("<xml><Encrypt></Encrypt></xml>")),
        (
            "a DTD",
            body(&format!("<!DOCTYPE x [<!ENTITY e 'x'>]>{envelope}")),
        ),
        ("an entity", body("<xml><Encrypt>&#65;</Encrypt></xml>")),
        (
            "Encrypt deeper down",
            body(&format!(
                "<xml><a>{}</a></xml>",
                &envelope["<xml>".len()..envelope.len() - "</xml>".len()]
            )),
        ),
        (
            "two Encrypt elements",
            body(&envelope.replace("<Encrypt>", "<Encrypt>x</Encrypt><Encrypt>")),
        ),
    ] {
        let answer = node.notify(&push).await;
        assert_eq!((answer.status, &*answer.body), (400, &b""[..]), "{what}");
    }
    assert_eq!(check_url(&node, "").await, (400, Vec::new()));
    assert_eq!(
        node.number("SELECT COUNT(*) FROM wecom_callback_record")
            .await,
        0
    );
}

#[tokio::test]
async fn every_notify_response_is_plain_text_with_nosniff() {
    let node = start(true).await;
    let event = node.push_builder.post(
        SUITE,
        &suite_event(SUITE, "change_auth", 1, &[("AuthCorpId", "wwsomebody")]),
    );
    let cases = [
        (
            "GET",
            node.push_builder.url_verification(PROVIDER, "123"),
            Vec::new(),
            200,
        ),
        (
            "GET",
            node.push_builder
                .url_verification(PROVIDER, "<script>alert(1)</script>"),
            Vec::new(),
            403,
        ),
        ("GET", String::new(), Vec::new(), 400),
        ("POST", event.query.clone(), event.body.clone(), 200),
        (
            "POST",
            "msg_signature=a&timestamp=b&nonce=c".to_owned(),
            event.body.clone(),
            403,
        ),
        ("POST", event.query.clone(), vec![b'a'; 64 * 1024 + 1], 413),
        ("PUT", event.query.clone(), Vec::new(), 405),
    ];
    for path in ["/notify", "/First/notify"] {
        for (method, query, body, status) in &cases {
            let request = TestRequest::new(method, format!("{path}?{query}"));
            let answer = node.call(request.body(body.clone())).await;
            assert_eq!(answer.status, *status, "{method} {path}");
            let header = |name: &str| answer.header(name);
            assert_eq!(
                header("content-type"),
                Some("text/plain; charset=utf-8"),
                "{method} {path} {status}"
            );
            assert_eq!(header("x-content-type-options"), Some("nosniff"));
            assert_eq!(
                header("content-security-policy"),
                Some("default-src 'none'")
            );
            assert_eq!(header("cache-control"), Some("no-store"));
            assert_eq!(
                *status == 200,
                !answer.body.is_empty(),
                "refusals are empty"
            );
        }
    }
}

/// A POST of this ciphertext, rightly signed.
fn post_of(forge: &PushBuilder, encrypted: &str) -> SignedPush {
    let body = xml(&[("Encrypt", encrypted)]).into_bytes();
    SignedPush {
        query: forge.signed(encrypted, false),
        body,
        encrypted: encrypted.to_owned(),
    }
}

/// An app to which the sandbox pushes nothing.
pub(super) async fn start(provider: bool) -> TestApp {
    let builder = TestApp::builder().without_push();
    if provider {
        builder.provider().start().await
    } else {
        builder.start().await
    }
}

pub(super) fn decode(text: &str) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD
        .decode(text)
        .unwrap()
}

pub(super) fn encode(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}
