//! Organization codes: a short text that a person can type, and that stands for one (suite, corp).

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use sea_orm::{ActiveValue::Set, EntityTrait as _, QueryFilter as _};

use crate::audit::{self, Actor, AuditAction, NewAuditEntry};
use crate::db::entity::organization_code::{ActiveModel, Entity};
use crate::db::{CorpColumns as _, Store, is_unique_violation, retry_transaction};
use crate::domain::{CorpId, OrganizationCode, SuiteId};
use crate::error::{Error, ErrorKind, Result};
use crate::rate_limit::ClientRateLimiter;

/// Look-ups of one client per minute, by any route.
const MAX_LOOK_UPS_PER_CLIENT: u32 = 30;

#[derive(Clone)]
pub(crate) struct OrganizationCodes {
    store: Store,
    look_ups: ClientRateLimiter,
}

impl OrganizationCodes {
    pub(crate) fn new(store: Store) -> Self {
        let look_ups = ClientRateLimiter::new(
            "organization_codes",
            MAX_LOOK_UPS_PER_CLIENT,
            Arc::clone(store.clock()),
        );
        Self { store, look_ups }
    }

    /// Gives a company its code, in place of the one it had.
    pub(crate) async fn set(
        &self,
        suite_id: &SuiteId,
        corp_id: &CorpId,
        code: &OrganizationCode,
        actor: Actor,
    ) -> Result<()> {
        let entry = NewAuditEntry::new(actor, AuditAction::CodeSet)
            .of_corp(suite_id, corp_id)
            .with_detail(code.as_str());
        retry_transaction(|| self.set_once(suite_id, corp_id, code, &entry)).await
    }

    async fn set_once(
        &self,
        suite_id: &SuiteId,
        corp_id: &CorpId,
        code: &OrganizationCode,
        entry: &NewAuditEntry,
    ) -> Result<()> {
        let conflict = || {
            Error::new(
                ErrorKind::OrgCodeConflict,
                "another company has this organization code",
            )
        };
        let transaction = self.store.begin().await?;
        Entity::delete_many()
            .filter(Entity::of_corp(suite_id, corp_id))
            .exec(&transaction)
            .await?;
        let row = ActiveModel {
            code: Set(code.key()),
            suite_id: Set(suite_id.clone()),
            corp_id: Set(corp_id.clone()),
            spelling: Set(code.as_str().to_owned()),
            created_at: Set(self.store.now()),
        };
        match Entity::insert(row)
            .exec_without_returning(&transaction)
            .await
        {
            Ok(_) => {
                audit::append(&transaction, entry, self.store.now()).await?;
                Ok(transaction.commit().await?)
            }
            Err(error) if is_unique_violation(&error) => Err(conflict()),
            Err(error) => Err(error.into()),
        }
    }

    /// Takes a company's code away, if it has one.
    pub(crate) async fn delete(
        &self,
        suite_id: &SuiteId,
        corp_id: &CorpId,
        actor: Actor,
    ) -> Result<()> {
        let entry = NewAuditEntry::new(actor, AuditAction::CodeDeleted).of_corp(suite_id, corp_id);
        retry_transaction(|| async {
            let transaction = self.store.begin().await?;
            Entity::delete_many()
                .filter(Entity::of_corp(suite_id, corp_id))
                .exec(&transaction)
                .await?;
            audit::append(&transaction, &entry, self.store.now()).await?;
            Ok(transaction.commit().await?)
        })
        .await
    }

    /// Whose code it is. Every look-up is counted, so that codes cannot be guessed through.
    pub(crate) async fn find(
        &self,
        code: &str,
        client: Option<IpAddr>,
    ) -> Result<(SuiteId, CorpId)> {
        self.look_ups.acquire(client)?;
        let unknown = || Error::new(ErrorKind::OrgCodeNotFound, "no such organization code");
        let code = OrganizationCode::new(code).map_err(|_| unknown())?;
        let row = Entity::find_by_id(code.key())
            .one(self.store.database())
            .await?
            .ok_or_else(unknown)?;
        Ok((row.suite_id, row.corp_id))
    }

    /// The corp of a code, for a caller who learns no more than whether it is a corp that they know: it is not counted.
    pub(crate) async fn find_uncounted(
        &self,
        code: &OrganizationCode,
    ) -> Result<Option<(SuiteId, CorpId)>> {
        let row = Entity::find_by_id(code.key()).one(self.store.database());
        Ok(row.await?.map(|row| (row.suite_id, row.corp_id)))
    }
}

impl fmt::Debug for OrganizationCodes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OrganizationCodes")
    }
}
