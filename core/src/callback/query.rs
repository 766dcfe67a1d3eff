//! The query of a callback.

use std::borrow::Cow;

use crate::query::Query;

/// The query of a callback. A `+` stands for itself: base64 has it, and no space (D/96466).
pub(crate) struct CallbackQuery<'a> {
    pub(crate) msg_signature: Cow<'a, str>,
    pub(crate) timestamp: Cow<'a, str>,
    pub(crate) nonce: Cow<'a, str>,
    /// Empty where none is demanded.
    pub(crate) echostr: Cow<'a, str>,
}

impl<'a> CallbackQuery<'a> {
    /// `None` if a parameter is missing, empty, repeated or not UTF-8.
    pub(crate) fn parse(query: &'a str, with_echostr: bool) -> Option<Self> {
        let names = ["msg_signature", "timestamp", "nonce", "echostr"];
        let mut query = Query::parse_percent_encoded(query, &names).ok()?;
        let mut take = |name| query.take(name).filter(|value| !value.is_empty());
        Some(Self {
            msg_signature: take("msg_signature")?,
            timestamp: take("timestamp")?,
            nonce: take("nonce")?,
            echostr: if with_echostr {
                take("echostr")?
            } else {
                Cow::Borrowed("")
            },
        })
    }
}
