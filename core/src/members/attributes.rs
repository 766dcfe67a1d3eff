//! The attributes of users: what the binder says of them is stored with the member, and applied to live sessions.
//!
//! The binder may be asked by several at the same time, and its answers differ where the host app changes a user meanwhile.
//! So an answer is stored only if nothing was stored since before the question: otherwise the binder is asked again. A
//! refresh stores its answer even if it is the stored one, so that no older answer comes after it.

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QuerySelect as _};

use crate::db::entity::member::{Column, Entity, Model};
use crate::db::entity::session;
use crate::db::{PrincipalColumns as _, retry_transaction};
use crate::domain::{Attributes, Principal};
use crate::error::{Error, ErrorKind, Result};
use crate::hooks::within_hook_timeout;
use crate::members::members::Members;
use crate::revocation::{Revocation, log};
use crate::session::{CurrentUser, StoredAttributes};

/// How often the binder is asked for one member, where others store attributes meanwhile.
const MAX_ATTEMPTS: usize = 10;
/// Members of one user whose attributes are refreshed at a time.
const MEMBERS_OF_A_USER: u64 = 1_000;

/// What is stored of a member's attributes.
pub(crate) fn stored_attributes(member: Option<&Model>) -> Result<StoredAttributes> {
    match member {
        Some(member) => {
            StoredAttributes::parse(member.attributes_version, member.attributes.as_deref())
        }
        None => Ok(StoredAttributes::default()),
    }
}

impl Members {
    /// Asks the binder for the attributes of a user who has just logged in, and stores what differs from what was stored.
    pub(crate) async fn ask_attributes(
        &self,
        user: &CurrentUser,
        stored: StoredAttributes,
    ) -> Result<()> {
        let principal = user.principal();
        let asked = self.query_attributes(principal, user.user_id()).await?;
        if asked == *stored.attributes {
            return Ok(());
        }
        if self
            .write_attributes(principal, &asked, stored.version)
            .await?
        {
            return Ok(());
        }
        self.refresh_member(principal, user.user_id()).await
    }

    /// Asks the binder anew for the attributes of a user, in every corp where the user has sessions.
    pub(crate) async fn refresh_attributes(&self, user_id: &str) -> Result<()> {
        let members = session::Entity::find()
            .select_only()
            .column(session::Column::SuiteId)
            .column(session::Column::CorpId)
            .column(session::Column::ThirdUserId)
            .filter(session::Column::UserId.eq(user_id))
            .distinct()
            .limit(MEMBERS_OF_A_USER)
            .into_tuple()
            .all(self.inner.store.database())
            .await?;
        for (suite_id, corp_id, third_user_id) in members {
            let principal = Principal::new(suite_id, corp_id, third_user_id);
            // The sessions may be from before the member was bound to somebody else, whose attributes are stored now.
            let bound = self.inner.binder.find(&principal);
            let bound = within_hook_timeout("UserBinder::find", bound).await?;
            if bound.as_deref() == Some(user_id) {
                self.refresh_member(&principal, user_id).await?;
            }
        }
        Ok(())
    }

    /// Reads the stored attributes of a member, and applies them to the sessions on this node.
    pub(crate) async fn reread_attributes(&self, principal: &Principal) -> Result<()> {
        if let Some(member) = self.find(principal).await? {
            let stored = stored_attributes(Some(&member))?;
            self.inner.sessions.apply_attributes(principal, stored);
        }
        Ok(())
    }

    async fn refresh_member(&self, principal: &Principal, user_id: &str) -> Result<()> {
        for _ in 0..MAX_ATTEMPTS {
            let Some(member) = self.find(principal).await? else {
                return Ok(());
            };
            let asked = self.query_attributes(principal, user_id).await?;
            if self
                .write_attributes(principal, &asked, member.attributes_version)
                .await?
            {
                return Ok(());
            }
        }
        Err(Error::new(
            ErrorKind::StoreUnavailable,
            "the attributes of a user are being changed all the time",
        ))
    }

    async fn query_attributes(&self, principal: &Principal, user_id: &str) -> Result<Attributes> {
        let asked = self.inner.binder.attributes(user_id, principal);
        within_hook_timeout("UserBinder::attributes", asked).await
    }

    /// Stores attributes, if the stored version is this one, and applies them to the sessions on this node. Returns
    /// whether it was.
    async fn write_attributes(
        &self,
        principal: &Principal,
        attributes: &Attributes,
        version: i64,
    ) -> Result<bool> {
        let text = attributes.to_stored()?;
        let newer = (version + 1).max(self.inner.store.now().as_millis());
        let write = || self.write_once(principal, text.as_deref(), version, newer);
        if !retry_transaction(write).await? {
            return Ok(false);
        }
        let stored = StoredAttributes::parse(newer, text.as_deref())?;
        self.inner.sessions.apply_attributes(principal, stored);
        Ok(true)
    }

    async fn write_once(
        &self,
        principal: &Principal,
        text: Option<&str>,
        version: i64,
        newer: i64,
    ) -> Result<bool> {
        let transaction = self.inner.store.begin().await?;
        let written = Entity::update_many()
            .col_expr(Column::Attributes, Expr::value(text.map(str::to_owned)))
            .col_expr(Column::AttributesVersion, Expr::value(newer))
            .filter(Entity::of_principal(principal))
            .filter(Column::AttributesVersion.eq(version))
            .exec(&transaction)
            .await?;
        if written.rows_affected == 0 {
            transaction.rollback().await?;
            return Ok(false);
        }
        let changed = Revocation::Attributes(principal.clone());
        log::append(&transaction, &changed, self.inner.store.now()).await?;
        transaction.commit().await?;
        Ok(true)
    }
}
