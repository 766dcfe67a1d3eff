//! The effects of an event: only on its own corp, and only once.

use super::Target;
use super::notify::{records, succeeds};
use crate::auths::{COMPANY_A, SUITE};
use crate::push::{Push, xml};
use crate::until;

pub(super) async fn corp_push_acts_only_on_its_own_corp(target: Target) {
    let app = target.app().start().await;
    let open = app.open_corp();
    let member = app.member(COMPANY_A);
    let token = app.token(COMPANY_A, &member).await;
    let seconds = app.now_millis() / 1000;
    let stamp = seconds.to_string();
    let time = ("TimeStamp", stamp.as_str());
    let cancel = [
        ("InfoType", "cancel_auth"),
        ("SuiteId", SUITE),
        ("AuthCorpId", COMPANY_A),
        time,
    ];
    let mut named = vec![
        ("ToUserName", open.as_str()),
        ("MsgType", "event"),
        ("Event", "unsubscribe"),
    ];
    named.extend_from_slice(&cancel);
    let deleted = [
        ("ToUserName", COMPANY_A),
        ("MsgType", "event"),
        ("Event", "change_contact"),
        ("ChangeType", "delete_user"),
        ("UserID", member.as_str()),
    ];
    let mut of_suite = vec![("SuiteId", SUITE)];
    of_suite.extend_from_slice(&deleted);
    let mut twice = deleted.to_vec();
    twice.push(("UserID", "somebody"));
    let nested = format!(
        "<xml><ToUserName>{COMPANY_A}</ToUserName><MsgType>text</MsgType><Content><Event>change_contact</Event>\
         <ChangeType>delete_user</ChangeType><UserID>{member}</UserID></Content></xml>"
    );
    for push in [
        // A corp's push cannot cancel any authorization: only a suite event can.
        Push::new(&open, xml(&named)),
        Push::new(
            COMPANY_A,
            xml(&[&[("ToUserName", COMPANY_A)], cancel.as_slice()].concat()),
        ),
        // A suite event cannot act on a corp's members.
        Push::new(SUITE, xml(&of_suite)),
        // A repeated field, and a field inside a member's text.
        Push::new(COMPANY_A, xml(&twice)),
        Push::new(COMPANY_A, nested),
        // Another corp's member with the same userid.
        Push::corp_event(
            &open,
            "change_contact",
            seconds,
            &[("ChangeType", "delete_user"), ("UserID", &member)],
        ),
    ] {
        succeeds(&app.post_push(&push).await);
    }
    app.settled_records().await;
    assert_eq!(app.hello_status(&token).await, 200);
    // The valid event, for comparison.
    succeeds(&app.post_push(&Push::new(COMPANY_A, xml(&deleted))).await);
    until("the session is revoked", async || {
        app.hello_status(&token).await == 401
    })
    .await;
    app.stop().await;
}

pub(super) async fn redelivered_event_runs_once(target: Target) {
    let app = target.app().start().await;
    let member = app.member(COMPANY_A);
    let event = Push::corp_event(
        COMPANY_A,
        "unsubscribe",
        1_700_000_000,
        // FromUserName names the member.
        &[],
    );
    let message = String::from_utf8(event.message.clone())
        .unwrap()
        .replace("sys", &member);
    let event = Push {
        message: message.into_bytes(),
        ..event
    };
    let first = app.token(COMPANY_A, &member).await;
    succeeds(&app.post_push(&event).await);
    until("the session is revoked", async || {
        app.hello_status(&first).await == 401
    })
    .await;
    app.settled_records().await;
    let second = app.token(COMPANY_A, &member).await;
    let before = records(&app).await;
    for nonce in ["a", "b", "c"] {
        // Encrypted and signed again, as a retry may be.
        let again = Push {
            nonce: nonce.to_owned(),
            random: [nonce.as_bytes()[0]; 16],
            ..event.clone()
        };
        succeeds(&app.post_push(&again).await);
    }
    until("the redeliveries are counted", async || {
        let records = app.settled_records().await;
        records
            .iter()
            .any(|record| record["event"] == "unsubscribe" && record["duplicates"] == 3)
    })
    .await;
    assert_eq!(records(&app).await, before);
    assert_eq!(
        app.hello_status(&second).await,
        200,
        "it is not executed twice"
    );
    app.stop().await;
}
