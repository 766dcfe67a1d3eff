//! What a host app calls beside the login: messages, contacts, the JS-SDK, mini programs, licences.

use axum::http::Method;
use serde_json::{Value, json};

use crate::harness::{Harness, send, text};
use crate::mock_app::SUITE;

const AGENT_ID: i64 = 1_000_002;

fn message(touser: &str) -> Value {
    json!({"touser": touser, "msgtype": "text", "agentid": AGENT_ID, "text": {"content": "你好"}})
}

#[tokio::test]
async fn message_reaches_visible_people_and_names_the_others() {
    let harness = Harness::start().await;
    let token = harness.app_token().await;
    let api = format!("message/send?access_token={token}");
    let (seen, hidden) = (harness.user(0), harness.user(4));
    let sent = harness
        .call_with(&api, message(&format!("{seen}|{hidden}|nobody")))
        .await;
    assert_eq!(sent["errcode"], 0, "{sent}");
    assert_eq!(sent["invaliduser"], json!(format!("{hidden}|nobody")));
    assert!(sent["msgid"].is_string(), "{sent}");
    let corp = harness.corp(0);
    let inbox = harness
        .get(&format!("/sandbox/corps/{corp}/members/{seen}/inbox"))
        .await
        .json();
    let first = &inbox["messages"][0];
    assert_eq!(
        (&first["msgtype"], &first["content"], &first["agentId"]),
        (&json!("text"), &json!("你好"), &json!("1000002"))
    );
    assert!(first["at"].is_i64(), "{first}");
    assert_eq!(harness.sandbox.inbox(&corp, &hidden).unwrap().len(), 0);
    let console = harness.get("/sandbox?lang=en").await;
    assert!(console.text.contains("你好"));
    for (body, errcode) in [
        (message("nobody"), 81013),
        (message(""), 82001),
        (
            json!({"touser": seen, "msgtype": "text", "agentid": 1}),
            40056,
        ),
        (json!({"touser": seen, "msgtype": "text"}), 41011),
        (
            json!({"touser": seen, "msgtype": "none", "agentid": AGENT_ID}),
            40008,
        ),
    ] {
        let answer = harness.call_with(&api, body.clone()).await;
        assert_eq!(answer["errcode"], errcode, "{body}");
    }
    let mut long = message(&seen);
    long["text"]["content"] = json!("好".repeat(1_000));
    assert_eq!(harness.call_with(&api, long).await["errcode"], 0);
    let newest = &harness.sandbox.inbox(&corp, &seen).unwrap()[0];
    assert_eq!(newest["content"].as_str().unwrap().len(), 2_046);
}

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
async fn contact_lists_hold_visible_people_of_the_corp() {
    let harness = Harness::start().await;
    let token = harness.app_token().await;
    let ids = [harness.user(0), harness.user(1)];
    let ask = async |api: &str| harness.call(format!("{api}access_token={token}")).await;
    let simple = ask("user/simplelist?department_id=1&").await;
    assert_eq!(
        simple["userlist"][0],
        json!({"userid": ids[0], "name": "张伟", "department": [1]})
    );
    assert_eq!(simple["userlist"].as_array().unwrap().len(), 2);
    let full = ask("user/list?department_id=1&").await;
    assert_eq!(full["userlist"][1]["userid"], json!(ids[1]));
    assert_eq!(full["userlist"][1]["status"], 1);
    assert_eq!(ask("user/list?department_id=2&").await["errcode"], 60003);
    let listed = harness
        .call_with(format!("user/list_id?access_token={token}"), json!({}))
        .await;
    assert_eq!(
        listed["dept_user"][0],
        json!({"userid": ids[0], "department": 1})
    );
    let departments = ask("department/list?").await;
    assert_eq!(departments["department"][0]["id"], 1);
    assert!(departments["department"][0].get("name").is_none());
    let departments = ask("department/simplelist?").await;
    assert_eq!(departments["department_id"][0]["parentid"], 0);
    let agents = ask("agent/list?").await;
    assert_eq!(agents["agentlist"][0]["agentid"], AGENT_ID);
}

#[tokio::test]
async fn js_code_works_once_and_only_for_mini_programs() {
    let harness = Harness::start().await;
    let token = harness.app_token().await;
    let (corp, user) = (harness.corp(0), harness.user(0));
    let path = format!("/sandbox/corps/{corp}/members/{user}/jsCode");
    let code = text(&harness.post(&path, json!({})).await.json(), "jsCode");
    let session = async |code: &str| {
        let grant = "grant_type=authorization_code";
        let api = format!("miniprogram/jscode2session?access_token={token}&js_code={code}&{grant}");
        harness.call(&api).await
    };
    assert_eq!(harness.userinfo(&token, &code).await["errcode"], 40029);
    let answer = session(&code).await;
    assert_eq!(
        (&answer["corpid"], &answer["userid"]),
        (&json!(corp), &json!(user))
    );
    assert!(answer["session_key"].is_string(), "{answer}");
    assert_eq!(session(&code).await["errcode"], 40029);
    let web = harness.sandbox.code(&corp, &user).unwrap();
    assert_eq!(session(&web).await["errcode"], 40029);
}

#[tokio::test]
async fn licences_follow_the_setting() {
    let harness = Harness::start().await;
    harness.authorize().await;
    let provider = harness.provider_token().await;
    let now = harness.get("/sandbox/clock").await.json()["now"]
        .as_i64()
        .unwrap()
        / 1000;
    let ask = async |api: &str, body: Value| {
        let api = format!("license/{api}?provider_access_token={provider}");
        harness.call_with(&api, body).await
    };
    let app = json!({"corpid": harness.corp(0), "suite_id": SUITE});
    let user = json!({"corpid": harness.corp(0), "userid": harness.user(0)});
    for (licence, status) in [(true, 1), (false, 0)] {
        harness
            .sandbox
            .change_settings(json!({"licence": licence}))
            .await
            .unwrap();
        let info = ask("get_app_license_info", app.clone()).await;
        assert_eq!(info["license_status"], 1);
        let end = info["trail_info"]["end_time"].as_i64().unwrap();
        assert_eq!(end > now, licence, "{info}");
        let active = ask("get_active_info_by_user", user.clone()).await;
        assert_eq!(active["active_status"], status, "{active}");
    }
    let other = json!({"corpid": harness.corp(1), "suite_id": SUITE});
    assert_eq!(ask("get_app_license_info", other).await["errcode"], 48004);
}

#[tokio::test]
async fn encrypted_userids_are_converted_back() {
    let harness = Harness::start().await;
    let token = harness.app_token().await;
    let open = harness.user(0);
    let back = harness
        .call_with(
            format!("batch/openuserid_to_userid?access_token={token}"),
            json!({"open_userid_list": [open, "zhangwei"], "source_agentid": AGENT_ID}),
        )
        .await;
    assert_eq!(
        back["userid_list"],
        json!([{"userid": "zhangwei", "open_userid": open}])
    );
    assert_eq!(back["invalid_open_userid_list"], json!(["zhangwei"]));
}

#[tokio::test]
async fn uploaded_file_gets_a_media_id() {
    let harness = Harness::start().await;
    let token = harness.app_token().await;
    let upload = async |kind: &str, body: &str| {
        let base = harness.sandbox.url();
        let url = format!("{base}/cgi-bin/media/upload?access_token={token}&type={kind}");
        let header = [("content-type", "multipart/form-data; boundary=b")];
        send(Method::POST, &url, &header, body.to_owned())
            .await
            .json()
    };
    let form = "--b\r\nContent-Disposition: form-data; name=\"media\"; filename=\"a.txt\"\r\n\r\nhello\r\n--b--\r\n";
    let answer = upload("file", form).await;
    assert!(
        answer["media_id"].is_string() && answer["type"] == "file",
        "{answer}"
    );
    assert_eq!(upload("nonsense", form).await["errcode"], 40005);
    assert_eq!(upload("file", "hello").await["errcode"], 41005);
}
