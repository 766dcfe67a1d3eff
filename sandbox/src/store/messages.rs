//! The messages that apps sent to people.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Store;

/// Older messages are forgotten.
const MAX_MESSAGES: usize = 1_000;

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

impl Store {
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
