//! Events of a corp's app: `MsgType=event` messages under the corpId (D/96302, D/96468).

use crate::callback::event::error::{EventError, EventErrorReason};
use crate::callback::event::fields::Fields;
use crate::domain::{AgentId, CorpId, WecomUserId};

/// An event of a corp's app.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CorpEvent {
    /// The corp: inner `ToUserName`, equal to the receiveid.
    pub to_user_name: CorpId,
    /// WeCom's Event: 1 to 64 characters.
    pub event: String,
    /// `CreateTime` in seconds, if it is a number.
    pub create_time: Option<i64>,
    /// The app, if it is a number.
    pub agent_id: Option<AgentId>,
    /// What happened.
    pub kind: CorpEventKind,
}

/// What happened in a corp.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CorpEventKind {
    /// `change_contact` / `delete_user`: the member left the corp (D/96302).
    UserDeleted {
        /// The member.
        third_user_id: WecomUserId,
    },
    /// `change_contact` / `update_user` with another `NewUserID`: the member got another userid (D/96302).
    UserRenamed {
        /// The old userid.
        third_user_id: WecomUserId,
        /// The new userid.
        new_third_user_id: WecomUserId,
    },
    /// `unsubscribe`: the app is no longer visible to the member (D/96468).
    Unsubscribed {
        /// The member.
        third_user_id: WecomUserId,
    },
    /// Another Event or ChangeType.
    Other {
        /// `ChangeType`, which divides `change_contact`; at most 64 characters.
        change_type: Option<String>,
    },
}

impl CorpEvent {
    /// Parses a message whose receiveid is `corp_id`.
    ///
    /// # Errors
    /// The message must not be acted on. It is foreign if `ToUserName` is another corp.
    pub fn parse(message: &[u8], corp_id: &CorpId) -> Result<Self, EventError> {
        let (fields, state) = Fields::read(message);
        if fields.to_user_name.contradicts(corp_id.as_str()) {
            return Err(fields.error(EventErrorReason::Foreign("ToUserName")));
        }
        // ToUserName is checked before other errors: without it the message does not prove its receiveid.
        let state = match state {
            Err(EventErrorReason::Unreadable) => state,
            _ => fields.to_user_name.required("ToUserName").and(state),
        };
        state
            .and_then(|()| Self::from_fields(&fields, corp_id))
            .map_err(|reason| fields.error(reason))
    }

    fn from_fields(fields: &Fields<'_>, corp_id: &CorpId) -> Result<Self, EventErrorReason> {
        if fields.info_type.is_present() {
            return Err(EventErrorReason::OtherKind);
        }
        if fields.msg_type.required("MsgType")? != "event" {
            return Err(EventErrorReason::NoEvent);
        }
        fields.event.required("Event")?;
        let event = fields
            .event
            .name()
            .ok_or(EventErrorReason::IllFormed("Event"))?;
        let kind = CorpEventKind::from_fields(fields, &event)?;
        Ok(Self {
            to_user_name: corp_id.clone(),
            event,
            create_time: fields.create_time.parse(),
            agent_id: fields.agent_id.parse(),
            kind,
        })
    }
}

impl CorpEventKind {
    fn from_fields(fields: &Fields<'_>, event: &str) -> Result<Self, EventErrorReason> {
        let third_user_id = || fields.third_user_id.required_as("UserID");
        // WeCom sends NewUserID only if it changed. An empty or an equal one is no rename.
        let renamed = fields
            .new_third_user_id
            .text()
            .is_some_and(|new| fields.third_user_id.text() != Some(new));
        Ok(match (event, fields.change_type.text()) {
            ("unsubscribe", _) => Self::Unsubscribed {
                third_user_id: fields.from_user_name.required_as("FromUserName")?,
            },
            ("change_contact", Some("delete_user")) => Self::UserDeleted {
                third_user_id: third_user_id()?,
            },
            ("change_contact", Some("update_user")) if renamed => {
                let (third_user_id, new_third_user_id) = (
                    third_user_id()?,
                    fields.new_third_user_id.required_as("NewUserID")?,
                );
                Self::UserRenamed {
                    third_user_id,
                    new_third_user_id,
                }
            }
            _ => Self::Other {
                change_type: fields.change_type.name(),
            },
        })
    }
}

#[cfg(test)]
mod tests {
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

        let rename =
            "<ChangeType>update_user</ChangeType><UserID>a</UserID><NewUserID>b</NewUserID>";
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
    fn parse_reads_unhandled_events_as_other() {
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
                other(Some("update_user")),
            ),
            (
                "change_contact",
                "<ChangeType>update_user</ChangeType><UserID>a</UserID><NewUserID>a</NewUserID>",
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
                CorpEventKind::Other {
                    change_type: Some("update_user".to_owned())
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
}
