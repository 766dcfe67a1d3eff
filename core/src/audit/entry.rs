//! New entries of the audit, and those that go with a person or a corp.

use std::net::IpAddr;

use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveValue::NotSet, ActiveValue::Set, ColumnTrait as _, Condition, ConnectionTrait,
    EntityTrait as _, QueryFilter as _,
};

use crate::audit::AuditAction;
use crate::clock::Timestamp;
use crate::db::entity::audit::{ActiveModel, Column, Entity};
use crate::db::{Store, delete_in_batches};
use crate::domain::{CorpId, Principal, SuiteId, WecomUserId};
use crate::error::Result;

/// The longest detail, in characters: the column is no longer.
const MAX_DETAIL_CHARS: usize = 255;

/// Who did it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Actor {
    /// Nobody who is known: somebody who was refused.
    Anyone,
    /// The host app's code.
    #[default]
    App,
    /// Whoever has the admin key.
    Key,
    /// A user of the host app.
    User(String),
    /// WeCom: an event, or an answer.
    WeCom,
}

impl Actor {
    const fn kind(&self) -> &'static str {
        match self {
            Self::Anyone => "anyone",
            Self::App => "app",
            Self::Key => "key",
            Self::User(_) => "user",
            Self::WeCom => "wecom",
        }
    }

    fn who(&self) -> Option<String> {
        match self {
            Self::Anyone => None,
            Self::User(user_id) => Some(user_id.clone()),
            Self::App | Self::Key | Self::WeCom => Some(self.kind().to_owned()),
        }
    }
}

/// An entry to be written.
#[derive(Clone, Debug)]
pub(crate) struct NewAuditEntry {
    action: AuditAction,
    actor: Actor,
    suite_id: Option<SuiteId>,
    corp_id: Option<CorpId>,
    third_user_id: Option<WecomUserId>,
    client: Option<IpAddr>,
    code: Option<&'static str>,
    detail: Option<String>,
    count: u64,
}

impl NewAuditEntry {
    pub(crate) const fn new(actor: Actor, action: AuditAction) -> Self {
        Self {
            action,
            actor,
            suite_id: None,
            corp_id: None,
            third_user_id: None,
            client: None,
            code: None,
            detail: None,
            count: 1,
        }
    }

    /// About a corp.
    pub(crate) fn of_corp(mut self, suite_id: &SuiteId, corp_id: &CorpId) -> Self {
        self.suite_id = Some(suite_id.clone());
        self.corp_id = Some(corp_id.clone());
        self
    }

    /// About a corp that a request named, whether there is one or not.
    pub(crate) fn of_named_corp(mut self, corp_id: CorpId) -> Self {
        self.corp_id = Some(corp_id);
        self
    }

    /// About a member.
    pub(crate) fn of_member(mut self, principal: &Principal) -> Self {
        self.third_user_id = Some(principal.third_user_id.clone());
        self.of_corp(&principal.suite_id, &principal.corp_id)
    }

    /// From this address, as far as it is kept.
    pub(crate) const fn with_client(mut self, client: Option<IpAddr>) -> Self {
        self.client = client;
        self
    }

    /// Refused with this code.
    pub(crate) const fn with_code(mut self, code: &'static str) -> Self {
        self.code = Some(code);
        self
    }

    /// In a few words, without names and secrets.
    pub(crate) fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// So many times.
    pub(crate) const fn times(mut self, count: u64) -> Self {
        self.count = count;
        self
    }
}

/// Writes an entry.
pub(crate) async fn append(
    database: &impl ConnectionTrait,
    entry: &NewAuditEntry,
    now: Timestamp,
) -> Result<()> {
    let detail = entry.detail.as_ref();
    let row = ActiveModel {
        id: NotSet,
        at: Set(now),
        action: Set(entry.action.as_str().to_owned()),
        actor: Set(entry.actor.kind().to_owned()),
        who: Set(entry.actor.who()),
        suite_id: Set(entry.suite_id.clone()),
        corp_id: Set(entry.corp_id.clone()),
        third_user_id: Set(entry.third_user_id.clone()),
        client: Set(entry.client.map(|client| client.to_string())),
        code: Set(entry.code.map(str::to_owned)),
        detail: Set(detail.map(|detail| detail.chars().take(MAX_DETAIL_CHARS).collect())),
        occurrences: Set(i64::try_from(entry.count).unwrap_or(i64::MAX)),
    };
    Entity::insert(row).exec_without_returning(database).await?;
    Ok(())
}

/// Deletes the entries about a member, and what names the user that the member is bound to.
pub(crate) async fn forget_person(
    database: &impl ConnectionTrait,
    principal: &Principal,
    user_id: Option<&str>,
) -> Result<()> {
    Entity::delete_many()
        .filter(Column::ThirdUserId.eq(principal.third_user_id.clone()))
        .filter(Column::CorpId.eq(principal.corp_id.clone()))
        .filter(Column::SuiteId.eq(principal.suite_id.clone()))
        .exec(database)
        .await?;
    if let Some(user_id) = user_id {
        Entity::update_many()
            .col_expr(Column::Who, Expr::value(None::<String>))
            .filter(Column::Who.eq(user_id))
            .filter(Column::Actor.eq("user"))
            .exec(database)
            .await?;
    }
    Ok(())
}

/// Deletes the entries about the members of a corp.
pub(crate) async fn forget_corp(store: &Store, suite_id: &SuiteId, corp_id: &CorpId) -> Result<()> {
    let of_people = Condition::all()
        .add(Column::SuiteId.eq(suite_id.clone()))
        .add(Column::CorpId.eq(corp_id.clone()))
        .add(Column::ThirdUserId.is_not_null());
    delete_in_batches::<Entity, i64>(store, Column::Id, of_people).await?;
    Ok(())
}

/// Deletes the entries from before this time.
pub(crate) async fn remove_old(store: &Store, before: Timestamp) -> Result<()> {
    let old = Condition::all().add(Column::At.lt(before));
    delete_in_batches::<Entity, i64>(store, Column::Id, old).await?;
    Ok(())
}
