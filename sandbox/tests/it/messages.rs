//! `message/send`, the inbox and the console.

use serde_json::{Value, json};

use crate::harness::{Harness, text};

const AGENT_ID: i64 = 1_000_002;

fn message(touser: &str) -> Value {
    json!({"touser": touser, "msgtype": "text", "agentid": AGENT_ID, "text": {"content": "你好"}})
}

/// Sends a message of an app, in the form of `msgtype` and its fields.
struct Sender {
    harness: Harness,
    api: String,
}

impl Sender {
    async fn start() -> Self {
        let harness = Harness::start().await;
        let token = harness.app_token().await;
        Self {
            api: format!("message/send?access_token={token}"),
            harness,
        }
    }

    async fn send(&self, msgtype: &str, fields: Value) -> Value {
        let body = json!({
            "touser": self.harness.user(0), "msgtype": msgtype, "agentid": AGENT_ID, msgtype: fields,
        });
        self.harness.call_with(&self.api, body).await
    }

    /// The content of the newest message of the first member.
    fn newest(&self) -> Value {
        let corp = self.harness.corp(0);
        self.harness
            .sandbox
            .inbox(&corp, &self.harness.user(0))
            .unwrap()[0]["content"]
            .clone()
    }
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
async fn every_msgtype_demands_its_fields() {
    let sender = Sender::start().await;
    let article =
        |title: &str| json!({"title": title, "description": "d", "url": "https://a.example/"});
    for (msgtype, fields, expected) in [
        ("text", json!({}), 44004),
        ("text", json!({"content": ""}), 44004),
        ("markdown", json!({"content": "**好**"}), 0),
        ("markdown", json!({}), 44004),
        ("textcard", article("t"), 0),
        ("textcard", article(""), 41016),
        (
            "textcard",
            json!({"title": "t", "url": "https://a.example/"}),
            41033,
        ),
        ("textcard", json!({"title": "t", "description": "d"}), 41010),
        (
            "textcard",
            json!({"title": "t", "description": "d", "url": format!("https://a.example/{}", "x".repeat(2_048))}),
            40039,
        ),
        ("news", json!({"articles": [article("t")]}), 0),
        ("news", json!({"articles": []}), 45008),
        ("news", json!({"articles": vec![article("t"); 9]}), 45008),
        ("news", json!({"articles": [{"title": "t"}]}), 41010),
        (
            "news",
            json!({"articles": [{"title": "t", "appid": "wx1", "pagepath": "p"}]}),
            0,
        ),
        (
            "mpnews",
            json!({"articles": [{"title": "t", "content": "c"}]}),
            41006,
        ),
        ("image", json!({}), 41006),
        ("image", json!({"media_id": "nonsense"}), 40007),
        (
            "miniprogram_notice",
            json!({"appid": "wx1", "title": "title"}),
            0,
        ),
        ("miniprogram_notice", json!({"title": "title"}), 40035),
        ("template_card", json!({"card_type": "text_notice"}), 0),
        ("template_card", json!({"card_type": "none"}), 40058),
        ("none", json!({"content": "x"}), 40008),
        ("text", json!("x"), 44004),
    ] {
        let answer = sender.send(msgtype, fields.clone()).await;
        assert_eq!(answer["errcode"], expected, "{msgtype} {fields}: {answer}");
    }
    let card = sender
        .send("template_card", json!({"card_type": "button_interaction"}))
        .await;
    text(&card, "response_code");
    sender.send("textcard", article(&"好".repeat(200))).await;
    assert_eq!(sender.newest()["title"], "好".repeat(128));
    let console = sender.harness.get("/sandbox?lang=en").await.text;
    assert!(
        console.contains("<a href=\"https://a.example/\" target=\"_blank\" rel=\"noreferrer\">")
    );
}

#[tokio::test]
async fn parties_and_all_reach_everybody_who_may_be_reached() {
    let sender = Sender::start().await;
    let harness = &sender.harness;
    let corp = harness.corp(0);
    let ids: Vec<String> = (0..5).map(|index| harness.user(index)).collect();
    let count = || {
        let inboxes = ids
            .iter()
            .map(|id| harness.sandbox.inbox(&corp, id).unwrap().len());
        inboxes.collect::<Vec<_>>()
    };
    let body = |recipients: Value| {
        let mut body = message("");
        body.as_object_mut().unwrap().remove("touser");
        body.as_object_mut()
            .unwrap()
            .extend(recipients.as_object().unwrap().clone());
        body
    };
    let ask = async |recipients: Value| harness.call_with(&sender.api, body(recipients)).await;
    // The last three are of a linked corp, no member, and invisible.
    let answer = ask(json!({"toparty": "1|7", "totag": "2", "touser": ids[0]})).await;
    assert_eq!(
        (&answer["invalidparty"], &answer["invalidtag"]),
        (&json!("7"), &json!("2")),
        "{answer}"
    );
    assert_eq!(count(), [1, 1, 0, 0, 0]);
    assert_eq!(
        ask(json!({"touser": "@all", "toparty": "7"})).await["errcode"],
        0
    );
    assert_eq!(count(), [2, 2, 1, 0, 0]);
    harness
        .sandbox
        .disable_member(&corp, &ids[1])
        .await
        .unwrap();
    assert_eq!(ask(json!({"touser": ids[1]})).await["errcode"], 81013);
    for (recipients, expected) in [
        (json!({"totag": "2"}), 81013),
        (json!({}), 82001),
        (json!({"touser": ["x"]}), 40035),
        (json!({"touser": vec!["x"; 1_001].join("|")}), 40032),
        (json!({"toparty": vec!["1"; 101].join("|")}), 82002),
        (json!({"totag": vec!["1"; 101].join("|")}), 82003),
    ] {
        assert_eq!(
            ask(recipients.clone()).await["errcode"],
            expected,
            "{recipients}"
        );
    }
}

#[tokio::test]
async fn unlicensed_people_are_named_and_get_nothing() {
    let sender = Sender::start().await;
    sender
        .harness
        .sandbox
        .change_settings(json!({"licence": false}))
        .await
        .unwrap();
    let answer = sender.send("text", json!({"content": "x"})).await;
    assert_eq!(answer["errcode"], 81013, "{answer}");
    let corp = sender.harness.corp(0);
    assert_eq!(
        sender
            .harness
            .sandbox
            .inbox(&corp, &sender.harness.user(0))
            .unwrap()
            .len(),
        0
    );
}

#[tokio::test]
async fn duplicates_and_floods_are_dropped_only_where_asked() {
    let sender = Sender::start().await;
    let harness = &sender.harness;
    let corp = harness.corp(0);
    let user = harness.user(0);
    let count = || harness.sandbox.inbox(&corp, &user).unwrap().len();
    let mut once = message(&user);
    once["enable_duplicate_check"] = json!(1);
    once["duplicate_check_interval"] = json!(60);
    for expected in [1, 1] {
        assert_eq!(
            harness.call_with(&sender.api, once.clone()).await["errcode"],
            0
        );
        assert_eq!(count(), expected);
    }
    harness
        .post("/sandbox/clock", json!({"advanceMs": 60_000}))
        .await;
    harness.call_with(&sender.api, once).await;
    assert_eq!(count(), 2, "a minute later it is new");
    for number in 0..35 {
        sender
            .send("text", json!({"content": number.to_string()}))
            .await;
    }
    assert_eq!(count(), 37, "no limits without the setting");
    harness
        .post("/sandbox/clock", json!({"advanceMs": 60_000}))
        .await;
    harness
        .sandbox
        .change_settings(json!({"frequencyLimits": true}))
        .await
        .unwrap();
    for number in 0..35 {
        let answer = sender
            .send("text", json!({"content": number.to_string()}))
            .await;
        assert_eq!(answer["errcode"], 0, "WeCom does not say that it drops");
    }
    assert_eq!(count(), 67, "30 a minute reach a person");
}
