//! Bindings of the default binder as another service imports them.

use std::collections::HashMap;

use sea_orm::{
    ColumnTrait as _, Condition, EntityTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _,
};

use crate::db::entity::user::{Column, Entity, Model};
use crate::db::entity::{member, member_alias};
use crate::domain::{CorpId, Principal, SuiteId, WecomUserId};
use crate::error::Result;
use crate::members::Members;

/// A member and the user that the member is bound to.
#[derive(Clone, Debug)]
pub(crate) struct ExportedBinding {
    pub(crate) principal: Principal,
    pub(crate) user_id: String,
    /// Other userids of the member.
    pub(crate) aliases: Vec<WecomUserId>,
    /// The encrypted userid that the member is to be moved to.
    pub(crate) encrypted_user_id: Option<WecomUserId>,
}

impl Members {
    /// The bindings of these suites by suite, corp and userid, `limit` of them after this member; without those of members
    /// who have left. Returns the last member that was read too, if there may be more.
    ///
    /// # Errors
    /// The database does not answer.
    pub(crate) async fn export_bindings(
        &self,
        suites: Vec<SuiteId>,
        after: Option<Principal>,
        limit: u64,
    ) -> Result<(Vec<ExportedBinding>, Option<Principal>)> {
        let database = self.inner.store.database();
        let mut select = Entity::find()
            .filter(Column::SuiteId.is_in(suites))
            .order_by_asc(Column::SuiteId)
            .order_by_asc(Column::CorpId)
            .order_by_asc(Column::ThirdUserId)
            .limit(limit);
        if let Some(after) = after {
            select = select.filter(later_than(after));
        }
        let rows = select.all(database).await?;
        let last = rows.last().map(principal_of);
        let more = last.filter(|_| rows.len() as u64 >= limit);
        let mut by_corp: HashMap<(SuiteId, CorpId), Vec<WecomUserId>> = HashMap::new();
        for row in &rows {
            by_corp
                .entry((row.suite_id.clone(), row.corp_id.clone()))
                .or_default()
                .push(row.third_user_id.clone());
        }
        let (mut of_aliases, mut of_left) = (Condition::any(), Condition::any());
        for ((suite_id, corp_id), ids) in by_corp {
            of_aliases = of_aliases.add(
                Condition::all()
                    .add(member_alias::Column::SuiteId.eq(suite_id.clone()))
                    .add(member_alias::Column::CorpId.eq(corp_id.clone()))
                    .add(member_alias::Column::ThirdUserId.is_in(ids.clone())),
            );
            of_left = of_left.add(
                Condition::all()
                    .add(member::Column::SuiteId.eq(suite_id))
                    .add(member::Column::CorpId.eq(corp_id))
                    .add(member::Column::ThirdUserId.is_in(ids)),
            );
        }
        if rows.is_empty() {
            return Ok((Vec::new(), None));
        }
        let left: Vec<Principal> = member::Entity::find()
            .filter(of_left)
            .filter(member::Column::LeftAt.is_not_null())
            .all(database)
            .await?
            .into_iter()
            .map(|row| Principal::new(row.suite_id, row.corp_id, row.third_user_id))
            .collect();
        let mut aliases: HashMap<Principal, Vec<member_alias::Model>> = HashMap::new();
        for row in member_alias::Entity::find()
            .filter(of_aliases)
            .all(database)
            .await?
        {
            let of = Principal::new(
                row.suite_id.clone(),
                row.corp_id.clone(),
                row.third_user_id.clone(),
            );
            aliases.entry(of).or_default().push(row);
        }
        let bindings = rows.into_iter().map(|row| {
            let principal = principal_of(&row);
            let of_member = aliases.remove(&principal).unwrap_or_default();
            let (pending, known): (Vec<_>, Vec<_>) =
                of_member.into_iter().partition(|alias| alias.pending);
            ExportedBinding {
                principal,
                user_id: row.user_id,
                aliases: known.into_iter().map(|alias| alias.alias).collect(),
                encrypted_user_id: pending.into_iter().next().map(|alias| alias.alias),
            }
        });
        let bindings = bindings.filter(|binding| !left.contains(&binding.principal));
        Ok((bindings.collect(), more))
    }
}

fn principal_of(row: &Model) -> Principal {
    Principal::new(
        row.suite_id.clone(),
        row.corp_id.clone(),
        row.third_user_id.clone(),
    )
}

fn later_than(after: Principal) -> Condition {
    let Principal {
        suite_id,
        corp_id,
        third_user_id,
        ..
    } = after;
    Condition::any()
        .add(Column::SuiteId.gt(suite_id.clone()))
        .add(
            Condition::all()
                .add(Column::SuiteId.eq(suite_id.clone()))
                .add(Column::CorpId.gt(corp_id.clone())),
        )
        .add(
            Condition::all()
                .add(Column::SuiteId.eq(suite_id))
                .add(Column::CorpId.eq(corp_id))
                .add(Column::ThirdUserId.gt(third_user_id)),
        )
}
