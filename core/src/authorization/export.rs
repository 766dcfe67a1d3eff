//! Authorizations as another service imports them.

use std::collections::HashMap;

use sea_orm::{
    ColumnTrait as _, Condition, EntityTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _,
};

use crate::authorization::authorization::Authorization;
use crate::authorization::authorizations::Authorizations;
use crate::db::entity::authorization::{Column, Entity};
use crate::db::entity::organization_code;
use crate::domain::{AuthorizationStatus, CorpId, SuiteId};
use crate::error::Result;

/// An authorization, and what is stored beside it.
#[derive(Clone, Debug)]
pub(crate) struct ExportedAuthorization {
    pub(crate) authorization: Authorization,
    pub(crate) org_code: Option<String>,
    /// The other ids of the corp.
    pub(crate) aliases: Vec<CorpId>,
}

impl Authorizations {
    /// The authorizations that have a permanent code and are not canceled, by suite and corp, `limit` of them after this one.
    ///
    /// # Errors
    /// A permanent code is sealed under a data key that is not there; the database does not answer.
    pub(crate) async fn export(
        &self,
        after: Option<(SuiteId, CorpId)>,
        limit: u64,
    ) -> Result<Vec<ExportedAuthorization>> {
        let database = self.inner.store.database();
        let mut select = Entity::find()
            .filter(Column::SuiteId.is_in(self.inner.suites.ids()))
            .filter(Column::PermanentCode.is_not_null())
            // Elsewhere it would be active.
            .filter(Column::Status.ne(AuthorizationStatus::Cancelled))
            .order_by_asc(Column::SuiteId)
            .order_by_asc(Column::CorpId)
            .limit(limit);
        if let Some((suite_id, corp_id)) = after {
            let of_suite = Condition::all()
                .add(Column::SuiteId.eq(suite_id.clone()))
                .add(Column::CorpId.gt(corp_id));
            let later = Condition::any()
                .add(Column::SuiteId.gt(suite_id))
                .add(of_suite);
            select = select.filter(later);
        }
        let rows = select.all(database).await?;
        let corps: Vec<CorpId> = rows.iter().map(|row| row.corp_id.clone()).collect();
        let mut codes: HashMap<_, _> = organization_code::Entity::find()
            .filter(organization_code::Column::CorpId.is_in(corps))
            .all(database)
            .await?
            .into_iter()
            .map(|code| ((code.suite_id, code.corp_id), code.spelling))
            .collect();
        let exported = rows.into_iter().map(|row| {
            let authorization = Authorization::open(&self.inner.keys, row)?;
            let (suite_id, corp_id) = (&authorization.suite_id, &authorization.corp_id);
            Ok(ExportedAuthorization {
                org_code: codes.remove(&(suite_id.clone(), corp_id.clone())),
                aliases: self.inner.aliases.of(suite_id, corp_id),
                authorization,
            })
        });
        exported.collect()
    }
}
