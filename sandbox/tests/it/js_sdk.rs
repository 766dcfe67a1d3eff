//! The tickets of the JS-SDK, and the check of a page's signature.

use axum::http::Method;
use serde_json::{Value, json};
use sha1::{Digest as _, Sha1};

use crate::harness::{Harness, send, text};

#[tokio::test]
async fn js_tickets_are_of_the_corp_and_of_the_app_and_are_kept() {
    let harness = Harness::start().await;
    let token = harness.app_token().await;
    let ask = async |api: &str| harness.call(format!("{api}access_token={token}")).await;
    let corp = ask("get_jsapi_ticket?").await;
    assert_eq!(
        (&corp["errcode"], &corp["expires_in"]),
        (&json!(0), &json!(7200))
    );
    let app = ask("ticket/get?type=agent_config&").await;
    assert_ne!(corp["ticket"], app["ticket"]);
    assert_eq!(ask("get_jsapi_ticket?").await["ticket"], corp["ticket"]);
    assert_eq!(ask("ticket/get?type=other&").await["errcode"], 40035);
    let ticket = text(&corp, "ticket");
    assert_eq!(
        harness.userinfo(&ticket, "x").await["errcode"],
        40014,
        "a ticket is no access token"
    );
}

#[tokio::test]
async fn tickets_are_limited_by_the_hour_with_the_setting() {
    let harness = Harness::start().await;
    let token = harness.app_token().await;
    harness
        .sandbox
        .change_settings(json!({"frequencyLimits": true}))
        .await
        .unwrap();
    for (api, limit) in [
        ("get_jsapi_ticket?", 400),
        ("ticket/get?type=agent_config&", 100),
    ] {
        let ask =
            async || harness.call(format!("{api}access_token={token}")).await["errcode"].clone();
        for number in 0..limit {
            assert_eq!(ask().await, 0, "{api} {number}");
        }
        assert_eq!(ask().await, 45009, "{api}");
    }
}

/// The signature of a page by WeCom's rule (D/90506).
fn signature(ticket: &str, url: &str) -> String {
    let text = format!("jsapi_ticket={ticket}&noncestr=N&timestamp=7&url={url}");
    hex::encode(Sha1::digest(text.as_bytes()))
}

#[tokio::test]
async fn js_signature_is_checked_with_the_ticket_that_was_given_out() {
    let harness = Harness::start().await;
    let token = harness.app_token().await;
    let page = format!("http://{}/workbench?x=1", harness.app.authority);
    let check = async |agent: bool, url: &str, signature: &str| {
        let mut body = json!({
            "corpId": harness.corp(0), "url": url, "timestamp": 7, "nonceStr": "N", "signature": signature,
        });
        if agent {
            body["agentId"] = json!("1000002");
        }
        let answer = harness.post("/sandbox/jsSignature", body).await.json();
        (
            text(&answer, "errMsg"),
            answer["hint"].as_str().unwrap_or_default().to_owned(),
        )
    };
    let (message, hint) = check(false, &page, &signature("guess", &page)).await;
    assert_eq!(message, "config:invalid signature");
    assert!(hint.contains("get_jsapi_ticket"), "{hint}");
    let corp = text(
        &harness
            .call(format!("get_jsapi_ticket?access_token={token}"))
            .await,
        "ticket",
    );
    let api = format!("ticket/get?type=agent_config&access_token={token}");
    let app = text(&harness.call(api).await, "ticket");

    let good = signature(&corp, &page);
    assert_eq!(check(false, &page, &good).await.0, "config:ok");
    assert_eq!(
        check(false, &format!("{page}#part"), &good).await.0,
        "config:ok",
        "the fragment does not count"
    );
    assert_eq!(
        check(true, &page, &signature(&app, &page)).await.0,
        "agentConfig:ok"
    );
    for (agent, url, signature, expected, why) in [
        (
            true,
            page.clone(),
            good.clone(),
            "agentConfig:invalid signature",
            "another ticket",
        ),
        (
            false,
            page.clone(),
            signature(&app, &page),
            "config:invalid signature",
            "another ticket",
        ),
        (
            false,
            format!("{page}&y=2"),
            good.clone(),
            "config:invalid signature",
            "another URL",
        ),
        (
            false,
            format!("{page}#part"),
            signature(&corp, &format!("{page}#part")),
            "config:invalid signature",
            "fragment",
        ),
        (
            false,
            "http://evil.example/".to_owned(),
            signature(&corp, "http://evil.example/"),
            "config:invalid url domain",
            "trusted domain",
        ),
    ] {
        let (message, hint) = check(agent, &url, &signature).await;
        assert_eq!(message, expected, "{url}");
        assert!(hint.contains(why), "{hint}");
    }
    harness
        .post("/sandbox/clock", json!({"advanceMs": 7_200_000}))
        .await;
    assert!(check(false, &page, &good).await.1.contains("expired"));
}

#[tokio::test]
async fn js_signature_refuses_bad_requests_and_other_origins() {
    let harness = Harness::start().await;
    harness.authorize().await;
    let good = json!({
        "corpId": harness.corp(0), "url": "http://a.example/", "timestamp": "7", "nonceStr": "N", "signature": "s",
    });
    for (field, value, status) in [
        ("corpId", json!("nobody"), 404),
        ("agentId", json!(7), 404),
        ("agentId", json!("x"), 400),
        ("timestamp", json!([]), 400),
        ("nonsense", json!(1), 400),
    ] {
        let mut body = good.clone();
        body[field] = value;
        let response = harness.post("/sandbox/jsSignature", body).await;
        assert_eq!(response.status, status, "{field}: {}", response.text);
    }
    let url = format!("{}/sandbox/jsSignature", harness.sandbox.url());
    let ask = async |origin: &str| {
        send(Method::POST, &url, &[("origin", origin)], good.to_string()).await
    };
    let own = format!("http://{}", harness.app.authority);
    let answer = ask(&own).await;
    assert_eq!(
        (answer.status, answer.header("access-control-allow-origin")),
        (200, Some(&*own))
    );
    assert_eq!(ask("http://evil.example").await.status, 403);
    let state = format!("{}/sandbox/state", harness.sandbox.url());
    let answer = send(Method::GET, &state, &[("origin", &own)], String::new()).await;
    assert_eq!(answer.status, 403, "the app's pages may ask nothing else");
}

#[tokio::test]
async fn page_and_bridge_register_wecoms_script() {
    let harness = Harness::start().await;
    let page = harness.get("/sandbox/jssdk?lang=en").await;
    assert!(
        page.text
            .contains("@wecom/jssdk@2.4.4/dist/wecom.global.prod.js\" integrity=\"sha384-")
    );
    let policy = page.header("content-security-policy").unwrap();
    let nonce = policy
        .split("script-src 'nonce-")
        .nth(1)
        .unwrap()
        .split('\'')
        .next()
        .unwrap();
    let scripts = page.text.matches("<script").count();
    assert_eq!(
        page.text
            .matches(&format!("<script nonce=\"{nonce}\""))
            .count(),
        scripts
    );
    let bridge = harness.get("/sandbox/bridge.js").await;
    assert_eq!(
        bridge.header("content-type"),
        Some("text/javascript; charset=utf-8")
    );
    assert!(bridge.text.contains("WeixinJSBridge"));
    let console: Value = harness.get("/sandbox/state").await.json();
    assert!(console["corps"].is_array());
}
