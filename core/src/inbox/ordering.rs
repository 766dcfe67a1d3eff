//! The order of events about one member: a member who leaves and a member who gets another userid may be the same.

use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};

use crate::callback::{CorpEvent, CorpEventKind, to_user_name};
use crate::db::entity::callback_record::{Column, Entity, Model};
use crate::domain::{RecordStatus, WecomUserId};
use crate::error::{Error, ErrorKind, Result};
use crate::inbox::handlers::EventHandlers;
use crate::vault::CALLBACK_PAYLOAD;

/// The event that changes who a member is.
const CHANGE_CONTACT: &str = "change_contact";

impl EventHandlers {
    /// Checks that every earlier event about these members was handled.
    ///
    /// # Errors
    /// One was not. This record is retried.
    pub(super) async fn require_no_earlier(
        &self,
        row: &Model,
        user_ids: &[&WecomUserId],
    ) -> Result<()> {
        let Some(corp_id) = &row.corp_id else {
            return Ok(());
        };
        // Few: records are started in the order of their ids, so that only retried ones lie further back.
        let stored = self.authorizations.resolve(&row.suite_id, corp_id).await?;
        let mut corp_ids = self.authorizations.aliases().of(&row.suite_id, &stored);
        corp_ids.extend([stored, corp_id.clone()]);
        let earlier = Entity::find()
            .filter(Column::SuiteId.eq(row.suite_id.clone()))
            .filter(Column::Status.is_in([RecordStatus::Waiting, RecordStatus::Running]))
            .filter(Column::Id.lt(row.id))
            .filter(Column::CorpId.is_in(corp_ids))
            .filter(Column::Event.eq(CHANGE_CONTACT))
            .all(self.store.database())
            .await?;
        if earlier
            .iter()
            .any(|earlier| self.is_about(earlier, user_ids))
        {
            return Err(Error::new(
                ErrorKind::RecordBusy,
                "an earlier event about the same member was not handled yet",
            ));
        }
        Ok(())
    }

    fn is_about(&self, record: &Model, user_ids: &[&WecomUserId]) -> bool {
        let Some(payload) = &record.payload else {
            return false;
        };
        let Ok(payload) = self
            .keys
            .open(CALLBACK_PAYLOAD.aad_context(&[&record.hash]), payload)
        else {
            return false;
        };
        let Some(corp_id) = to_user_name(&payload) else {
            return false;
        };
        match CorpEvent::parse(&payload, &corp_id).map(|event| event.kind) {
            Ok(CorpEventKind::UserDeleted { third_user_id }) => user_ids.contains(&&third_user_id),
            Ok(CorpEventKind::UserRenamed {
                third_user_id,
                new_third_user_id,
            }) => user_ids.contains(&&third_user_id) || user_ids.contains(&&new_third_user_id),
            _ => false,
        }
    }
}
