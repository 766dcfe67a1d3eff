//! What a host app sends and gets.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use wecom_login::wecom::HttpClient;
use wecom_login::{ErrorKind, Platform, UploadFile};
use wecom_login_tests::app::{SUITE, principal};
use wecom_login_tests::transport::FaultyTransport;
use wecom_login_tests::{TestApp, until};
use wecom_sandbox::Fault;

use super::corp_on;

#[derive(Deserialize)]
struct Member {
    userid: String,
    name: String,
}

#[derive(Serialize)]
struct Message<'a> {
    touser: &'a str,
    msgtype: &'a str,
    agentid: i64,
    text: Value,
}

#[derive(Deserialize)]
struct Sent {
    msgid: String,
}

#[tokio::test]
async fn calls_take_and_return_types_of_the_caller() {
    let node = TestApp::builder().start().await;
    let corp_id = node.install(0).await;
    let user = node.user(0, 0);
    let issued = node
        .login
        .sessions()
        .issue(&principal(SUITE, &corp_id, &user), Platform::App)
        .await
        .unwrap();
    let corp = node.login.corp_of(&issued.user);
    let member: Member = corp.get("user/get", &[("userid", &user)]).await.unwrap();
    assert_eq!(member.userid, user);
    assert!(!member.name.is_empty());
    let departments: Value = corp.get("/cgi-bin/department/list", &()).await.unwrap();
    assert!(departments["department"].is_array(), "{departments}");

    let message = Message {
        touser: &user,
        msgtype: "text",
        agentid: node.sandbox.agent_id(&corp_id).unwrap(),
        text: json!({"content": "你好 & goodbye"}),
    };
    let sent: Sent = corp.post("message/send", &message).await.unwrap();
    assert!(!sent.msgid.is_empty());
    let inbox = node.sandbox.inbox(&corp_id, &user).unwrap();
    assert_eq!(inbox[0]["content"], "你好 & goodbye");
    let again = corp.post_with_query::<Sent>("message/send", &[("debug", 1)], &message);
    again.await.unwrap();
    assert_eq!(node.sandbox.inbox(&corp_id, &user).unwrap().len(), 2);

    let image = UploadFile::new("a b.png", b"\x89PNG\r\n\x1a\n and so on".to_vec())
        .with_parameter("type", "image");
    let uploaded: Value = corp.upload("media/upload", image).await.unwrap();
    assert_eq!(uploaded["type"], "image");
    let token = node.number("SELECT COUNT(*) FROM wecom_access_token").await;
    assert!(token >= 1);
}

#[tokio::test]
async fn invalid_token_is_replaced_and_the_call_made_once_more() {
    let node = TestApp::builder().start().await;
    let corp_id = node.install(0).await;
    let user = node.user(0, 0);
    let corp = corp_on(&node.login, &corp_id);
    let message = json!({
        "touser": user, "msgtype": "text", "agentid": node.sandbox.agent_id(&corp_id).unwrap(),
        "text": {"content": "once"},
    });
    let _: Value = corp.post("message/send", &message).await.unwrap();
    for errcode in [40014, 42001] {
        let before = (calls(&node, "gettoken"), calls(&node, "message/send"));
        fault(
            &node,
            Fault::for_api("message/send").errcode(errcode).times(1),
        );
        let _: Value = corp.post("message/send", &message).await.unwrap();
        let after = (calls(&node, "gettoken"), calls(&node, "message/send"));
        assert_eq!(
            (after.0 - before.0, after.1 - before.1),
            (1, 2),
            "{errcode}"
        );
    }
    assert_eq!(node.sandbox.inbox(&corp_id, &user).unwrap().len(), 3);
    // Never a loop.
    fault(&node, Fault::for_api("message/send").errcode(40014));
    let before = calls(&node, "message/send");
    let error = corp
        .post::<Value>("message/send", &message)
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.errcode()),
        (ErrorKind::Upstream, Some(40014))
    );
    assert_eq!(calls(&node, "message/send"), before + 2);
}

#[tokio::test]
async fn reset_secret_is_used_by_a_node_that_has_not_heard_of_it() {
    let node = TestApp::builder().start().await;
    let corp_id = node.install(0).await;
    let user = node.user(0, 0);
    let other = node.second_handle().await;
    let read = async |on: &wecom_login::WecomLogin| {
        let corp = corp_on(on, &corp_id);
        corp.get::<Value>("user/get", &[("userid", &user)]).await
    };
    read(&other).await.unwrap();
    for _ in 0..3 {
        read(&node.login).await.unwrap();
        let version = "SELECT MAX(secret_version) FROM wecom_authorization";
        let before = node.number(version).await;
        let delivery = node.sandbox.reset_secret(&corp_id).await.unwrap();
        assert!(delivery.succeeded(), "{delivery:?}");
        until("the new secret is stored", async || {
            node.number(version).await > before
        })
        .await;
        // It follows the others every 300 ms, and has the former secret in memory until then.
        read(&other).await.unwrap();
    }
    assert_eq!(node.authorization_status(SUITE, &corp_id).await, "active");
    other.shutdown().await;
}

#[tokio::test]
async fn post_is_repeated_only_if_it_was_not_carried_out() {
    let transport = FaultyTransport::new();
    let node = TestApp::builder()
        .configure(|builder| builder.http_client(transport.client()))
        .start()
        .await;
    let corp_id = node.install(0).await;
    let user = node.user(0, 0);
    let corp = corp_on(&node.login, &corp_id);
    let message = json!({
        "touser": user, "msgtype": "text", "agentid": node.sandbox.agent_id(&corp_id).unwrap(),
        "text": {"content": "hello"},
    });
    let received = || node.sandbox.inbox(&corp_id, &user).unwrap().len();
    for errcode in [-1, 6000] {
        let before = calls(&node, "message/send");
        fault(
            &node,
            Fault::for_api("message/send")
                .errcode(errcode)
                .times(1)
                .after(),
        );
        let error = corp
            .post::<Value>("message/send", &message)
            .await
            .unwrap_err();
        assert_eq!(error.errcode(), Some(errcode));
        assert_eq!(calls(&node, "message/send"), before + 1);
    }
    assert_eq!(received(), 2);
    transport.drop_response("message/send");
    let error = corp
        .post::<Value>("message/send", &message)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UpstreamTimeout);
    assert_eq!(received(), 3);
    fault(
        &node,
        Fault::for_api("message/send").errcode(45033).times(2),
    );
    let _: Value = corp.post("message/send", &message).await.unwrap();
    assert_eq!(received(), 4);

    // What only reads is made again.
    for errcode in [-1, 6000, 45033] {
        fault(&node, Fault::for_api("user/get").errcode(errcode).times(2));
        let _: Value = corp.get("user/get", &[("userid", &user)]).await.unwrap();
    }
    fault(&node, Fault::for_api("user/get").http_status(502).times(2));
    let _: Value = corp.get("user/get", &[("userid", &user)]).await.unwrap();
}

#[tokio::test]
async fn late_answer_is_a_typed_error() {
    let node = TestApp::builder().start().await;
    let corp_id = node.install(0).await;
    let client = HttpClient::with_timeouts(Duration::from_secs(3), Duration::from_millis(300));
    let hasty = node
        .second_handle_with(|builder| builder.http_client(client))
        .await;
    fault(&node, Fault::for_api("agent/get").delay_ms(3_000));
    let error = corp_on(&hasty, &corp_id)
        .get::<Value>("agent/get", &())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UpstreamTimeout, "{error}");
    hasty.shutdown().await;
}

fn calls(node: &TestApp, api: &str) -> u64 {
    node.sandbox.calls(api)
}

fn fault(node: &TestApp, fault: Fault) {
    node.sandbox.fault(fault).unwrap();
}
