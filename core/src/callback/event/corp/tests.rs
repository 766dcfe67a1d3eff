use super::*;

/// A message of `change_contact`'s form (D/96302) with these fields in addition.
fn parse(event: &str, fields: &str) -> Result<CorpEvent, EventError> {
    let message = format!(
        "<xml><ToUserName><![CDATA[ww1]]></ToUserName><FromUserName><![CDATA[sys]]></FromUserName>\
         <CreateTime>1403610513</CreateTime><MsgType><![CDATA[event]]></MsgType>\
         <Event><![CDATA[{event}]]></Event>{fields}</xml>"
    );
    CorpEvent::parse(message.as_bytes(), &CorpId::new("ww1").unwrap())
}

fn parse_raw(message: &str) -> Result<CorpEvent, EventError> {
    CorpEvent::parse(message.as_bytes(), &CorpId::new("ww1").unwrap())
}

fn user(text: &str) -> WecomUserId {
    WecomUserId::new(text).unwrap()
}

#[test]
fn parse_reads_every_event_that_revokes_sessions() {
    let deleted = parse(
        "change_contact",
        "<ChangeType>delete_user</ChangeType><UserID>zhangsan</UserID>",
    )
    .unwrap();
    assert_eq!(deleted.to_user_name, CorpId::new("ww1").unwrap());
    assert_eq!(deleted.event, "change_contact");
    assert_eq!(deleted.create_time, Some(1_403_610_513));
    assert_eq!(deleted.agent_id, None);
    assert_eq!(
        deleted.kind,
        CorpEventKind::UserDeleted {
            third_user_id: user("zhangsan")
        }
    );

    let rename = "<ChangeType>update_user</ChangeType><UserID>a</UserID><NewUserID>b</NewUserID>";
    let renamed = CorpEventKind::UserRenamed {
        third_user_id: user("a"),
        new_third_user_id: user("b"),
    };
    assert_eq!(parse("change_contact", rename).unwrap().kind, renamed);

    let gone = parse("unsubscribe", "<AgentID>1000002</AgentID>").unwrap();
    assert_eq!(gone.agent_id, Some(AgentId::new(1_000_002)));
    assert_eq!(
        gone.kind,
        CorpEventKind::Unsubscribed {
            third_user_id: user("sys")
        }
    );
}

#[test]
fn parse_reads_the_member_without_a_licence_from_the_sender() {
    let unlicensed = parse("unlicensed_notify", "<AgentID>1000002</AgentID>").unwrap();
    assert_eq!(
        unlicensed.kind,
        CorpEventKind::Unlicensed {
            third_user_id: user("sys")
        }
    );
}

#[test]
fn parse_reads_unhandled_events_as_other() {
    let updated = |status| CorpEventKind::UserUpdated {
        third_user_id: user("a"),
        status,
    };
    let other = |change: Option<&str>| CorpEventKind::Other {
        change_type: change.map(str::to_owned),
    };
    for (event, fields, expected) in [
        ("subscribe", "", other(None)),
        (
            "enter_agent",
            "<EventKey></EventKey><AgentID>1</AgentID>",
            other(None),
        ),
        (
            "change_contact",
            "<ChangeType>create_user</ChangeType><UserID>a</UserID>",
            other(Some("create_user")),
        ),
        (
            "change_contact",
            "<ChangeType>update_user</ChangeType><UserID>a</UserID>",
            updated(None),
        ),
        (
            "change_contact",
            "<ChangeType>update_user</ChangeType><UserID>a</UserID><NewUserID>a</NewUserID>",
            updated(None),
        ),
        (
            "change_contact",
            "<ChangeType>update_user</ChangeType><UserID>a</UserID><Status>2</Status>",
            updated(Some(2)),
        ),
        (
            "change_contact",
            "<ChangeType>update_user</ChangeType>",
            other(Some("update_user")),
        ),
        (
            "change_external_contact",
            "<ChangeType>delete_user</ChangeType><UserID>a</UserID>",
            other(Some("delete_user")),
        ),
        ("cancel_auth", "<AuthCorpId>ww1</AuthCorpId>", other(None)),
    ] {
        assert_eq!(
            parse(event, fields).unwrap().kind,
            expected,
            "{event} {fields}"
        );
    }
}

#[test]
fn parse_rejects_what_is_no_event_of_the_corp() {
    use EventErrorReason::{Foreign, Missing, NoEvent, OtherKind, Repeated, Unreadable};
    for (message, expected) in [
        ("", Unreadable),
        ("hello", Unreadable),
        (
            "<xml><ToUserName>ww2</ToUserName><MsgType>event</MsgType><Event>a</Event></xml>",
            Foreign("ToUserName"),
        ),
        (
            "<xml><ToUserName>WW1</ToUserName></xml>",
            Foreign("ToUserName"),
        ),
        (
            "<xml><MsgType>event</MsgType><Event>unsubscribe</Event></xml>",
            Missing("ToUserName"),
        ),
        (
            "<xml><ToUserName>ww1</ToUserName><Event>unsubscribe</Event></xml>",
            Missing("MsgType"),
        ),
        (
            "<xml><ToUserName>ww1</ToUserName><MsgType>event</MsgType></xml>",
            Missing("Event"),
        ),
        (
            "<xml><ToUserName>ww1</ToUserName><MsgType>text</MsgType><Event>unsubscribe</Event></xml>",
            NoEvent,
        ),
        (
            "<xml><InfoType>cancel_auth</InfoType><AuthCorpId>ww1</AuthCorpId></xml>",
            Missing("ToUserName"),
        ),
        (
            "<xml><MsgType>event</MsgType><MsgType>event</MsgType></xml>",
            Missing("ToUserName"),
        ),
        (
            "<xml><ToUserName>ww1</ToUserName><InfoType>a</InfoType><MsgType>event</MsgType><Event>b</Event></xml>",
            OtherKind,
        ),
        (
            "<xml><ToUserName>ww1</ToUserName><ToUserName>ww1</ToUserName></xml>",
            Repeated("ToUserName"),
        ),
        (
            r#"{"ToUserName":"ww1","MsgType":"event","MsgType":"event"}"#,
            Repeated("MsgType"),
        ),
    ] {
        assert_eq!(
            parse_raw(message).unwrap_err().reason,
            expected,
            "{message}"
        );
    }
}

#[test]
fn parse_requires_one_valid_user_id() {
    use EventErrorReason::{IllFormed, Missing, Repeated};
    let deleted = |fields: &str| {
        parse(
            "change_contact",
            &format!("<ChangeType>delete_user</ChangeType>{fields}"),
        )
    };
    let reason = |fields: &str| deleted(fields).unwrap_err().reason;
    assert_eq!(reason(""), Missing("UserID"));
    assert_eq!(
        reason("<UserID>a</UserID><UserID>b</UserID>"),
        Repeated("UserID")
    );
    assert_eq!(reason("<UserID>a<b/></UserID>"), IllFormed("UserID"));
    assert_eq!(
        reason("<UserID><![CDATA[a\u{7}b]]></UserID>"),
        IllFormed("UserID")
    );
    assert_eq!(
        reason(&format!("<UserID>{}</UserID>", "a".repeat(129))),
        IllFormed("UserID")
    );
    assert_eq!(
        deleted("").unwrap_err().event.as_deref(),
        Some("change_contact")
    );
    let kind = deleted("<UserID><![CDATA[wwA/张 & <三>]]></UserID>")
        .unwrap()
        .kind;
    assert_eq!(
        kind,
        CorpEventKind::UserDeleted {
            third_user_id: user("wwA/张 & <三>")
        }
    );
}

#[test]
fn parse_ignores_fields_within_member_text() {
    let forged = "<ChangeType>delete_user</ChangeType><UserID>boss</UserID>";
    for fields in [
        format!("<Name><![CDATA[]]&gt;{forged}]]></Name>"),
        format!(
            "<ExtAttr><Item><Name>a</Name><Type>0</Type><Text><Value>{forged}</Value></Text></Item></ExtAttr>"
        ),
        format!("<ExtAttr>{forged}</ExtAttr>"),
        format!("<Alias><!-- -->{forged}</Alias>"),
    ] {
        let own = format!("<ChangeType>update_user</ChangeType><UserID>a</UserID>{fields}");
        let kind = parse("change_contact", &own).unwrap().kind;
        assert_eq!(
            kind,
            CorpEventKind::UserUpdated {
                third_user_id: user("a"),
                status: None
            },
            "{fields}"
        );
    }
    let text = format!("<Content>{forged}</Content>");
    assert_eq!(
        parse("subscribe", &text).unwrap().kind,
        CorpEventKind::Other { change_type: None }
    );
}

#[test]
fn parse_reads_json() {
    let message = r#"{"ToUserName":"ww1","FromUserName":"a","CreateTime":12,"MsgType":"event",
        "Event":"unsubscribe","AgentID":218}"#;
    let event = parse_raw(message).unwrap();
    assert_eq!(
        event.kind,
        CorpEventKind::Unsubscribed {
            third_user_id: user("a")
        }
    );
    assert_eq!(
        (event.create_time, event.agent_id),
        (Some(12), Some(AgentId::new(218)))
    );
}
