//! The messages that apps sent, in the form that the template shows.

use crate::store::{Message, Store};

/// A message.
pub(super) struct MessageView<'a> {
    pub(super) corp_name: &'a str,
    pub(super) member_name: &'a str,
    pub(super) msgtype: &'a str,
    /// The text, or the JSON of another type.
    pub(super) content: String,
}

impl<'a> MessageView<'a> {
    pub(super) fn new(store: &'a Store, message: &'a Message) -> Self {
        let corp = store.corp(&message.corp_key);
        let member = corp.and_then(|corp| corp.member_by_key(&message.member_key));
        let content = match message.content.as_str() {
            Some(text) => text.to_owned(),
            None => message.content.to_string(),
        };
        Self {
            corp_name: corp.map_or("", |corp| &corp.name),
            member_name: member.map_or("", |member| &member.name),
            msgtype: &message.msgtype,
            content,
        }
    }
}
