//! `media/upload`, `media/get`, and the media_id in messages.

use axum::http::Method;
use serde_json::{Value, json};

use crate::harness::{Harness, send, text};

const PNG: &str = "--b\r\nContent-Disposition: form-data; name=\"media\"; filename=\"图.png\"\r\n\
    Content-Type: application/octet-stream\r\n\r\n{}\r\n--b--\r\n";

async fn upload(harness: &Harness, token: &str, kind: &str, body: String) -> Value {
    let base = harness.sandbox.url();
    let url = format!("{base}/cgi-bin/media/upload?access_token={token}&type={kind}");
    let header = [("content-type", "multipart/form-data; boundary=b")];
    send(Method::POST, &url, &header, body).await.json()
}

fn form(content: &str) -> String {
    PNG.replace("{}", content)
}

#[tokio::test]
async fn uploaded_file_gets_a_media_id() {
    let harness = Harness::start().await;
    let token = harness.app_token().await;
    let upload = async |kind: &str, body: String| upload(&harness, &token, kind, body).await;
    let answer = upload("file", form("hello, world")).await;
    assert!(
        answer["media_id"].is_string() && answer["type"] == "file",
        "{answer}"
    );
    for (kind, body, expected) in [
        ("nonsense", form("hello, world"), 40005),
        ("file", "hello, world".to_owned(), 41005),
        (
            "file",
            form("hello, world").replace("; filename=\"图.png\"", ""),
            41005,
        ),
        ("file", form(""), 44001),
        ("file", form("five."), 40006),
        ("voice", form(&"x".repeat(2 * 1024 * 1024 + 1)), 45001),
        ("file", form(&"x".repeat(20 * 1024 * 1024 + 1)), 45001),
        ("file", form(&"x".repeat(20 * 1024 * 1024)), 0),
        ("image", form("GIF89a..."), 40004),
        ("voice", form("#!AMR\n..."), 0),
        ("video", form("0000ftypmp42"), 0),
    ] {
        assert_eq!(upload(kind, body).await["errcode"], expected, "{kind}");
    }
}

#[tokio::test]
async fn media_id_is_good_in_messages_of_the_corp_for_three_days() {
    let harness = Harness::start().await;
    let token = harness.app_token().await;
    let media_id = text(
        &upload(&harness, &token, "file", form("hello, world")).await,
        "media_id",
    );
    let send = async |msgtype: &str, media_id: &str| {
        // The access token lives for two hours only.
        let secret = harness
            .sandbox
            .permanent_code(&harness.corp(0), crate::mock_app::SUITE)
            .unwrap();
        let token = text(&harness.gettoken(&secret).await, "access_token");
        let body = json!({
            "touser": harness.user(0), "msgtype": msgtype, "agentid": 1_000_002, msgtype: {"media_id": media_id},
        });
        harness
            .call_with(format!("message/send?access_token={token}"), body)
            .await["errcode"]
            .clone()
    };
    assert_eq!(send("file", &media_id).await, 0);
    let inbox = harness
        .sandbox
        .inbox(&harness.corp(0), &harness.user(0))
        .unwrap();
    assert_eq!(inbox[0]["content"], json!({"media_id": media_id}));
    assert_eq!(send("image", &media_id).await, 40007, "it is no image");
    let day = 86_400_000;
    for (advance, expected) in [(3 * day - 60_000, 0), (60_000, 40007)] {
        harness
            .post("/sandbox/clock", json!({"advanceMs": advance}))
            .await;
        assert_eq!(send("file", &media_id).await, expected);
    }
}

#[tokio::test]
async fn uploaded_file_is_downloaded_by_apps_of_the_corp() {
    let harness = Harness::start().await;
    let token = harness.app_token().await;
    let media_id = text(
        &upload(&harness, &token, "file", form("hello, world")).await,
        "media_id",
    );
    let get = async |query: String| harness.get(&format!("/cgi-bin/media/get?{query}")).await;
    let file = get(format!("access_token={token}&media_id={media_id}")).await;
    assert_eq!(file.text, "hello, world");
    for (name, value) in [
        ("content-type", "application/octet-stream"),
        (
            "content-disposition",
            "attachment; filename=\"%E5%9B%BE.png\"; filename*=UTF-8''%E5%9B%BE.png",
        ),
        ("error-code", "0"),
    ] {
        assert_eq!(file.header(name), Some(value));
    }
    let refused = [
        (format!("media_id={media_id}"), 41001),
        (format!("access_token={token}"), 41006),
        (format!("access_token={token}&media_id=nothing"), 40007),
    ];
    for (query, expected) in refused {
        assert_eq!(get(query).await.json()["errcode"], expected);
    }
    let posted = harness
        .call_with(
            format!("media/get?access_token={token}&media_id={media_id}"),
            json!({}),
        )
        .await;
    assert_eq!(posted["errcode"], 43001);
    harness
        .post("/sandbox/clock", json!({"advanceMs": 3 * 86_400_000}))
        .await;
    let secret = harness
        .sandbox
        .permanent_code(&harness.corp(0), crate::mock_app::SUITE)
        .unwrap();
    let token = text(&harness.gettoken(&secret).await, "access_token");
    let expired = get(format!("access_token={token}&media_id={media_id}")).await;
    assert_eq!(expired.json()["errcode"], 40007);
}
