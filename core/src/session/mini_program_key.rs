//! The key of a mini program's session, sealed in the row of ours and gone with it.

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QuerySelect as _};

use crate::db::Sealed;
use crate::db::entity::session::{Column, Entity};
use crate::domain::MiniProgramSessionKey;
use crate::error::Result;
use crate::session::{CurrentUser, Sessions};
use crate::vault::MINI_PROGRAM_KEY;

impl Sessions {
    /// Keeps the key of the mini program that the session was made from.
    ///
    /// # Errors
    /// The database does not answer.
    pub(crate) async fn store_mini_program_key(
        &self,
        user: &CurrentUser,
        key: &MiniProgramSessionKey,
    ) -> Result<()> {
        let hash = &user.session.token_hash;
        let context = [&hash[..]];
        let aad = MINI_PROGRAM_KEY.aad_context(&context);
        let sealed = self.inner.keys.seal(aad, key.expose().as_bytes())?;
        Entity::update_many()
            .col_expr(Column::MiniProgramKey, Expr::value(sealed))
            .filter(Column::Id.eq(user.session_id()))
            .exec(self.inner.store.database())
            .await?;
        Ok(())
    }

    /// The key of the mini program that the session was made from, if it was.
    ///
    /// # Errors
    /// The database does not answer, or the key of the seal is missing.
    pub(crate) async fn mini_program_key(
        &self,
        user: &CurrentUser,
    ) -> Result<Option<MiniProgramSessionKey>> {
        let stored: Option<Option<Sealed>> = Entity::find_by_id(user.session_id().to_owned())
            .select_only()
            .column(Column::MiniProgramKey)
            .into_tuple()
            .one(self.inner.store.database())
            .await?;
        let Some(sealed) = stored.flatten() else {
            return Ok(None);
        };
        let hash = &user.session.token_hash;
        let context = [&hash[..]];
        let text = self
            .inner
            .keys
            .open_text(MINI_PROGRAM_KEY.aad_context(&context), &sealed)?;
        Ok(Some(MiniProgramSessionKey::new(text)))
    }
}
