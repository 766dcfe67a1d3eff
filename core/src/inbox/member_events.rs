//! The handlers of an app's events, which are about members (D/96302, D/96468).

use crate::callback::CorpEventKind;
use crate::db::entity::callback_record::{Model, RecordKey};
use crate::domain::{CorpId, Principal, WecomUserId};
use crate::error::Result;
use crate::inbox::handlers::{EventHandlers, Outcome};

impl EventHandlers {
    /// Handles an event about a member.
    pub(super) async fn corp_event(
        &self,
        row: &Model,
        corp_id: &CorpId,
        kind: CorpEventKind,
    ) -> Result<Outcome> {
        let suite_id = &row.suite_id;
        let Some(stored_corp_id) = self.find_corp(row, corp_id).await? else {
            return Ok(Outcome::CorpUnknown);
        };
        let has_stored_id = stored_corp_id == corp_id.normalized();
        let principal = async |third_user_id: &WecomUserId| {
            let principal = Principal::new(
                suite_id.clone(),
                stored_corp_id.clone(),
                third_user_id.clone(),
            );
            self.member_lookup.find(row, principal, has_stored_id).await
        };
        let record = RecordKey::of(row);
        // Sessions are revoked first: the rest may have to be retried.
        match kind {
            CorpEventKind::UserDeleted { third_user_id, .. }
            | CorpEventKind::UserRenamed { third_user_id, .. }
                if row.ambiguous_suite =>
            {
                let principal = principal(&third_user_id).await?;
                self.members
                    .revoke_hidden(&principal, Some(&record))
                    .await?;
            }
            CorpEventKind::UserDeleted { third_user_id, .. } => {
                let principal = principal(&third_user_id).await?;
                self.members.begin_departure(&principal, &record).await?;
                self.require_no_earlier(row, &[&third_user_id, &principal.third_user_id])
                    .await?;
                self.members.finish_departure(&principal).await?;
            }
            CorpEventKind::UserRenamed {
                third_user_id,
                new_third_user_id,
                ..
            } => {
                let principal = principal(&third_user_id).await?;
                self.members
                    .revoke_sessions_for(&principal, &record)
                    .await?;
                let stored = &principal.third_user_id;
                self.require_no_earlier(row, &[&third_user_id, stored, &new_third_user_id])
                    .await?;
                let is_moved = *stored != third_user_id
                    && !self
                        .members
                        .is_to_be_moved(&principal, &third_user_id)
                        .await?;
                if !is_moved {
                    self.members
                        .rename(&principal, &new_third_user_id, &record)
                        .await?;
                } else {
                    // The plain id changed; the member is stored under the encrypted one, which stays.
                    self.members
                        .store_alias(&principal, &new_third_user_id)
                        .await?;
                }
            }
            // Disabled or left.
            CorpEventKind::UserUpdated {
                third_user_id,
                status: Some(2 | 5),
            }
            | CorpEventKind::Unsubscribed { third_user_id, .. } => {
                let principal = principal(&third_user_id).await?;
                self.members
                    .revoke_hidden(&principal, Some(&record))
                    .await?;
            }
            CorpEventKind::UserUpdated { third_user_id, .. } => {
                let principal = principal(&third_user_id).await?;
                self.members.request_visibility_check(&principal).await?;
            }
            // Which suite's app it is about is a guess.
            CorpEventKind::Unlicensed { .. } if row.ambiguous_suite => {
                return Ok(Outcome::Ignored);
            }
            CorpEventKind::Unlicensed { third_user_id } => {
                let principal = principal(&third_user_id).await?;
                self.members
                    .record_unlicensed(&principal, row.received_at)
                    .await?;
            }
            CorpEventKind::Other { .. } => return Ok(Outcome::Ignored),
        }
        Ok(Outcome::Succeeded)
    }
}
