//! Suite events and app events are not confused, and no text of a member is read as a field.

use wecom_login_tests::app::{PROVIDER, SUITE, principal};
use wecom_login_tests::push::{app_event, suite_event, xml};
use wecom_login_tests::{TestApp, until};

const NOW: i64 = 1_700_000_000;

async fn with_one_session() -> (TestApp, String, String, String) {
    let node = TestApp::builder().provider().start().await;
    let corp = node.install(0).await;
    let user = node.user(0, 0);
    let token = node.issue_session(SUITE, &corp, &user).await;
    assert!(node.is_valid(&token).await);
    (node, corp, user, token)
}

#[tokio::test]
async fn suite_event_with_a_corp_receiveid_does_nothing() {
    let (node, corp, _, token) = with_one_session().await;
    let cancel = suite_event(SUITE, "cancel_auth", NOW, &[("AuthCorpId", &corp)]);
    node.notify_until_accepted(&node.push_builder.post(&corp, &cancel))
        .await;
    // Even if it names its corp as an app event does.
    let both = xml(&[
        ("ToUserName", &corp),
        ("SuiteId", SUITE),
        ("InfoType", "cancel_auth"),
        ("TimeStamp", "1700000000"),
        ("AuthCorpId", &corp),
        ("MsgType", "event"),
        ("Event", "unsubscribe"),
        ("FromUserName", "x"),
    ]);
    node.notify_until_accepted(&node.push_builder.post(&corp, &both))
        .await;
    assert_eq!(
        node.record_statuses("cancel_auth").await,
        ["ignored", "ignored"]
    );
    assert_eq!(node.authorization_status(SUITE, &corp).await, "active");
    assert!(node.is_valid(&token).await);
}

#[tokio::test]
async fn app_event_with_a_suite_receiveid_does_nothing() {
    let (node, corp, user, token) = with_one_session().await;
    let gone = app_event(&corp, "unsubscribe", NOW, &[("FromUserName", &user)]);
    node.notify_until_accepted(&node.push_builder.post(SUITE, &gone))
        .await;
    let left = app_event(
        &corp,
        "change_contact",
        NOW,
        &[("ChangeType", "delete_user"), ("UserID", &user)],
    );
    node.notify_until_accepted(&node.push_builder.post(SUITE, &left))
        .await;
    assert_eq!(node.record_statuses("unsubscribe").await, ["ignored"]);
    assert_eq!(node.record_statuses("change_contact").await, ["ignored"]);
    assert!(node.is_valid(&token).await);
}

#[tokio::test]
async fn event_of_one_corp_cannot_act_on_another() {
    let (node, corp, user, token) = with_one_session().await;
    let other = node.install(1).await;
    let inner = app_event(
        &other,
        "unsubscribe",
        NOW,
        &[("FromUserName", &user), ("AuthCorpId", &corp)],
    );
    node.notify_until_done(&node.push_builder.post(&other, &inner), "unsubscribe")
        .await;
    assert!(
        node.is_valid(&token).await,
        "the same userid in another corp is another member"
    );
    let foreign = app_event(&corp, "unsubscribe", NOW, &[("FromUserName", &user)]);
    let answer = node.notify(&node.push_builder.post(&other, &foreign)).await;
    assert_eq!(
        (answer.status, answer.body.len()),
        (403, 0),
        "receiveid and inner ToUserName differ"
    );
    assert!(node.is_valid(&token).await);
}

#[tokio::test]
async fn nested_or_repeated_field_is_ignored() {
    let (node, corp, user, token) = with_one_session().await;
    let head = format!(
        "<ToUserName>{corp}</ToUserName><CreateTime>{NOW}</CreateTime><MsgType>event</MsgType>"
    );
    let gone = format!("<Event>unsubscribe</Event><FromUserName>{user}</FromUserName>");
    let deep = "<a>".repeat(9) + &"</a>".repeat(9);
    let many = "<a/>".repeat(300);
    let looks_alike = [
        (
            "Event in a member's text",
            format!("<Event>enter_agent</Event><ExtAttr>{gone}</ExtAttr>"),
        ),
        ("Event nested alone", format!("<ExtAttr>{gone}</ExtAttr>")),
        (
            "markup within CDATA",
            format!("<Event>enter_agent</Event><Name><![CDATA[</Name>{gone}]]></Name>"),
        ),
        (
            "another case",
            format!("<event>unsubscribe</event><FromUserName>{user}</FromUserName>"),
        ),
        ("Event twice", format!("{gone}<Event>unsubscribe</Event>")),
        (
            "FromUserName twice",
            format!("<FromUserName>x</FromUserName>{gone}"),
        ),
        (
            "ToUserName twice",
            format!("<ToUserName>{corp}</ToUserName>{gone}"),
        ),
        ("too deep", format!("{gone}{deep}")),
        ("too many elements", format!("{gone}{many}")),
        ("no end", format!("{gone}<a>")),
    ];
    for (number, (what, fields)) in looks_alike.iter().enumerate() {
        node.notify_until_accepted(
            &node
                .push_builder
                .post(&corp, &format!("<xml>{head}{fields}</xml>")),
        )
        .await;
        let records = node.records().await;
        let ignored = records
            .iter()
            .filter(|record| record.status == wecom_login::RecordStatus::Ignored)
            .count();
        assert_eq!(ignored, number + 1, "{what}: {records:?}");
        assert!(node.is_valid(&token).await, "{what}");
    }
    // The same fields in their place do act.
    node.notify_until_done(
        &node
            .push_builder
            .post(&corp, &format!("<xml>{head}{gone}</xml>")),
        "unsubscribe",
    )
    .await;
    until("the session is revoked", async || {
        !node.is_valid(&token).await
    })
    .await;
}

#[tokio::test]
async fn provider_push_and_non_event_are_ignored_without_payload() {
    let (node, corp, _, token) = with_one_session().await;
    let words = "the private words of a member";
    let pushes = [
        (
            PROVIDER,
            app_event(PROVIDER, "kf_msg_or_event", NOW, &[("Token", words)]),
        ),
        (
            PROVIDER,
            suite_event(SUITE, "pay_for_app_success", NOW, &[("Note", words)]),
        ),
        (PROVIDER, "no XML at all".to_owned()),
        (
            SUITE,
            suite_event(SUITE, "change_app_admin", NOW, &[("Note", words)]),
        ),
        (
            SUITE,
            suite_event(SUITE, "unknown_to_us", NOW, &[("Note", words)]),
        ),
        (SUITE, "<xml><broken".to_owned()),
        (SUITE, String::new()),
        (
            &corp,
            xml(&[
                ("ToUserName", &corp),
                ("FromUserName", "x"),
                ("MsgType", "text"),
                ("Content", words),
            ]),
        ),
        (
            &corp,
            app_event(
                &corp,
                "enter_agent",
                NOW,
                &[("FromUserName", "x"), ("Note", words)],
            ),
        ),
        (&corp, "plain text".to_owned()),
        (&corp, "{broken".to_owned()),
        (
            "wwstranger",
            app_event("wwstranger", "enter_agent", NOW, &[("Note", words)]),
        ),
    ];
    let before = node.records().await.len();
    let mut late = 0;
    for (receive_id, message) in &pushes {
        // The hook is not called for an event that was stored too late for its response.
        late += usize::from(
            node.notify_until_accepted(&node.push_builder.post(receive_id, message))
                .await
                > 0,
        );
    }
    let records = node.records().await;
    assert_eq!(records.len() - before, pushes.len());
    let new = &records[..pushes.len()];
    assert!(
        new.iter()
            .all(|record| record.status == wecom_login::RecordStatus::Ignored),
        "{new:?}"
    );
    let kept = node.number(
        "SELECT COUNT(*) FROM wecom_callback_record WHERE status = 'ignored' AND payload IS NOT NULL",
    );
    assert_eq!(kept.await, 0);
    assert!(
        node.number("SELECT COUNT(*) FROM wecom_callback_record WHERE status = 'ignored'")
            .await
            >= 12
    );
    let told = || {
        node.hooks
            .calls()
            .iter()
            .filter(|line| line.starts_with("other: "))
            .count()
    };
    until("the hook was called for all of them", async || {
        told() + late >= pushes.len()
    })
    .await;
    assert!(told() <= pushes.len());
    assert!(
        late > 0
            || node
                .hooks
                .count(&format!("other: {PROVIDER} kf_msg_or_event"))
                == 1
    );
    assert_eq!(node.authorization_status(SUITE, &corp).await, "active");
    assert!(node.is_valid(&token).await);
    assert!(
        !node.database.contains(words).await,
        "the words are in the database"
    );
    assert!(
        node.database.contains(&corp).await,
        "what is there is found"
    );
}

#[tokio::test]
async fn json_envelope_and_json_event_are_accepted() {
    let (node, corp, user, token) = with_one_session().await;
    let event = serde_json::json!({
        "ToUserName": corp, "FromUserName": user, "CreateTime": NOW, "MsgType": "event", "Event": "unsubscribe",
    });
    node.notify_until_done(
        &node.push_builder.json_post(&corp, &event.to_string()),
        "unsubscribe",
    )
    .await;
    until("the session is revoked", async || {
        !node.is_valid(&token).await
    })
    .await;
    // The rules are those of XML.
    let who = principal(SUITE, &corp, &user);
    let token = node
        .issue_session(SUITE, &corp, who.third_user_id.as_str())
        .await;
    let twice = event
        .to_string()
        .replacen('{', "{\"Event\":\"unsubscribe\",", 1);
    let nested = serde_json::json!({"ToUserName": corp, "MsgType": "event", "Event": {"Event": "unsubscribe"}});
    for message in [twice, nested.to_string()] {
        node.notify_until_accepted(&node.push_builder.json_post(&corp, &message))
            .await;
    }
    assert!(node.is_valid(&token).await);
    let foreign = suite_event("dkforeign", "cancel_auth", NOW, &[("AuthCorpId", &corp)]);
    assert_eq!(
        node.notify(&node.push_builder.json_post(SUITE, &foreign))
            .await
            .status,
        403
    );
}
