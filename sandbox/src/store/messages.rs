//! The messages that apps sent to people.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Store;

/// Older messages are forgotten.
const MAX_MESSAGES: usize = 1_000;

/// The messages of one app to one person beyond which WeCom delivers no more (D/90236): in a minute.
const MAX_MESSAGES_PER_MINUTE: usize = 30;
const MINUTE_MS: i64 = 60_000;

/// A message in the inbox of a member.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Message {
    pub(crate) corp_key: String,
    pub(crate) member_key: String,
    pub(crate) msgtype: String,
    /// The text, or the JSON of another type.
    pub(crate) content: Value,
    pub(crate) agent_id: i64,
    /// Milliseconds by the sandbox's clock.
    pub(crate) at: i64,
}

impl Message {
    /// Whether both are of one app to one person.
    fn has_same_ends(&self, other: &Self) -> bool {
        self.corp_key == other.corp_key
            && self.member_key == other.member_key
            && self.agent_id == other.agent_id
    }
}

impl Store {
    /// Whether the app has sent the person so many messages that WeCom would not deliver this one.
    pub(crate) fn exceeds_message_limits(&self, message: &Message) -> bool {
        let since = message.at - MINUTE_MS;
        let recent = self.messages.iter().rev().filter(|other| other.at > since);
        recent.filter(|other| other.has_same_ends(message)).count() >= MAX_MESSAGES_PER_MINUTE
    }

    /// Whether the app has sent the person the same message after `since`.
    pub(crate) fn has_message(&self, message: &Message, since: i64) -> bool {
        self.messages.iter().any(|other| {
            other.at > since
                && other.has_same_ends(message)
                && other.msgtype == message.msgtype
                && other.content == message.content
        })
    }

    pub(crate) fn add_message(&mut self, message: Message) {
        self.messages.push_back(message);
        while self.messages.len() > MAX_MESSAGES {
            self.messages.pop_front();
        }
        self.dirty = true;
    }

    /// The messages of a member, newest first.
    pub(crate) fn inbox<'a>(
        &'a self,
        corp_key: &'a str,
        member_key: &'a str,
    ) -> impl Iterator<Item = &'a Message> {
        self.messages
            .iter()
            .rev()
            .filter(move |message| message.corp_key == corp_key && message.member_key == member_key)
    }
}
