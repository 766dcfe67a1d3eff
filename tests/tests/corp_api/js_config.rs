//! The signatures of pages, and the tickets that they are made with.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::Value;
use sha1::{Digest as _, Sha1};
use wecom_login::{ErrorKind, JsSignature, ManualClock};
use wecom_login_tests::app::SUITE;
use wecom_login_tests::{TestApp, until};
use wecom_sandbox::Fault;

use super::corp_on;

const PAGE: &str = "https://app.example.com/workbench?x=1&y=企业";

fn is_signed_with(signed: &JsSignature, ticket: &Value, url: &str) -> bool {
    let text = format!(
        "jsapi_ticket={}&noncestr={}&timestamp={}&url={url}",
        ticket["ticket"].as_str().unwrap(),
        signed.nonce_str,
        signed.timestamp
    );
    let digest = Sha1::digest(text);
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    hex == signed.signature
}

#[tokio::test]
async fn pages_are_signed_with_both_tickets() {
    let node = TestApp::builder().start().await;
    let corp_id = node.install(0).await;
    let corp = corp_on(&node.login, &corp_id);
    let signed = corp.js_config(&format!("{PAGE}#part?z=2")).await.unwrap();
    assert_eq!(signed.corp_id.as_str(), corp_id);
    let agent_id = node.sandbox.agent_id(&corp_id).unwrap().to_string();
    assert_eq!(signed.agent_id.to_string(), agent_id);
    // WeCom gives the same ticket until it expires.
    let of_corp: Value = corp.get("get_jsapi_ticket", &()).await.unwrap();
    let of_agent: Value = corp
        .get("ticket/get", &[("type", "agent_config")])
        .await
        .unwrap();
    assert_ne!(of_corp["ticket"], of_agent["ticket"]);
    assert!(is_signed_with(&signed.config, &of_corp, PAGE));
    assert!(is_signed_with(&signed.agent_config, &of_agent, PAGE));
    let now = node.now_millis() / 1000;
    assert!((now - 60..=now + 60).contains(&signed.config.timestamp));
    let again = corp.js_config(PAGE).await.unwrap();
    assert_ne!(again.config.nonce_str, signed.config.nonce_str);
    let wire = serde_json::to_value(&signed).unwrap();
    assert_eq!(wire["config"]["nonceStr"], signed.config.nonce_str);
    assert!(wire["agentId"].is_string() && wire["agentConfig"]["timestamp"].is_i64());
}

#[tokio::test(flavor = "multi_thread")]
async fn three_nodes_and_a_restart_fetch_each_ticket_once() {
    let clock = ManualClock::starting_now();
    let node = TestApp::builder().clock(&clock).start().await;
    let corp_id = node.install(0).await;
    let same_clock = || node.second_handle_with(|builder| builder.clock(clock.clone()));
    let nodes = [node.login.clone(), same_clock().await, same_clock().await];
    let signing = nodes
        .iter()
        .flat_map(|on| (0..40).map(|_| corp_on(on, &corp_id)));
    let signed = join_all(signing.map(|corp| async move { corp.js_config(PAGE).await })).await;
    for signed in signed {
        signed.unwrap();
    }
    let fetched = || {
        let sandbox = &node.sandbox;
        (
            sandbox.calls("get_jsapi_ticket"),
            sandbox.calls("ticket/get"),
        )
    };
    assert_eq!(fetched(), (1, 1));
    let later = same_clock().await;
    corp_on(&later, &corp_id).js_config(PAGE).await.unwrap();
    assert_eq!(fetched(), (1, 1));

    // In the last ten minutes of their two hours they are fetched anew, in the background, by one node.
    clock.advance(Duration::from_secs(7_200 - 500));
    for on in nodes.iter().chain([&later]).cycle().take(40) {
        corp_on(on, &corp_id).js_config(PAGE).await.unwrap();
    }
    until("the tickets are refreshed", async || fetched() == (2, 2)).await;
    let of_corp: Value = corp_on(&later, &corp_id)
        .get("get_jsapi_ticket", &())
        .await
        .unwrap();
    let text = of_corp["ticket"].as_str().unwrap();
    assert!(!node.database.contains(text).await, "the ticket is sealed");
    for on in nodes[1..].iter().chain([&later]) {
        on.shutdown().await;
    }
}

#[tokio::test]
async fn tickets_follow_the_authorization() {
    let clock = ManualClock::starting_now();
    let node = TestApp::builder().clock(&clock).start().await;
    let corp_id = node.install(0).await;
    let corp = corp_on(&node.login, &corp_id);
    corp.js_config(PAGE).await.unwrap();
    let of_corps = "SELECT COUNT(*) FROM wecom_access_token WHERE corp_id IS NOT NULL";
    assert_eq!(node.number(of_corps).await, 3, "a token and two tickets");
    node.sandbox.cancel(&corp_id).await.unwrap();
    until("the data of the corp is gone", async || {
        node.number(of_corps).await == 0
    })
    .await;
    let error = corp.js_config(PAGE).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CorpNotAuthorized);
}

#[tokio::test]
async fn ticket_that_wecom_refuses_is_an_error_with_its_errcode() {
    let node = TestApp::builder().start().await;
    let corp_id = node.install(0).await;
    let corp = corp_on(&node.login, &corp_id);
    for (api, errcode) in [("get_jsapi_ticket", 45009), ("ticket/get", 48002)] {
        node.sandbox
            .fault(Fault::for_api(api).errcode(errcode).times(1))
            .unwrap();
        let error = corp.js_config(PAGE).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.errcode()),
            (ErrorKind::Upstream, Some(errcode))
        );
    }
    // A token that WeCom calls invalid is replaced on the way to the ticket.
    node.sandbox
        .fault(Fault::for_api("ticket/get").errcode(40014).times(1))
        .unwrap();
    corp.js_config(PAGE).await.unwrap();
    assert_eq!(node.authorization_status(SUITE, &corp_id).await, "active");
}
