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
    /// Another `change_contact` / `update_user`: what WeCom says of the member changed (D/96302).
    UserUpdated {
        /// The member.
        third_user_id: WecomUserId,
        /// 1 active, 2 disabled, 4 not activated, 5 left; sent if it changed.
        status: Option<i64>,
    },
    /// `unsubscribe`: the app is no longer visible to the member (D/96468).
    Unsubscribed {
        /// The member.
        third_user_id: WecomUserId,
    },
    /// `unlicensed_notify`: the member has no interface license, and WeCom let them not log in (D/97195).
    Unlicensed {
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
        let other = || Self::Other {
            change_type: fields.change_type.name(),
        };
        Ok(match (event, fields.change_type.text()) {
            ("unsubscribe", _) => Self::Unsubscribed {
                third_user_id: fields.from_user_name.required_as("FromUserName")?,
            },
            ("unlicensed_notify", _) => Self::Unlicensed {
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
            ("change_contact", Some("update_user")) => match fields.third_user_id.parse() {
                Some(third_user_id) => Self::UserUpdated {
                    third_user_id,
                    status: fields.status.parse(),
                },
                None => other(),
            },
            _ => other(),
        })
    }
}

#[cfg(test)]
mod tests;
