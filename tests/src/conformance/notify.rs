//! WeCom's callbacks.

use std::sync::{Arc, Mutex};

use wecom_login::callback::{CallbackKeys, encrypt, sign};
use wecom_login::{HookFuture, Hooks, OtherEvent};

use super::Stage;
use super::rows::{callback_headers, refused};
use crate::auths::{self, COMPANY_A, PROVIDER, SECOND_SUITE, SUITE};
use crate::client::{Ask, Reply};
use crate::push::{Push, xml};
use crate::world::{Setup, World, until};

#[track_caller]
fn echoes(reply: &Reply, text: &str) {
    assert_eq!((reply.status, reply.text()), (200, text));
    callback_headers(reply);
}

#[track_caller]
fn succeeds(reply: &Reply) {
    echoes(reply, "success");
}

async fn records(world: &World) -> usize {
    world.records("limit=500").await.len()
}

pub(super) async fn the_url_check(stage: Stage) {
    let world = stage.world(Setup::new()).await;
    for suite in [SUITE, SECOND_SUITE] {
        let (delivery, verified) = world.sandbox.verify(suite).await.unwrap();
        assert!(verified, "{delivery:?}");
    }
    let before = world.settled_records().await.len();
    for path in ["/notify", "/QywxProxyDefault/notify", "/Closed/notify", "/auths.QywxProxyDefault/notify"] {
        for receive_id in [SUITE, PROVIDER, COMPANY_A] {
            let push = Push::new(receive_id, "1616140317555161061").path(path);
            echoes(&world.ours(push.get()).await, "1616140317555161061");
        }
    }
    let head = Push::new(SUITE, "echo").get();
    let head = Ask::new("HEAD", head.target());
    let head = world.ours(head).await;
    assert_eq!((head.status, head.header("content-length")), (200, Some("4")));
    for text in ["a", "A_-9", &"x".repeat(64)] {
        echoes(&world.ours(Push::new(SUITE, text).get()).await, text);
    }
    let mut refusals = Vec::new();
    for receive_id in
        ["", "wwnobody0000000001", SECOND_SUITE, &world.open_corps()[1], "ww wrong", &format!("{SUITE}x")]
    {
        refusals.push(world.ours(Push::new(receive_id, "echo").get()).await);
    }
    for text in ["", "a b", "<xml/>", "a\n", "企业", "a.b", &"x".repeat(65), "{}"] {
        refusals.push(world.ours(Push::new(SUITE, text).get()).await);
    }
    // A captured POST, sent again as a URL check, would come back decrypted.
    let ticket = Push::suite_event(SUITE, "suite_ticket", 1, &[("SuiteTicket", "hush")]);
    refusals.push(world.ours(ticket.get()).await);
    refusals.push(world.ours(Push::new(SUITE, "echo").keys(auths::foreign_keys()).get()).await);
    refusals.push(world.ours(Push::new(SUITE, "echo").path("/Second/notify").get()).await);
    for reply in &refusals {
        refused(reply, 403);
    }
    assert_eq!(records(&world).await, before, "a URL check leaves nothing behind");
    world.end().await;
}

pub(super) async fn a_url_check_without_provider(stage: Stage) {
    let world = stage.world(Setup::new().installed(&[])).await;
    for path in ["/notify", "/Second/notify"] {
        let push = |receive_id: &str, text: &str| {
            Push::new(receive_id, text).keys(auths::second_keys()).path(path).get()
        };
        for receive_id in [SECOND_SUITE, "", "wwanybody", "A_-9", &"x".repeat(64)] {
            echoes(&world.ours(push(receive_id, "echo")).await, "echo");
        }
        for receive_id in ["ww wrong", "a.b", "企业", &"x".repeat(65)] {
            refused(&world.ours(push(receive_id, "echo")).await, 403);
        }
        refused(&world.ours(push(SECOND_SUITE, "<xml/>")).await, 403);
    }
    world.end().await;
}

pub(super) async fn wrong_callbacks_get_one_refusal(stage: Stage) {
    let world = stage.world(Setup::new()).await;
    let before = world.settled_records().await.len();
    let good = Push::suite_event(SUITE, "other", 1, &[]);
    let encrypted = good.encrypted();
    let signature = sign(auths::keys().token.expose(), "1", "n", &encrypted);
    let post = |query: String, encrypted: &str| {
        Ask::post(format!("/notify?{query}")).body(xml(&[("Encrypt", encrypted)]))
    };
    let signed = |encrypted: &str| {
        let signature = sign(auths::keys().token.expose(), "1", "n", encrypted);
        post(format!("msg_signature={signature}&timestamp=1&nonce=n"), encrypted)
    };
    let with_key = |keys: &CallbackKeys| encrypt(&keys.encoding_aes_key, &good.random, &good.message, SUITE);
    let asks = [
        // Signatures.
        good.clone().keys(auths::foreign_keys()).post(),
        post(format!("msg_signature={}&timestamp=1&nonce=n", signature.to_uppercase()), &encrypted),
        post(format!("msg_signature={}&timestamp=1&nonce=n", &signature[1..]), &encrypted),
        post(format!("msg_signature={signature}&timestamp=2&nonce=n"), &encrypted),
        post(format!("msg_signature={signature}&timestamp=1&nonce=m"), &encrypted),
        post(format!("msg_signature={signature}&timestamp=1&nonce=n"), &encrypted[4..]),
        // What is signed and does not decrypt.
        signed("abc="),
        signed("AAAA"),
        signed(&encrypted[..encrypted.len() - 24]),
        signed(&with_key(&auths::foreign_keys())),
        signed(&with_key(&auths::rotated_keys())),
        // Whom it is for.
        Push::new("", good.message.clone()).post(),
        Push::new("dksomebody", good.message.clone()).post(),
        Push::new("dksomebody", xml(&[("MsgType", "event"), ("MsgType", "event")])).post(),
        Push::new(SECOND_SUITE, good.message.clone()).post(),
        Push::new(&format!("{SUITE}x"), good.message.clone()).post(),
        Push::new(&SUITE[..SUITE.len() - 1], good.message.clone()).post(),
        Push::new("ww wrong", good.message.clone()).post(),
        // An inner name that is not that of the receiveid.
        Push::new(SUITE, xml(&[("SuiteId", SECOND_SUITE), ("InfoType", "other")])).post(),
        Push::new(SUITE, xml(&[("SuiteId", ""), ("InfoType", "other")])).post(),
        Push::new(COMPANY_A, xml(&[("ToUserName", "wwother"), ("MsgType", "event"), ("Event", "x")])).post(),
        Push::new("wwother", xml(&[("ToUserName", COMPANY_A), ("MsgType", "event"), ("Event", "x")])).post(),
        // Another suite's door.
        good.clone().path("/Second/notify").post(),
        good.clone().keys(auths::second_keys()).path("/QywxProxyDefault/notify").post(),
    ];
    for (number, ask) in asks.into_iter().enumerate() {
        let reply = world.ours(ask).await;
        assert_eq!(reply.status, 403, "case {number}");
        refused(&reply, 403);
    }
    assert_eq!(records(&world).await, before, "nothing was stored");
    world.end().await;
}

pub(super) async fn unreadable_callbacks(stage: Stage) {
    let world = stage.world(Setup::new()).await;
    let before = world.settled_records().await.len();
    let good = Push::suite_event(SUITE, "other", 1, &[]);
    let (query, encrypted) = (good.query(), good.encrypted());
    let post = |body: String| Ask::post(format!("/notify?{query}")).body(body);
    for body in [
        String::new(),
        "text".to_owned(),
        encrypted.clone(),
        format!("<!DOCTYPE xml>{}", good.envelope()),
        format!("<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>{}", good.envelope()),
        format!("<xml><Encrypt>{}</Encrypt></xml>", encrypted.replace('=', "&#61;") + "&amp;"),
        format!("<xml><Other><Encrypt>{encrypted}</Encrypt></Other></xml>"),
        format!("<xml><Encrypt>{encrypted}</Encrypt><Encrypt>{encrypted}</Encrypt></xml>"),
        format!("<xml><Encrypt>{encrypted}</Encrypt>"),
        format!("[{{\"Encrypt\":\"{encrypted}\"}}]"),
        "{\"Encrypt\":null}".to_owned(),
    ] {
        refused(&world.ours(post(body)).await, 400);
    }
    let [signature, timestamp, nonce] = <[&str; 3]>::try_from(query.split('&').collect::<Vec<_>>()).unwrap();
    for query in [
        format!("{timestamp}&{nonce}"),
        format!("{signature}&{nonce}"),
        format!("{signature}&{timestamp}"),
        format!("{signature}&{timestamp}&nonce="),
        format!("{query}&{nonce}"),
        String::new(),
    ] {
        refused(&world.ours(Ask::post(format!("/notify?{query}")).body(good.envelope())).await, 400);
    }
    assert_eq!(records(&world).await, before);
    world.end().await;
}

pub(super) async fn what_is_accepted(stage: Stage) {
    let world = stage.world(Setup::new()).await;
    let mut number = 0;
    let mut next = || {
        number += 1;
        Push::suite_event(SUITE, "other", number, &[])
    };
    succeeds(&world.push(&next()).await);
    succeeds(&world.push(&next().keys(auths::rotated_keys())).await);
    succeeds(&world.push(&next().path("/Closed/notify")).await);
    succeeds(&world.push(&next().path("/group.CodesOff/notify")).await);
    let second = Push::suite_event(SECOND_SUITE, "other", 1, &[]).keys(auths::second_keys());
    succeeds(&world.push(&second).await);
    succeeds(
        &world
            .push(
                &Push::suite_event(SECOND_SUITE, "other", 2, &[])
                    .keys(auths::second_keys())
                    .path("/Second/notify"),
            )
            .await,
    );
    for envelope in [
        |push: &Push| format!("{{\"ToUserName\":\"x\",\"Encrypt\":\"{}\"}}", push.encrypted()),
        |push: &Push| {
            format!(" {{\"tousername\":\"x\",\"encrypt\":\"{}\",\"agentid\":1}}\n", push.encrypted())
        },
        |push: &Push| {
            format!("<?xml version=\"1.0\"?>\n<xml>\n<Encrypt>\n{}\n</Encrypt>\n</xml>\n", push.encrypted())
        },
        // The outer name is a hint and no more.
        |push: &Push| xml(&[("ToUserName", "wwsomebodyelse"), ("Encrypt", &push.encrypted())]),
    ] {
        let push = next();
        let ask = Ask::post(format!("/notify?{}", push.query())).body(envelope(&push));
        succeeds(&world.ours(ask).await);
    }
    // Old or from the future: there is no window.
    let mut push = next();
    push.timestamp = "1".to_owned();
    succeeds(&world.push(&push).await);
    push = next();
    push.timestamp = "99999999999".to_owned();
    push.nonce = "%2B".to_owned();
    let signature = sign(push.keys.token.expose(), &push.timestamp, "+", &push.encrypted());
    let query = format!("msg_signature={signature}&timestamp={}&nonce=%2B&more=x", push.timestamp);
    succeeds(&world.ours(Ask::post(format!("/notify?{query}")).body(push.envelope())).await);
    assert_eq!(world.records("status=ignored&limit=500").await.len(), 12);
    world.end().await;
}

/// Keeps what the host app is told of.
#[derive(Default)]
struct Told(Arc<Mutex<Vec<OtherEvent>>>);

impl Hooks for Told {
    fn other_event(&self, event: OtherEvent) -> HookFuture<'_> {
        self.0.lock().unwrap().push(event);
        Box::pin(async {})
    }
}

pub(super) async fn what_is_ignored(stage: Stage) {
    let told: Arc<Mutex<Vec<OtherEvent>>> = Arc::default();
    let hooks = Told(Arc::clone(&told));
    let world = stage.world(Setup::new().configure(|builder| builder.hooks(hooks))).await;
    let before = world.settled_records().await.len();
    let event = |fields: &[(&str, &str)]| {
        let mut all = vec![("ToUserName", COMPANY_A)];
        all.extend_from_slice(fields);
        Push::new(COMPANY_A, xml(&all))
    };
    let pushes = [
        (Push::suite_event(SUITE, "share_agent_change", 1, &[]), "share_agent_change"),
        (Push::new(SUITE, xml(&[("SuiteId", SUITE), ("InfoType", "create_auth")])), "create_auth"),
        (Push::new(SUITE, "just text"), ""),
        (Push::new(SUITE, ""), ""),
        (Push::new(SUITE, "<xml><broken"), ""),
        (Push::new(SUITE, "{\"InfoType\":"), ""),
        (event(&[("MsgType", "text"), ("Content", "hello")]), ""),
        (event(&[("MsgType", "event"), ("Event", "enter_agent"), ("FromUserName", "x")]), "enter_agent"),
        (
            event(&[("MsgType", "event"), ("Event", "change_contact"), ("ChangeType", "create_user")]),
            "change_contact",
        ),
        (Push::new(PROVIDER, xml(&[("ToUserName", PROVIDER), ("MsgType", "event"), ("Event", "x")])), "x"),
        // A company that never authorised the app, but names itself.
        (Push::corp_event("wwstranger0000001", "unsubscribe", 1, &[("UserID", "x")]), "unsubscribe"),
        // A company that we do not know, which is found out when the record is worked on.
        (Push::suite_event(SUITE, "cancel_auth", 1, &[("AuthCorpId", "wwstranger0000001")]), "cancel_auth"),
        (Push::suite_event(SUITE, "change_auth", 1, &[("AuthCorpId", "wwstranger0000001")]), "change_auth"),
    ];
    let count = pushes.len();
    for (number, (push, _)) in pushes.iter().enumerate() {
        let reply = world.push(push).await;
        assert_eq!(reply.status, 200, "case {number}");
        succeeds(&reply);
    }
    let records = world.settled_records().await;
    assert_eq!(records.len(), before + count);
    for (record, (_, event)) in records.iter().zip(pushes.iter().rev()) {
        assert_eq!(
            (record["status"].as_str(), record["event"].as_str()),
            (Some("ignored"), Some(*event)),
            "{record}"
        );
    }
    let kept = "SELECT COUNT(*) FROM wecom_callback_record WHERE status = 'ignored' AND payload IS NOT NULL";
    assert_eq!(world.number(kept).await, 0, "ignored records keep nothing of what came");
    until("the host app was told", async || told.lock().unwrap().len() == count).await;
    let told = told.lock().unwrap().clone();
    assert!(told.iter().any(|event| event.message == b"just text" && event.event.is_none()));
    assert!(told.iter().all(|event| event.suite_id.as_str() == SUITE));
    for (push, name) in &pushes[count - 2..] {
        let event = told.iter().find(|event| event.event.as_deref() == Some(*name)).unwrap();
        assert_eq!((event.receive_id.as_str(), &event.message), (SUITE, &push.message));
    }
    world.end().await;
}

pub(super) async fn a_companys_word_is_its_own(stage: Stage) {
    let world = stage.world(Setup::new()).await;
    let open = world.open_corp();
    let person = world.person(COMPANY_A);
    let token = world.token(COMPANY_A, &person).await;
    let seconds = world.now_millis() / 1000;
    let stamp = seconds.to_string();
    let time = ("TimeStamp", stamp.as_str());
    let cancel = [("InfoType", "cancel_auth"), ("SuiteId", SUITE), ("AuthCorpId", COMPANY_A), time];
    let mut named = vec![("ToUserName", open.as_str()), ("MsgType", "event"), ("Event", "unsubscribe")];
    named.extend_from_slice(&cancel);
    let deleted = [
        ("ToUserName", COMPANY_A),
        ("MsgType", "event"),
        ("Event", "change_contact"),
        ("ChangeType", "delete_user"),
        ("UserID", person.as_str()),
    ];
    let mut of_suite = vec![("SuiteId", SUITE)];
    of_suite.extend_from_slice(&deleted);
    let mut twice = deleted.to_vec();
    twice.push(("UserID", "somebody"));
    let nested = format!(
        "<xml><ToUserName>{COMPANY_A}</ToUserName><MsgType>text</MsgType><Content><Event>change_contact</Event>\
         <ChangeType>delete_user</ChangeType><UserID>{person}</UserID></Content></xml>"
    );
    for push in [
        // A company cannot cancel, neither another nor itself: that is the suite's to say.
        Push::new(&open, xml(&named)),
        Push::new(COMPANY_A, xml(&[&[("ToUserName", COMPANY_A)], cancel.as_slice()].concat())),
        // The suite does not speak of a company's people.
        Push::new(SUITE, xml(&of_suite)),
        // A field that comes twice, and one that a member wrote.
        Push::new(COMPANY_A, xml(&twice)),
        Push::new(COMPANY_A, nested),
        // Another company's person of the same userid.
        Push::corp_event(
            &open,
            "change_contact",
            seconds,
            &[("ChangeType", "delete_user"), ("UserID", &person)],
        ),
    ] {
        succeeds(&world.push(&push).await);
    }
    world.settled_records().await;
    assert_eq!(world.hello(&token).await, 200);
    // The real thing, for comparison.
    succeeds(&world.push(&Push::new(COMPANY_A, xml(&deleted))).await);
    until("the session has ended", async || world.hello(&token).await == 401).await;
    world.end().await;
}

pub(super) async fn the_same_event_again(stage: Stage) {
    let world = stage.world(Setup::new()).await;
    let person = world.person(COMPANY_A);
    let event = Push::corp_event(
        COMPANY_A,
        "unsubscribe",
        1_700_000_000,
        // Of the company's own fields only this one matters: FromUserName is whose event it is.
        &[],
    );
    let message = String::from_utf8(event.message.clone()).unwrap().replace("sys", &person);
    let event = Push { message: message.into_bytes(), ..event };
    let first = world.token(COMPANY_A, &person).await;
    succeeds(&world.push(&event).await);
    until("the session has ended", async || world.hello(&first).await == 401).await;
    world.settled_records().await;
    let second = world.token(COMPANY_A, &person).await;
    let before = records(&world).await;
    for nonce in ["a", "b", "c"] {
        // Sealed and signed anew, as a retry may be.
        let again = Push { nonce: nonce.to_owned(), random: [nonce.as_bytes()[0]; 16], ..event.clone() };
        succeeds(&world.push(&again).await);
    }
    until("the repetitions are counted", async || {
        let records = world.settled_records().await;
        records.iter().any(|record| record["event"] == "unsubscribe" && record["duplicates"] == 3)
    })
    .await;
    assert_eq!(records(&world).await, before);
    assert_eq!(world.hello(&second).await, 200, "it is not done twice");
    world.end().await;
}
