//! A corp as an operator sees it: its authorization, what is wrong with it, and how many people use it.

use serde::Serialize;

use crate::authorization::CorpSummary;
use crate::authorization::rows::NEVER_DUE;
use crate::clock::Timestamp;
use crate::db::entity::authorization::Model;
use crate::domain::{AuthorizationStatus, CorpId, WecomUserId};
use crate::wecom::Errcode;

const SWITCHED_OFF: &str =
    "the corp has switched the app off: an administrator of the corp has to enable it";
const END_HELD: &str = "WeCom says that the corp has ended, and more corps ended within an hour than may without a \
                        cancel_auth: confirm the end (AdminService::confirm_corp_end), or wait until WeCom contradicts it";
const HELD: &str = "decide about the corp: approve or deny";
const AGENT_UNKNOWN: &str = "WeCom has not named the corp's app yet; read the authorization again";

/// Everything about one corp.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CorpDetails {
    /// As in the list of corps.
    #[serde(flatten)]
    pub corp: CorpSummary,
    /// The other ids that the corp is known by.
    pub aliases: Vec<CorpId>,
    /// Since when it is as it is: broken, switched off, or waiting for an administrator; else authorized.
    pub since: Timestamp,
    /// What can be done about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<&'static str>,
    /// When WeCom last confirmed the authorization.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_read_at: Option<Timestamp>,
    /// When WeCom is asked again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_read_at: Option<Timestamp>,
    /// The administrator who authorized the app, if WeCom named one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub installed_by: Option<WecomUserId>,
    /// The state of the authorization link, if the corp used one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// How many of its people are known.
    pub people: u64,
    /// How many live sessions they have.
    pub sessions: u64,
    /// How many of its machines have a session.
    pub machines: u64,
    /// Since when the app is switched off.
    #[serde(skip)]
    pub switched_off_since: Option<Timestamp>,
}

impl CorpDetails {
    pub(super) fn new(
        corp: CorpSummary,
        row: Model,
        (people, sessions, machines): (u64, u64, u64),
    ) -> Self {
        let is_readable = row.permanent_code.is_some() && row.read_due_at < NEVER_DUE;
        Self {
            since: [row.end_held_at, row.switched_off_at, row.broken_at]
                .into_iter()
                .flatten()
                .next()
                .unwrap_or(row.created_at),
            hint: hint(&row),
            last_read_at: row.read_at,
            next_read_at: is_readable.then_some(row.read_due_at),
            installed_by: row.installed_by,
            state: row.state,
            aliases: corp.aliases.clone(),
            switched_off_since: row.switched_off_at,
            corp,
            people,
            sessions,
            machines,
        }
    }
}

fn hint(row: &Model) -> Option<&'static str> {
    if row.end_held_at.is_some() {
        return Some(END_HELD);
    }
    if row.switched_off_at.is_some() {
        return Some(SWITCHED_OFF);
    }
    if let Some(errcode) = row.broken_by {
        return Errcode::new(errcode).hint();
    }
    match row.status {
        AuthorizationStatus::Held => Some(HELD),
        AuthorizationStatus::Active if row.agent_id.is_none() => Some(AGENT_UNKNOWN),
        _ => None,
    }
}
