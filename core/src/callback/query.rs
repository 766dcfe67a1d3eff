//! What the query of a callback holds.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// The query of a callback. A `+` stays one: base64 has it, and no space (D/96466).
pub(crate) struct CallbackQuery<'a> {
    pub(crate) msg_signature: Cow<'a, str>,
    pub(crate) timestamp: Cow<'a, str>,
    pub(crate) nonce: Cow<'a, str>,
    pub(crate) echostr: Cow<'a, str>,
}

impl<'a> CallbackQuery<'a> {
    /// `None` if a parameter is missing, blank, repeated or not UTF-8.
    pub(crate) fn from_query(query: &'a str, with_echostr: bool) -> Option<Self> {
        let mut found: [Option<Cow<'a, str>>; 4] = [None, None, None, None];
        for pair in query.split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let slot = match name {
                "msg_signature" => &mut found[0],
                "timestamp" => &mut found[1],
                "nonce" => &mut found[2],
                "echostr" => &mut found[3],
                _ => continue,
            };
            if slot.is_some() {
                return None;
            }
            *slot = Some(percent_decode_str(value).decode_utf8().ok()?);
        }
        let [msg_signature, timestamp, nonce, echostr] = found;
        let present = |value: Option<Cow<'a, str>>| value.filter(|value| !value.is_empty());
        Some(Self {
            msg_signature: present(msg_signature)?,
            timestamp: present(timestamp)?,
            nonce: present(nonce)?,
            echostr: if with_echostr {
                present(echostr)?
            } else {
                Cow::Borrowed("")
            },
        })
    }
}
