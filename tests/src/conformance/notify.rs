//! Pushes that are accepted, and those that are ignored.

use wecom_login::callback::sign;

use super::Target;
use super::rows::callback_headers;
use crate::app::TestApp;
use crate::auths::{self, COMPANY_A, PROVIDER, SECOND_SUITE, SUITE};
use crate::push::{Push, xml};
use crate::until;
use crate::{TestRequest, TestResponse};

/// Asserts that the plaintext is echoed, with the headers of every callback response.
#[track_caller]
pub(super) fn echoes(reply: &TestResponse, text: &str) {
    assert_eq!((reply.status, reply.text()), (200, text));
    callback_headers(reply);
}

#[track_caller]
pub(super) fn succeeds(reply: &TestResponse) {
    echoes(reply, "success");
}

/// The number of records.
pub(super) async fn records(app: &TestApp) -> usize {
    app.list_records("limit=500").await.len()
}

pub(super) async fn valid_pushes_are_accepted(target: Target) {
    let app = target.app().start().await;
    let mut number = 0;
    let mut next = || {
        number += 1;
        Push::suite_event(SUITE, "other", number, &[])
    };
    succeeds(&app.post_push(&next()).await);
    succeeds(&app.post_push(&next().keys(auths::rotated_keys())).await);
    succeeds(&app.post_push(&next().path("/Closed/notify")).await);
    succeeds(&app.post_push(&next().path("/group.CodesOff/notify")).await);
    let second = Push::suite_event(SECOND_SUITE, "other", 1, &[]).keys(auths::second_keys());
    succeeds(&app.post_push(&second).await);
    succeeds(
        &app.post_push(
            &Push::suite_event(SECOND_SUITE, "other", 2, &[])
                .keys(auths::second_keys())
                .path("/Second/notify"),
        )
        .await,
    );
    for envelope in [
        |push: &Push| {
            format!(
                "{{\"ToUserName\":\"x\",\"Encrypt\":\"{}\"}}",
                push.encrypted()
            )
        },
        |push: &Push| {
            format!(
                " {{\"tousername\":\"x\",\"encrypt\":\"{}\",\"agentid\":1}}\n",
                push.encrypted()
            )
        },
        |push: &Push| {
            format!(
                "<?xml version=\"1.0\"?>\n<xml>\n<Encrypt>\n{}\n</Encrypt>\n</xml>\n",
                push.encrypted()
            )
        },
        // The outer ToUserName is not trusted.
        |push: &Push| {
            xml(&[
                ("ToUserName", "wwsomebodyelse"),
                ("Encrypt", &push.encrypted()),
            ])
        },
    ] {
        let push = next();
        let ask = TestRequest::post(format!("/notify?{}", push.query())).body(envelope(&push));
        succeeds(&app.send(ask).await);
    }
    // The timestamp of the query is not checked.
    let mut push = next();
    push.timestamp = "1".to_owned();
    succeeds(&app.post_push(&push).await);
    push = next();
    push.timestamp = "99999999999".to_owned();
    push.nonce = "%2B".to_owned();
    let signature = sign(
        push.keys.token.expose(),
        &push.timestamp,
        "+",
        &push.encrypted(),
    );
    let query = format!(
        "msg_signature={signature}&timestamp={}&nonce=%2B&more=x",
        push.timestamp
    );
    succeeds(
        &app.send(TestRequest::post(format!("/notify?{query}")).body(push.envelope()))
            .await,
    );
    assert_eq!(app.list_records("status=ignored&limit=500").await.len(), 12);
    app.stop().await;
}

pub(super) async fn unhandled_pushes_are_ignored_without_payload(target: Target) {
    let app = target.app().start().await;
    let before = app.settled_records().await.len();
    let event = |fields: &[(&str, &str)]| {
        let mut all = vec![("ToUserName", COMPANY_A)];
        all.extend_from_slice(fields);
        Push::new(COMPANY_A, xml(&all))
    };
    let pushes = [
        (
            Push::suite_event(SUITE, "share_agent_change", 1, &[]),
            "share_agent_change",
        ),
        (
            Push::new(
                SUITE,
                xml(&[("SuiteId", SUITE), ("InfoType", "create_auth")]),
            ),
            "create_auth",
        ),
        (Push::new(SUITE, "just text"), ""),
        (Push::new(SUITE, ""), ""),
        (Push::new(SUITE, "<xml><broken"), ""),
        (Push::new(SUITE, "{\"InfoType\":"), ""),
        (event(&[("MsgType", "text"), ("Content", "hello")]), ""),
        (
            event(&[
                ("MsgType", "event"),
                ("Event", "enter_agent"),
                ("FromUserName", "x"),
            ]),
            "enter_agent",
        ),
        (
            event(&[
                ("MsgType", "event"),
                ("Event", "change_contact"),
                ("ChangeType", "create_user"),
            ]),
            "change_contact",
        ),
        (
            Push::new(
                PROVIDER,
                xml(&[
                    ("ToUserName", PROVIDER),
                    ("MsgType", "event"),
                    ("Event", "x"),
                ]),
            ),
            "x",
        ),
    ];
    let count = pushes.len();
    for (number, (push, _)) in pushes.iter().enumerate() {
        let reply = app.post_push(push).await;
        assert_eq!(reply.status, 200, "case {number}");
        succeeds(&reply);
    }
    let records = app.settled_records().await;
    assert_eq!(records.len(), before + count);
    for (record, (_, event)) in records.iter().zip(pushes.iter().rev()) {
        assert_eq!(
            (record["status"].as_str(), record["event"].as_str()),
            (Some("ignored"), Some(*event)),
            "{record}"
        );
    }
    let kept = "SELECT COUNT(*) FROM wecom_callback_record WHERE status = 'ignored' AND payload IS NOT NULL";
    assert_eq!(app.number(kept).await, 0, "ignored records have no payload");
    until("the hook was called for every event", async || {
        app.hooks.unhandled().len() == count
    })
    .await;
    let unhandled = app.hooks.unhandled();
    assert!(
        unhandled
            .iter()
            .any(|event| event.message == b"just text" && event.event.is_none())
    );
    assert!(
        unhandled
            .iter()
            .all(|event| event.suite_id.as_str() == SUITE)
    );
    for (push, name) in &pushes[count - 2..] {
        let event = unhandled
            .iter()
            .find(|event| event.event.as_deref() == Some(*name))
            .unwrap();
        assert_eq!(event.message, push.message);
    }
    app.stop().await;
}
