//! The fields that events are made of, each taken at most once.

use std::borrow::Cow;

use crate::callback::event::error::{EventError, EventErrorReason};
use crate::callback::fields::{FieldText, each_field};

const MAX_NAME: usize = 64;

/// WeCom's InfoType or Event of a decrypted message, for the record of one that nothing may follow from, such as
/// those for the provider's own corpId (D/97196). A name of over 64 characters is none.
#[must_use]
pub fn event_name(message: &[u8]) -> Option<String> {
    Fields::read(message).0.event_name()
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
    pub(super) const fn is_there(&self) -> bool {
        !matches!(self, Self::Absent)
    }

    /// The text, unless the field is absent, nested or empty.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) if !text.is_empty() => Some(text),
            _ => None,
        }
    }

    /// The text as an owned one.
    pub(super) fn owned(&self) -> Option<String> {
        self.text().map(str::to_owned)
    }

    /// What the text means, or `None` if it means nothing: for fields that no decision needs.
    pub(super) fn parse<T: std::str::FromStr>(&self) -> Option<T> {
        self.text()?.parse().ok()
    }

    /// The name of an event or of a change, fit for a record.
    pub(super) fn name(&self) -> Option<String> {
        self.text()
            .filter(|name| {
                name.chars()
                    .enumerate()
                    .all(|(place, char)| place < MAX_NAME && !char.is_control())
            })
            .map(str::to_owned)
    }

    /// The text of a field that has to be there.
    pub(super) fn required(&self, name: &'static str) -> Result<&str, EventErrorReason> {
        match self {
            Self::Text(text) if !text.is_empty() => Ok(text),
            Self::Nested => Err(EventErrorReason::IllFormed(name)),
            _ => Err(EventErrorReason::Missing(name)),
        }
    }

    /// What a field that has to be there means.
    pub(super) fn required_as<T: std::str::FromStr>(
        &self,
        name: &'static str,
    ) -> Result<T, EventErrorReason> {
        self.required(name)?
            .parse()
            .map_err(|_| EventErrorReason::IllFormed(name))
    }

    fn take(&mut self, text: FieldText<'a>) -> bool {
        let first = !self.is_there();
        if first {
            *self = text.map_or(Self::Nested, Self::Text);
        }
        first
    }
}

macro_rules! fields {
    ($($field:ident = $name:literal,)*) => {
        /// All fields that either kind of event reads; a repetition of any of them spoils the message.
        #[derive(Default)]
        pub(super) struct Fields<'a> {
            $(pub(super) $field: Field<'a>,)*
        }

        impl<'a> Fields<'a> {
            /// Takes one in; the answer is its name if it was there before.
            fn take(&mut self, name: &str, text: FieldText<'a>) -> Option<&'static str> {
                match name {
                    $($name => (!self.$field.take(text)).then_some($name),)*
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
}

impl<'a> Fields<'a> {
    /// Reads as far as the message is readable, and says what is wrong with it, if anything is.
    pub(super) fn read(message: &'a [u8]) -> (Self, Result<(), EventErrorReason>) {
        let mut fields = Self::default();
        let Ok(text) = std::str::from_utf8(message) else {
            return (fields, Err(EventErrorReason::Unreadable));
        };
        let mut repeated = None;
        let read = each_field(text, |name, text| {
            let again = fields.take(name, text);
            repeated = repeated.or(again);
        });
        let state = match (read, repeated) {
            (Err(_), _) => Err(EventErrorReason::Unreadable),
            (Ok(()), Some(name)) => Err(EventErrorReason::Repeated(name)),
            (Ok(()), None) => Ok(()),
        };
        (fields, state)
    }

    /// InfoType, or else Event.
    pub(super) fn event_name(&self) -> Option<String> {
        self.info_type.name().or_else(|| self.event.name())
    }

    pub(super) fn error(&self, reason: EventErrorReason) -> EventError {
        EventError::new(reason, self.event_name())
    }
}
