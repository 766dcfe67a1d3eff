//! What is stored for the host app: each kind of notification, and how its payload is encoded.

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::db::entity::notification::{Model, NotificationKind};
use crate::domain::{AgentId, CorpId, Principal, SuiteId, WecomUserId};
use crate::error::{Error, ErrorKind, Result};
use crate::hooks::hooks::{CorpInfo, UnhandledEvent};

/// What the host app is to be asked or told.
#[derive(Clone, Debug)]
pub(crate) enum Notification {
    /// `Hooks::review_authorization` is to be asked about a held corp.
    Review { suite_id: SuiteId, corp_id: CorpId },
    /// `Hooks::corp_authorized`.
    CorpAuthorized(CorpInfo),
    /// `Hooks::corp_cancelled`.
    CorpCancelled(CorpInfo),
    /// `Hooks::member_left`.
    MemberLeft(Principal),
    /// `Hooks::unhandled_event`.
    UnhandledEvent(UnhandledEvent),
}

/// The rest of a [`CorpInfo`], whose ids are columns.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct CorpPayload {
    corp_name: String,
    agent_id: Option<AgentId>,
    state: Option<String>,
    installed_by: Option<WecomUserId>,
}

/// The line before the message of an event.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct EventHead {
    receive_id: String,
    event: Option<String>,
}

impl Notification {
    pub(super) const fn kind(&self) -> NotificationKind {
        match self {
            Self::Review { .. } => NotificationKind::Review,
            Self::CorpAuthorized(_) => NotificationKind::CorpAuthorized,
            Self::CorpCancelled(_) => NotificationKind::CorpCancelled,
            Self::MemberLeft(_) => NotificationKind::MemberLeft,
            Self::UnhandledEvent(_) => NotificationKind::UnhandledEvent,
        }
    }

    /// The suite and the corp that it is about.
    pub(super) fn ids(&self) -> (&SuiteId, Option<&CorpId>) {
        match self {
            Self::Review { suite_id, corp_id } => (suite_id, Some(corp_id)),
            Self::CorpAuthorized(corp) | Self::CorpCancelled(corp) => {
                (&corp.suite_id, Some(&corp.corp_id))
            }
            Self::MemberLeft(member) => (&member.suite_id, Some(&member.corp_id)),
            Self::UnhandledEvent(event) => (&event.suite_id, None),
        }
    }

    /// What is not in the columns, to be sealed.
    pub(super) fn encode(&self) -> Result<Zeroizing<Vec<u8>>> {
        let encoded = match self {
            Self::Review { .. } => Ok(Vec::new()),
            Self::CorpAuthorized(corp) | Self::CorpCancelled(corp) => {
                serde_json::to_vec(&CorpPayload {
                    corp_name: corp.corp_name.clone(),
                    agent_id: corp.agent_id,
                    state: corp.state.clone(),
                    installed_by: corp.installed_by.clone(),
                })
            }
            Self::MemberLeft(member) => Ok(member.third_user_id.as_str().as_bytes().to_vec()),
            Self::UnhandledEvent(event) => serde_json::to_vec(&EventHead {
                receive_id: event.receive_id.clone(),
                event: event.event.clone(),
            })
            .map(|mut encoded| {
                encoded.push(b'\n');
                encoded.extend_from_slice(&event.message);
                encoded
            }),
        };
        encoded.map(Zeroizing::new).map_err(|_| unreadable())
    }

    /// Decodes what [`encode`](Self::encode) returned.
    pub(super) fn decode(row: &Model, payload: &[u8]) -> Result<Self> {
        let suite_id = row.suite_id.clone();
        let corp_id = || row.corp_id.clone().ok_or_else(unreadable);
        let corp = || -> Result<CorpInfo> {
            let payload: CorpPayload = serde_json::from_slice(payload).map_err(|_| unreadable())?;
            Ok(CorpInfo {
                suite_id: row.suite_id.clone(),
                corp_id: corp_id()?,
                corp_name: payload.corp_name,
                agent_id: payload.agent_id,
                state: payload.state,
                installed_by: payload.installed_by,
            })
        };
        Ok(match row.kind {
            NotificationKind::Review => Self::Review {
                suite_id,
                corp_id: corp_id()?,
            },
            NotificationKind::CorpAuthorized => Self::CorpAuthorized(corp()?),
            NotificationKind::CorpCancelled => Self::CorpCancelled(corp()?),
            NotificationKind::MemberLeft => {
                let text = std::str::from_utf8(payload).map_err(|_| unreadable())?;
                let third_user_id = WecomUserId::new(text).map_err(|_| unreadable())?;
                Self::MemberLeft(Principal::new(suite_id, corp_id()?, third_user_id))
            }
            NotificationKind::UnhandledEvent => {
                let end = payload.iter().position(|byte| *byte == b'\n');
                let (head, message) = payload.split_at(end.ok_or_else(unreadable)?);
                let head: EventHead = serde_json::from_slice(head).map_err(|_| unreadable())?;
                Self::UnhandledEvent(UnhandledEvent {
                    suite_id,
                    receive_id: head.receive_id,
                    event: head.event,
                    message: message[1..].to_vec(),
                })
            }
        })
    }
}

fn unreadable() -> Error {
    Error::new(ErrorKind::Internal, "a stored notification is unreadable")
}
