//! What is not answered, and that all of it looks the same.

use wecom_login::NotifyResponse;
use wecom_login_tests::app::{PROVIDER, SUITE};
use wecom_login_tests::push::{PushBuilder, SignedPush, app_event, suite_event, xml};
use wecom_login_tests::{TestApp, TestRequest};

const OTHER_KEY: &str = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C";

/// An app to which the sandbox pushes nothing.
async fn start(provider: bool) -> TestApp {
    let builder = TestApp::builder().without_push();
    if provider {
        builder.provider().start().await
    } else {
        builder.start().await
    }
}

/// Status and body.
async fn check_url(node: &TestApp, query: &str) -> (u16, Vec<u8>) {
    let answer = node.verify_url(query).await;
    (answer.status, answer.body.to_vec())
}

fn refused() -> (u16, Vec<u8>) {
    (403, Vec::new())
}

#[tokio::test]
async fn captured_post_replayed_as_echostr_is_403() {
    for provider in [false, true] {
        let node = start(provider).await;
        let secret = "AuthCodeThatNobodyMaySee";
        let push = node.push_builder.post(
            SUITE,
            &suite_event(SUITE, "create_auth", 1, &[("AuthCode", secret)]),
        );
        assert_eq!(
            check_url(&node, &push.replayed_as_get()).await,
            refused(),
            "provider: {provider}"
        );
        // The shape of a ticket alone, in place of a whole event, is no way round either: it is too long.
        let ticket = node.push_builder.url_verification(SUITE, &"t".repeat(65));
        assert_eq!(check_url(&node, &ticket).await, refused());
    }
}

/// A route of the host app's own has nothing but what the answer says.
#[tokio::test]
async fn notify_response_has_its_headers() {
    let node = start(false).await;
    let query = node.push_builder.url_verification(SUITE, "1");
    let (service, instance) = (node.login.service(), node.login.instance("First").unwrap());
    let header = |answer: &NotifyResponse, wanted: &str| {
        let headers = answer.headers();
        headers
            .into_iter()
            .find(|(name, _)| *name == wanted)
            .map(|(_, value)| value)
    };
    for answer in [
        service.notify("GET", &query, b"").await,
        instance.notify("GET", &query, b"").await,
    ] {
        assert_eq!((answer.status, &*answer.body), (200, &b"1"[..]));
        assert_eq!(
            header(&answer, "content-type").unwrap(),
            "text/plain; charset=utf-8"
        );
        assert_eq!(
            header(&answer, "x-content-type-options").unwrap(),
            "nosniff"
        );
        assert_eq!(
            header(&answer, "content-security-policy").unwrap(),
            "default-src 'none'"
        );
        assert_eq!(header(&answer, "allow"), None);
    }
    for answer in [
        service.notify("PUT", &query, b"").await,
        instance.notify("PUT", &query, b"").await,
    ] {
        assert_eq!((answer.status, answer.body.len()), (405, 0));
        assert_eq!(header(&answer, "allow").unwrap(), "GET, HEAD, POST");
    }
}

#[tokio::test]
async fn url_verification_answers_only_a_well_formed_echostr() {
    let node = start(true).await;
    for fits in ["1", "1616140317555161061", "a-b_C9", &"a".repeat(64)] {
        assert_eq!(
            check_url(&node, &node.push_builder.url_verification(PROVIDER, fits)).await,
            (200, fits.as_bytes().to_vec())
        );
    }
    for no_shape in [
        "",
        " 1",
        "1\n",
        "<b>1</b>",
        "<xml/>",
        "a.b",
        "企业",
        "1+1",
        &"a".repeat(65),
    ] {
        assert_eq!(
            check_url(
                &node,
                &node.push_builder.url_verification(PROVIDER, no_shape)
            )
            .await,
            refused(),
            "{no_shape:?}"
        );
    }
}

#[tokio::test]
async fn leaked_callback_token_gives_no_padding_oracle() {
    // Whoever has the token signs any ciphertext; answers that differ would decrypt it byte by byte.
    for provider in [false, true] {
        let node = start(provider).await;
        let good = node.push_builder.encrypt(
            SUITE,
            suite_event(SUITE, "suite_ticket", 1, &[("SuiteTicket", "t")]).as_bytes(),
        );
        let mut bytes = decode(&good);
        let last_of_the_block_before = bytes.len() - 17;
        for guess in 0..=255 {
            bytes[last_of_the_block_before] = guess;
            let query = node.push_builder.signed(&encode(&bytes), true);
            assert_eq!(
                check_url(&node, &query).await,
                refused(),
                "provider: {provider}, {guess}"
            );
        }
        assert_eq!(
            node.number("SELECT COUNT(*) FROM wecom_callback_record")
                .await,
            0
        );
    }
}

#[tokio::test]
async fn url_verification_accepts_only_known_receiveids() {
    let node = start(true).await;
    let echo = |receive_id: &str| node.push_builder.url_verification(receive_id, "123");
    for legal in [PROVIDER, SUITE] {
        assert_eq!(check_url(&node, &echo(legal)).await.0, 200, "{legal}");
    }
    let longer = format!("{PROVIDER}0");
    let stranger = node.corp(0);
    for illegal in [
        "",
        "wwstranger",
        &longer,
        &PROVIDER[..PROVIDER.len() - 1],
        &PROVIDER.to_uppercase(),
        &stranger,
    ] {
        assert_eq!(
            check_url(&node, &echo(illegal)).await,
            refused(),
            "{illegal:?}"
        );
    }
    let node = TestApp::builder().provider().start().await;
    let (authorized, stranger) = (node.install(0).await, node.corp(1));
    assert_eq!(
        check_url(
            &node,
            &node.push_builder.url_verification(&authorized, "123")
        )
        .await
        .0,
        200
    );
    assert_eq!(
        check_url(&node, &node.push_builder.url_verification(&stranger, "123")).await,
        refused()
    );

    let node = start(false).await;
    let echo = |receive_id: &str| node.push_builder.url_verification(receive_id, "123");
    for legal in ["", "wwanybody", SUITE] {
        assert_eq!(check_url(&node, &echo(legal)).await.0, 200, "{legal}");
    }
    for illegal in ["ww any", "<b>", &"a".repeat(65)] {
        assert_eq!(
            check_url(&node, &echo(illegal)).await,
            refused(),
            "{illegal:?}"
        );
    }
}

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
            "two Encrypts",
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

fn decode(text: &str) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD
        .decode(text)
        .unwrap()
}

fn encode(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}
