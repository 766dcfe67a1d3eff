//! Pushes that are refused: all with the same response.

use wecom_login::callback::{CallbackKeys, encrypt, sign};

use super::Target;
use super::notify::records;
use super::rows::refused;
use crate::TestRequest;
use crate::auths::{self, COMPANY_A, SECOND_SUITE, SUITE};
use crate::push::{Push, xml};

pub(super) async fn invalid_callbacks_are_403_alike(target: Target) {
    let app = target.app().start().await;
    let before = app.settled_records().await.len();
    let good = Push::suite_event(SUITE, "other", 1, &[]);
    let encrypted = good.encrypted();
    let signature = sign(auths::keys().token.expose(), "1", "n", &encrypted);
    let post = |query: String, encrypted: &str| {
        TestRequest::post(format!("/notify?{query}")).body(xml(&[("Encrypt", encrypted)]))
    };
    let signed = |encrypted: &str| {
        let signature = sign(auths::keys().token.expose(), "1", "n", encrypted);
        post(
            format!("msg_signature={signature}&timestamp=1&nonce=n"),
            encrypted,
        )
    };
    let with_key =
        |keys: &CallbackKeys| encrypt(&keys.encoding_aes_key, &good.random, &good.message, SUITE);
    let asks = [
        // Signatures.
        good.clone().keys(auths::foreign_keys()).post(),
        post(
            format!(
                "msg_signature={}&timestamp=1&nonce=n",
                signature.to_uppercase()
            ),
            &encrypted,
        ),
        post(
            format!("msg_signature={}&timestamp=1&nonce=n", &signature[1..]),
            &encrypted,
        ),
        post(
            format!("msg_signature={signature}&timestamp=2&nonce=n"),
            &encrypted,
        ),
        post(
            format!("msg_signature={signature}&timestamp=1&nonce=m"),
            &encrypted,
        ),
        post(
            format!("msg_signature={signature}&timestamp=1&nonce=n"),
            &encrypted[4..],
        ),
        // A valid signature over invalid ciphertext.
        signed("abc="),
        signed("AAAA"),
        signed(&encrypted[..encrypted.len() - 24]),
        signed(&with_key(&auths::foreign_keys())),
        signed(&with_key(&auths::rotated_keys())),
        // The receiveid.
        Push::new("", good.message.clone()).post(),
        Push::new("dksomebody", good.message.clone()).post(),
        Push::new(
            "dksomebody",
            xml(&[("MsgType", "event"), ("MsgType", "event")]),
        )
        .post(),
        Push::new(SECOND_SUITE, good.message.clone()).post(),
        Push::new(&format!("{SUITE}x"), good.message.clone()).post(),
        Push::new(&SUITE[..SUITE.len() - 1], good.message.clone()).post(),
        Push::new("ww wrong", good.message.clone()).post(),
        // An inner SuiteId or ToUserName that differs from the receiveid.
        Push::new(
            SUITE,
            xml(&[("SuiteId", SECOND_SUITE), ("InfoType", "other")]),
        )
        .post(),
        Push::new(SUITE, xml(&[("SuiteId", ""), ("InfoType", "other")])).post(),
        Push::new(
            COMPANY_A,
            xml(&[
                ("ToUserName", "wwother"),
                ("MsgType", "event"),
                ("Event", "x"),
            ]),
        )
        .post(),
        Push::new(
            "wwother",
            xml(&[
                ("ToUserName", COMPANY_A),
                ("MsgType", "event"),
                ("Event", "x"),
            ]),
        )
        .post(),
        // The callback URL of another suite.
        good.clone().path("/Second/notify").post(),
        good.clone()
            .keys(auths::second_keys())
            .path("/QywxProxyDefault/notify")
            .post(),
    ];
    for (number, ask) in asks.into_iter().enumerate() {
        let reply = app.send(ask).await;
        assert_eq!(reply.status, 403, "case {number}");
        refused(&reply, 403);
    }
    assert_eq!(records(&app).await, before, "nothing was stored");
    app.stop().await;
}

pub(super) async fn unreadable_callbacks_are_400(target: Target) {
    let app = target.app().start().await;
    let before = app.settled_records().await.len();
    let good = Push::suite_event(SUITE, "other", 1, &[]);
    let (query, encrypted) = (good.query(), good.encrypted());
    let post = |body: String| TestRequest::post(format!("/notify?{query}")).body(body);
    for body in [
        String::new(),
        "text".to_owned(),
        encrypted.clone(),
        format!("<!DOCTYPE xml>{}", good.envelope()),
        format!(
            "<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>{}",
            good.envelope()
        ),
        format!(
            "<xml><Encrypt>{}</Encrypt></xml>",
            encrypted.replace('=', "&#61;") + "&amp;"
        ),
        format!("<xml><Other><Encrypt>{encrypted}</Encrypt></Other></xml>"),
        format!("<xml><Encrypt>{encrypted}</Encrypt><Encrypt>{encrypted}</Encrypt></xml>"),
        format!("<xml><Encrypt>{encrypted}</Encrypt>"),
        format!("[{{\"Encrypt\":\"{encrypted}\"}}]"),
        "{\"Encrypt\":null}".to_owned(),
    ] {
        refused(&app.send(post(body)).await, 400);
    }
    let [signature, timestamp, nonce] =
        <[&str; 3]>::try_from(query.split('&').collect::<Vec<_>>()).unwrap();
    for query in [
        format!("{timestamp}&{nonce}"),
        format!("{signature}&{nonce}"),
        format!("{signature}&{timestamp}"),
        format!("{signature}&{timestamp}&nonce="),
        format!("{query}&{nonce}"),
        String::new(),
    ] {
        refused(
            &app.send(TestRequest::post(format!("/notify?{query}")).body(good.envelope()))
                .await,
            400,
        );
    }
    assert_eq!(records(&app).await, before);
    app.stop().await;
}
