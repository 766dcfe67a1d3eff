//! URL verifications: what is echoed, and that nothing else is decrypted.

use wecom_login::{NotifyRequest, NotifyResponse};
use wecom_login_tests::TestApp;
use wecom_login_tests::app::{PROVIDER, SUITE};
use wecom_login_tests::push::suite_event;

use super::refusals::{decode, encode, start};

/// Status and body.
pub(super) async fn check_url(node: &TestApp, query: &str) -> (u16, Vec<u8>) {
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
        service.notify(NotifyRequest::get(&query)).await,
        instance.notify(NotifyRequest::get(&query)).await,
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
    for incomplete in [
        NotifyRequest::new("nonce", "signature", "1"),
        NotifyRequest::new("", "signature", "1").with_body("<xml/>"),
    ] {
        let answer = service.notify(incomplete).await;
        assert_eq!((answer.status, answer.body.len()), (400, 0));
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
    // An attacker with the token can sign any ciphertext. Different responses would be a padding oracle.
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
    // A plain id is the same in either case.
    for legal in [PROVIDER, &PROVIDER.to_uppercase(), SUITE] {
        assert_eq!(check_url(&node, &echo(legal)).await.0, 200, "{legal}");
    }
    let longer = format!("{PROVIDER}0");
    let stranger = node.corp(0);
    for illegal in [
        "",
        "wwstranger",
        &longer,
        &PROVIDER[..PROVIDER.len() - 1],
        &SUITE.to_uppercase(),
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
