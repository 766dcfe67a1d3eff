//! The exchange of an AuthCode for a permanent code (D/97163).

use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};

use crate::authorization::auth_code::{AuthCodeEvent, ExchangeResult, SendError, SendGuard};
use crate::authorization::authorization::{Authorization, seal_code};
use crate::authorization::authorizations::Authorizations;
use crate::authorization::rows::{new_row, next_epoch, write_row};
use crate::db::entity::authorization::{ActiveModel, Column, Entity};
use crate::db::entity::{access_token, callback_record};
use crate::db::{CorpColumns as _, Sealed, Transaction, retry_transaction};
use crate::domain::{AuthCode, AuthorizationStatus, CorpId, SuiteAccessToken};
use crate::error::Result;
use crate::failpoint;
use crate::hooks::Notification;
use crate::tokens::Tokens;
use crate::wecom::{CallError, Errcode, PermanentCodeApi, PermanentCodeGrant};

/// Whether a state is like those that WeCom documents, of up to 128 characters. One that the database does not take would
/// cost the permanent code.
fn is_storable(state: &str) -> bool {
    state.len() <= 128 && !state.chars().any(char::is_control)
}

/// Whether the v1 call may be tried after this error of the v2 call. Never after an ambiguous error: the code may be
/// spent, and the second call would only say so.
fn may_use_v1(error: &CallError) -> bool {
    error.is_definite_refusal() && !error.errcode().is_some_and(Errcode::is_auth_code_invalid)
}

impl Authorizations {
    /// Exchanges an AuthCode and stores the authorization. `guard` is asked before each call, so that only the holder
    /// of the record's lease sends the code. `event_time` is WeCom's time of the event, in seconds.
    pub(crate) async fn exchange(
        &self,
        event: &AuthCodeEvent,
        event_time: i64,
        code: &AuthCode,
        guard: &dyn SendGuard,
    ) -> Result<CorpId> {
        let suite = self.inner.suites.require(&event.suite_id)?;
        let send_v2 = |token| async move {
            failpoint::reach("exchange/token");
            self.send(&token, code, PermanentCodeApi::V2, guard).await
        };
        let (mut exchanged, token) = self.inner.tokens.call_with_token(suite, send_v2).await?;
        if matches!(&exchanged, Err(SendError::Call(error)) if may_use_v1(error)) {
            exchanged = self.send(&token, code, PermanentCodeApi::V1, guard).await;
        }
        let exchanged = exchanged?;
        failpoint::reach("exchange/answered");
        let result = ExchangeResult {
            exchanged_for: exchanged.permanent_code,
            corp_id: exchanged.corp_id,
            corp_name: exchanged.corp_name,
            agent_id: exchanged.agent_id,
            state: exchanged
                .state
                .or_else(|| event.state.clone())
                .filter(|state| is_storable(state)),
            installed_by: exchanged.installed_by,
            event_time,
        };
        let mut event = event.clone();
        self.persist_until_stored(&mut event, &result).await?;
        failpoint::reach("exchange/kept");
        // The answer is stored; what is left is done again if it fails.
        guard.finish();
        let corp_id = self.apply(&mut event, &result).await?;
        failpoint::reach("exchange/stored");
        Ok(corp_id)
    }

    /// Stores the authorization from the answer that the record holds since before a crash or a failure.
    pub(crate) async fn apply_persisted(&self, event: &AuthCodeEvent, answer: &[u8]) -> Result<()> {
        // An old version stored the authorization without keeping the answer.
        let Ok(result) = serde_json::from_slice::<ExchangeResult>(answer) else {
            return Ok(());
        };
        self.apply(&mut event.clone(), &result).await?;
        Ok(())
    }

    /// Stores the authorization under the id that its corp is known by. Returns that id.
    async fn apply(&self, event: &mut AuthCodeEvent, result: &ExchangeResult) -> Result<CorpId> {
        let corp_id = loop {
            let corp_id = self.resolve_new(&event.suite_id, &result.corp_id).await?;
            match retry_transaction(|| self.apply_once(event, result, &corp_id)).await? {
                Applied::Stored => break corp_id,
                // A failover between the two statements lost the first one.
                Applied::NoRecord => self.persist_until_stored(event, result).await?,
                Applied::IdsChanged => {}
            }
        };
        self.load_aliases().await?;
        self.wake_waiting(&event.suite_id, &[result.corp_id.clone(), corp_id.clone()])
            .await?;
        Ok(corp_id)
    }

    async fn send(
        &self,
        token: &SuiteAccessToken,
        code: &AuthCode,
        version: PermanentCodeApi,
        guard: &dyn SendGuard,
    ) -> std::result::Result<PermanentCodeGrant, SendError> {
        if !guard.try_begin() {
            return Err(SendError::LeaseLost);
        }
        let answer = self.inner.api.permanent_code(token, code, version).await;
        if answer.as_ref().is_err_and(|error| !error.is_ambiguous()) {
            guard.not_spent();
        }
        answer.map_err(SendError::Call)
    }

    /// Turns the answer in the record into an authorization, unless that is done.
    async fn apply_once(
        &self,
        event: &AuthCodeEvent,
        result: &ExchangeResult,
        corp_id: &CorpId,
    ) -> Result<Applied> {
        let suite_id = &event.suite_id;
        let transaction = self.inner.store.begin().await?;
        if !empty_record(&transaction, event).await? {
            let is_applied = callback_record::Entity::find()
                .filter(event.record.condition())
                .filter(callback_record::Column::OneTimeStepDone.eq(true))
                .one(&transaction)
                .await?
                .is_some();
            transaction.rollback().await?;
            return Ok(if is_applied {
                Applied::Stored
            } else {
                Applied::NoRecord
            });
        }
        let known = self.lock_row(&transaction, suite_id, corp_id).await?;
        let is_outdated = known
            .as_ref()
            .is_some_and(|known| known.has_newer_code(result.event_time));
        if !is_outdated {
            if known.is_none() && !self.store_under(&transaction, suite_id, corp_id).await? {
                transaction.rollback().await?;
                return Ok(Applied::IdsChanged);
            }
            let row = self.exchanged_row(event, result, corp_id, known.as_ref())?;
            let is_held = row.status == Set(AuthorizationStatus::Held);
            write_row(&transaction, row, known.is_some()).await?;
            if is_held {
                let review = Notification::Review {
                    suite_id: suite_id.clone(),
                    corp_id: corp_id.clone(),
                };
                let notifications = &self.inner.notifications;
                notifications.append(&transaction, &review).await?;
            }
            access_token::Entity::delete_many()
                .filter(access_token::Column::Id.is_in(Tokens::app_row_ids(suite_id, corp_id)))
                .exec(&transaction)
                .await?;
        } else if event.new_epoch {
            // The newer permanent code stays. The corp authorized again all the same, so older sessions are revoked.
            Entity::update_many()
                .col_expr(Column::Epoch, next_epoch())
                .filter(Entity::of_corp(suite_id, corp_id))
                .exec(&transaction)
                .await?;
        }
        failpoint::reach("exchange/written");
        self.commit(transaction, suite_id, corp_id).await?;
        if known.is_some_and(|known| known.status == AuthorizationStatus::Broken) && !is_outdated {
            tracing::info!(target: "wecom_login", %suite_id, %corp_id, "a broken authorization was renewed");
        }
        Ok(Applied::Stored)
    }

    fn exchanged_row(
        &self,
        event: &AuthCodeEvent,
        result: &ExchangeResult,
        corp_id: &CorpId,
        known: Option<&Authorization>,
    ) -> Result<ActiveModel> {
        let suite_id = &event.suite_id;
        let now = self.inner.store.now();
        let sealed = seal_code(&self.inner.keys, suite_id, corp_id, &result.exchanged_for)?;
        let (epoch, version, event_time) = known.map_or((0, 0, i64::MIN), |known| {
            (known.epoch, known.secret_version, known.event_time)
        });
        // A later event ended this authorization before it was stored. The re-read says whether it did.
        let is_over = known.is_some_and(|known| {
            known.status == AuthorizationStatus::Cancelled && known.event_time > result.event_time
        });
        let status = if is_over {
            AuthorizationStatus::Cancelled
        } else {
            event.status_after(known.map(|known| known.status))
        };
        let corp_name = result.corp_name.as_ref();
        let corp_name = corp_name.or_else(|| Some(&known?.corp_name));
        // A reset is of the same authorization.
        let kept = known.filter(|_| !event.new_epoch);
        let state = result.state.as_ref().or_else(|| kept?.state.as_ref());
        let installed_by = result.installed_by.as_ref();
        let installed_by = kept
            .and_then(|kept| kept.installed_by.as_ref())
            .or(installed_by);
        Ok(ActiveModel {
            corp_name: Set(corp_name.cloned().unwrap_or_default()),
            agent_id: Set(result.agent_id.or_else(|| known?.agent_id)),
            permanent_code: Set(Some(sealed)),
            status: Set(status),
            epoch: Set(epoch + i64::from(event.new_epoch)),
            secret_version: Set(version + 1),
            event_time: Set(Ord::max(event_time, result.event_time)),
            code_event_time: Set(Some(result.event_time)),
            read_due_at: Set(now),
            created_at: if known.is_some() { NotSet } else { Set(now) },
            state: Set(state.cloned()),
            installed_by: Set(installed_by.cloned()),
            ..new_row(suite_id, corp_id, now)
        })
    }
}

/// What became of an answer.
enum Applied {
    Stored,
    /// No record holds it.
    NoRecord,
    /// The corp got its first row meanwhile, perhaps under another id: that is to be found out again.
    IdsChanged,
}

/// Takes the answer out of the record. Returns `false` if the record holds none.
async fn empty_record(transaction: &Transaction, event: &AuthCodeEvent) -> Result<bool> {
    use callback_record::{Column, Entity};
    let emptied = Entity::update_many()
        .col_expr(Column::Payload, Expr::value(None::<Sealed>))
        .filter(event.record.condition())
        .filter(Column::OneTimeStepDone.eq(true))
        .filter(Column::Payload.is_not_null())
        .exec(transaction)
        .await?;
    Ok(emptied.rows_affected > 0)
}
