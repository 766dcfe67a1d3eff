//! What a corp finds that comes back: its organization code, and its members until they log in.

use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, Condition, EntityTrait as _, QueryFilter as _,
    QuerySelect as _,
};

use crate::authorization::departed::{DepartedCorps, hash_of_corp};
use crate::clock::Timestamp;
use crate::db::entity::departed_member::{Column, Entity};
use crate::db::entity::{authorization, departed_corp, organization_code};
use crate::db::{CorpColumns as _, retry_transaction};
use crate::domain::{AuthorizationStatus, CorpId, OrganizationCode, SuiteId};
use crate::error::Result;

impl DepartedCorps {
    /// Gives a corp that is back its organization code, unless another corp has it now, and keeps its members until they
    /// log in. Does nothing for a corp that did not depart, or longer ago.
    pub(super) async fn restore(&self, suite_id: &SuiteId, corp_id: &CorpId) -> Result<()> {
        let Some(key) = self.find_key().await? else {
            return Ok(());
        };
        let hash = hash_of_corp(&key, suite_id, corp_id);
        let database = self.inner.store.database();
        // Also after an erasure that the return interrupted, which did not get to the corp.
        Entity::update_many()
            .col_expr(Column::DepartedAt, Expr::value(None::<Timestamp>))
            .filter(Column::CorpHash.eq(hash.clone()))
            .filter(Column::DepartedAt.gt(self.oldest()))
            .exec(database)
            .await?;
        let departed = departed_corp::Entity::find_by_id(hash)
            .one(database)
            .await?;
        let Some(departed) = departed.filter(|row| row.departed_at > self.oldest()) else {
            return Ok(());
        };
        if retry_transaction(|| self.restore_once(suite_id, corp_id, &departed)).await? {
            tracing::info!(target: "wecom_login", %suite_id, %corp_id, "a corp is back and finds its users again");
        }
        Ok(())
    }

    /// Returns whether the corp is back.
    async fn restore_once(
        &self,
        suite_id: &SuiteId,
        corp_id: &CorpId,
        departed: &departed_corp::Model,
    ) -> Result<bool> {
        let transaction = self.inner.store.begin().await?;
        let of_corp = authorization::Entity::find_by_id((suite_id.clone(), corp_id.clone()));
        let is_back = of_corp
            .lock_exclusive()
            .one(&transaction)
            .await?
            .is_some_and(|row| row.status != AuthorizationStatus::Cancelled);
        if !is_back {
            // It was cancelled again since it came back: what it left stays for the next time.
            transaction.rollback().await?;
            return Ok(false);
        }
        let spelling = departed.organization_code.clone();
        let code = spelling.and_then(|bytes| String::from_utf8(bytes).ok());
        if let Some(code) = code.and_then(|code| OrganizationCode::new(code).ok()) {
            use organization_code::{ActiveModel, Column, Entity};
            let taken = Condition::any()
                .add(Column::Code.eq(code.key()))
                .add(Entity::of_corp(suite_id, corp_id));
            let taken = Entity::find().filter(taken).one(&transaction).await?;
            if taken.is_none() {
                let row = ActiveModel {
                    code: Set(code.key()),
                    suite_id: Set(suite_id.clone()),
                    corp_id: Set(corp_id.clone()),
                    spelling: Set(code.as_str().to_owned()),
                    created_at: Set(self.inner.store.now()),
                };
                Entity::insert(row)
                    .exec_without_returning(&transaction)
                    .await?;
            } else {
                tracing::warn!(
                    target: "wecom_login", %suite_id, %corp_id,
                    "a corp is back and does not get its former organization code: it has another one, or another corp has it"
                );
            }
        }
        departed_corp::Entity::delete_by_id(departed.hash.clone())
            .exec(&transaction)
            .await?;
        transaction.commit().await?;
        Ok(true)
    }
}
