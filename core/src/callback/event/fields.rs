//! The fields of events, each at most once.

use std::borrow::Cow;

use crate::callback::event::error::{EventError, EventErrorReason};
use crate::callback::fields::{FieldText, each_field};
use crate::domain::CorpId;

const MAX_NAME_CHARS: usize = 64;

/// WeCom's InfoType or Event of a decrypted message, for the record of a message that must not be acted on, such as
/// those for the provider's own corpId (D/97196). A name of more than 64 characters is ignored.
#[must_use]
pub fn event_name(message: &[u8]) -> Option<String> {
    Fields::read(message).0.event_name()
}

/// The corp that a decrypted message of an app names: its ToUserName. Under a corp's own receiveid it has to be that corp;
/// under the provider's it says which corp is meant.
#[must_use]
pub fn to_user_name(message: &[u8]) -> Option<CorpId> {
    Fields::read(message).0.to_user_name.parse()
}

/// One field: absent, nested, or its text.
#[derive(Default)]
pub(super) enum Field<'a> {
    #[default]
    Absent,
    Nested,
    Text(Cow<'a, str>),
}

impl<'a> Field<'a> {
    pub(super) const fn is_present(&self) -> bool {
        !matches!(self, Self::Absent)
    }

    /// Whether a message names another suite or corp here than its receiveid does.
    pub(super) fn contradicts(&self, receive_id: &str) -> bool {
        self.is_present() && self.text() != Some(receive_id)
    }

    /// The text, unless the field is absent, nested or empty.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) if !text.is_empty() => Some(text),
            _ => None,
        }
    }

    /// The text as a `String`.
    pub(super) fn owned(&self) -> Option<String> {
        self.text().map(str::to_owned)
    }

    /// The parsed text, or `None`: for fields that no decision depends on.
    pub(super) fn parse<T: std::str::FromStr>(&self) -> Option<T> {
        self.text()?.parse().ok()
    }

    /// The name of an event or of a change, short enough for a record.
    pub(super) fn name(&self) -> Option<String> {
        self.text()
            .filter(|name| {
                name.chars()
                    .enumerate()
                    .all(|(place, char)| place < MAX_NAME_CHARS && !char.is_control())
            })
            .map(str::to_owned)
    }

    /// The text of a required field.
    pub(super) fn required(&self, name: &'static str) -> Result<&str, EventErrorReason> {
        match self {
            Self::Text(text) if !text.is_empty() => Ok(text),
            Self::Nested => Err(EventErrorReason::IllFormed(name)),
            _ => Err(EventErrorReason::Missing(name)),
        }
    }

    /// The parsed text of a required field.
    pub(super) fn required_as<T: std::str::FromStr>(
        &self,
        name: &'static str,
    ) -> Result<T, EventErrorReason> {
        self.required(name)?
            .parse()
            .map_err(|_| EventErrorReason::IllFormed(name))
    }

    fn set(&mut self, text: FieldText<'a>) -> bool {
        let first = !self.is_present();
        if first {
            *self = text.map_or(Self::Nested, Self::Text);
        }
        first
    }
}

macro_rules! fields {
    ($($field:ident = $name:literal,)*) => {
        /// All fields that either kind of event reads. A message that repeats one of them is invalid.
        #[derive(Default)]
        pub(super) struct Fields<'a> {
            $(pub(super) $field: Field<'a>,)*
        }

        impl<'a> Fields<'a> {
            /// Sets a field. Returns its name if it was set before.
            fn set(&mut self, name: &str, text: FieldText<'a>) -> Option<&'static str> {
                match name {
                    $($name => (!self.$field.set(text)).then_some($name),)*
                    _ => None,
                }
            }
        }
    };
}

fields! {
    suite_id = "SuiteId",
    info_type = "InfoType",
    time_stamp = "TimeStamp",
    suite_ticket = "SuiteTicket",
    auth_code = "AuthCode",
    auth_corp_id = "AuthCorpId",
    state = "State",
    to_user_name = "ToUserName",
    from_user_name = "FromUserName",
    create_time = "CreateTime",
    msg_type = "MsgType",
    event = "Event",
    agent_id = "AgentID",
    change_type = "ChangeType",
    third_user_id = "UserID",
    new_third_user_id = "NewUserID",
    status = "Status",
}

impl<'a> Fields<'a> {
    /// Reads the fields of a message up to the first error, and returns that error.
    pub(super) fn read(message: &'a [u8]) -> (Self, Result<(), EventErrorReason>) {
        let mut fields = Self::default();
        let Ok(text) = std::str::from_utf8(message) else {
            return (fields, Err(EventErrorReason::Unreadable));
        };
        let mut repeated = None;
        let read = each_field(text, |name, text| {
            let again = fields.set(name, text);
            repeated = repeated.or(again);
        });
        let state = match (read, repeated) {
            (Err(_), _) => Err(EventErrorReason::Unreadable),
            (Ok(()), Some(name)) => Err(EventErrorReason::Repeated(name)),
            (Ok(()), None) => Ok(()),
        };
        (fields, state)
    }

    /// InfoType, else Event.
    pub(super) fn event_name(&self) -> Option<String> {
        self.info_type.name().or_else(|| self.event.name())
    }

    pub(super) fn error(&self, reason: EventErrorReason) -> EventError {
        EventError::new(reason, self.event_name())
    }
}
