//! The summaries of a member and of the member's sessions, as they are on the wire.

use serde::{Deserialize, Serialize, Serializer};

use crate::clock::Timestamp;
use crate::domain::{CorpId, LoginType, Platform, Profile, SuiteId, WecomUserId};
use crate::error::Result;
use crate::session::{CurrentUser, SessionRow};

/// Who logged in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct UserSummary {
    /// The host app's user.
    pub user_id: String,
    /// WeCom's userid.
    pub third_user_id: WecomUserId,
    /// The company.
    pub corp_id: CorpId,
    /// Name, picture, mail and mobile, as far as they are known.
    #[serde(flatten)]
    pub profile: Profile,
}

impl UserSummary {
    pub(crate) fn new(user: &CurrentUser) -> Self {
        Self {
            user_id: user.user_id().to_owned(),
            third_user_id: user.third_user_id().clone(),
            corp_id: user.corp_id().clone(),
            profile: user.profile().clone(),
        }
    }
}

/// As in a login result and in `/me`: `{userId, thirdUserId, corpId, name?, avatar?, email?, mobile?}`.
impl Serialize for CurrentUser {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        UserSummary::new(self).serialize(serializer)
    }
}

/// One session of a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SessionSummary {
    /// Names the session; it is no credential.
    pub id: String,
    /// The suite.
    pub suite_id: SuiteId,
    /// The company.
    pub corp_id: CorpId,
    /// The full name of the instance that it began at.
    pub instance: String,
    /// What it is for.
    pub platform: Platform,
    /// How it began.
    pub login_type: LoginType,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last used, to within 1/96 of the idle timeout.
    pub last_seen_at: Timestamp,
    /// When it ends at the latest.
    pub expires_at: Timestamp,
    /// Whether it is the one that asks.
    pub current: bool,
}

/// Sessions of a person, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SessionPage {
    /// The sessions of this page.
    pub sessions: Vec<SessionSummary>,
    /// What [`SessionService::page`](crate::SessionService::page) takes as `after` for the next page; none if this is the
    /// last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl SessionPage {
    pub(crate) const fn new(sessions: Vec<SessionSummary>, next: Option<String>) -> Self {
        Self { sessions, next }
    }
}

impl SessionSummary {
    pub(crate) fn of_row(row: SessionRow, current: Option<&CurrentUser>) -> Result<Self> {
        Ok(Self {
            current: current.is_some_and(|current| row.id == current.session_id()),
            id: row.id,
            suite_id: row.suite_id,
            corp_id: row.corp_id,
            instance: row.instance,
            platform: row.platform.parse()?,
            login_type: row.login_type.parse()?,
            created_at: row.created_at,
            last_seen_at: row.last_seen_at,
            expires_at: row.expires_at,
        })
    }

    pub(crate) fn of_current(user: &CurrentUser) -> Self {
        Self {
            id: user.session_id().to_owned(),
            suite_id: user.suite_id().clone(),
            corp_id: user.corp_id().clone(),
            instance: user.instance().to_owned(),
            platform: user.platform(),
            login_type: user.login_type(),
            created_at: user.created_at(),
            last_seen_at: user.last_seen_at(),
            expires_at: user.expires_at(),
            current: true,
        }
    }
}
