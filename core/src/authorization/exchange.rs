//! From an AuthCode to a permanent code (D/97163). WeCom answers an AuthCode once, so the answer is stored alone and
//! at once, and tried until it is.

use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};
use serde::{Deserialize, Serialize};

use crate::authorization::authorization::seal_code;
use crate::authorization::authorizations::{Authorizations, next_epoch};
use crate::db::entity::authorization::{ActiveModel, Column, Entity};
use crate::db::entity::callback_record::RecordKey;
use crate::db::entity::{access_token, callback_record};
use crate::db::{CorpColumns as _, Sealed, retry_transaction};
use crate::domain::AuthorizationStatus;
use crate::domain::{AgentId, CorpId, SuiteId};
use crate::domain::{AuthCode, PermanentCode, SuiteAccessToken, serialize_exposed};
use crate::error::{Error, ErrorKind, Result};
use crate::failpoint;
use crate::tokens::{CallFailure, Tokens};
use crate::wecom::{CallError, Errcode, PermanentCodeApi, PermanentCodeGrant};

/// The event that brings an AuthCode.
#[derive(Clone, Debug)]
pub(crate) struct AuthCodeEvent {
    pub(super) suite_id: SuiteId,
    pub(super) record: RecordKey,
    /// WeCom's InfoType.
    pub(super) name: String,
    /// `create_auth` begins a new epoch, `reset_permanent_code` does not.
    new_epoch: bool,
}

impl AuthCodeEvent {
    pub(crate) fn of(record: &callback_record::Model, new_epoch: bool) -> Self {
        let (suite_id, name) = (record.suite_id.clone(), record.event.clone());
        Self {
            suite_id,
            record: RecordKey::of(record),
            name,
            new_epoch,
        }
    }
}

/// Who may send an AuthCode, and is told when nothing hangs on it any more.
pub(crate) trait SendGuard: Send + Sync {
    /// Whether the AuthCode may be sent now. If so it is.
    fn try_begin(&self) -> bool;

    /// What came back is stored.
    fn finish(&self);
}

/// What an AuthCode was exchanged for, as it is kept in its record until it is an authorisation.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ExchangeResult {
    #[serde(serialize_with = "serialize_exposed")]
    exchanged_for: PermanentCode,
    pub(super) corp_id: CorpId,
    corp_name: Option<String>,
    agent_id: Option<AgentId>,
    /// WeCom's time of the event, in seconds.
    event_time: i64,
}

/// Why an AuthCode was not exchanged.
enum SendError {
    /// It was not sent.
    LeaseLost,
    Call(CallError),
}

impl CallFailure for SendError {
    fn is_token_invalid(&self) -> bool {
        matches!(self, Self::Call(error) if error.is_token_invalid())
    }
}

impl From<SendError> for Error {
    fn from(error: SendError) -> Self {
        match error {
            SendError::LeaseLost => Self::new(
                ErrorKind::RecordBusy,
                "the lease ran out; another node has the record",
            ),
            SendError::Call(error) => error.into(),
        }
    }
}

/// Whether the older call may be tried after this error of the newer one. Never after an ambiguous error: the code may be
/// spent, and the second call would only say so.
fn may_use_v1(error: &CallError) -> bool {
    error.is_definite_refusal() && !error.errcode().is_some_and(Errcode::is_auth_code_invalid)
}

impl Authorizations {
    /// Exchanges an AuthCode and stores what comes of it. `guard` is asked before each call: the code is sent only by
    /// the holder of the record's lease. `event_time` is WeCom's time of the event, in seconds.
    pub(crate) async fn exchange(
        &self,
        event: &AuthCodeEvent,
        event_time: i64,
        code: &AuthCode,
        guard: &dyn SendGuard,
    ) -> Result<CorpId> {
        let suite = self.0.suites.require(&event.suite_id)?;
        let send_v2 = |token| async move {
            failpoint::reach("exchange/token");
            self.send(&token, code, PermanentCodeApi::V2, guard).await
        };
        let (mut exchanged, token) = self.0.tokens.call(suite, send_v2).await?;
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
            event_time,
        };
        let mut event = event.clone();
        self.persist_until_stored(&mut event, &result).await?;
        failpoint::reach("exchange/kept");
        while !retry_transaction(|| self.apply_once(&event, &result)).await? {
            // A failover came between the two statements and took the first one back.
            self.persist_until_stored(&mut event, &result).await?;
        }
        guard.finish();
        failpoint::reach("exchange/stored");
        Ok(result.corp_id)
    }

    /// Makes an authorisation of what was kept in the record before a crash or a failure.
    pub(crate) async fn apply_persisted(&self, event: &AuthCodeEvent, answer: &[u8]) -> Result<()> {
        // A record of a version that kept nothing has its authorisation already.
        let Ok(result) = serde_json::from_slice::<ExchangeResult>(answer) else {
            return Ok(());
        };
        let mut event = event.clone();
        while !retry_transaction(|| self.apply_once(&event, &result)).await? {
            self.persist_until_stored(&mut event, &result).await?;
        }
        Ok(())
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
        let answer = self.0.api.permanent_code(token, code, version).await;
        answer.map_err(SendError::Call)
    }

    /// Does nothing if the record's answer is an authorisation already. `false` if there is no such record.
    async fn apply_once(&self, event: &AuthCodeEvent, result: &ExchangeResult) -> Result<bool> {
        let (suite_id, corp_id) = (&event.suite_id, &result.corp_id);
        let sealed = seal_code(&self.0.keys, suite_id, corp_id, &result.exchanged_for)?;
        let now = self.0.store.now();
        let transaction = self.0.store.begin().await?;
        let taken = callback_record::Entity::update_many()
            .col_expr(
                callback_record::Column::Payload,
                Expr::value(None::<Sealed>),
            )
            .filter(event.record.condition())
            .filter(callback_record::Column::OneTimeStepDone.eq(true))
            .filter(callback_record::Column::Payload.is_not_null())
            .exec(&transaction)
            .await?;
        if taken.rows_affected == 0 {
            let there = callback_record::Entity::find().filter(event.record.condition());
            let exchanged = there
                .filter(callback_record::Column::OneTimeStepDone.eq(true))
                .one(&transaction)
                .await?;
            transaction.rollback().await?;
            return Ok(exchanged.is_some());
        }
        let known = self.lock_row(&transaction, suite_id, corp_id).await?;
        let later = known.as_ref().is_some_and(|known| {
            known.event_time > result.event_time && known.status == AuthorizationStatus::Active
        });
        if !later {
            let status = match &known {
                Some(known) if known.status == AuthorizationStatus::Active => {
                    AuthorizationStatus::Active
                }
                Some(known) if !event.new_epoch && known.status == AuthorizationStatus::Broken => {
                    AuthorizationStatus::Active
                }
                Some(known) if !event.new_epoch => known.status,
                // The host app is asked first.
                _ => AuthorizationStatus::Held,
            };
            let (epoch, version, event_time) = known.as_ref().map_or((0, 0, i64::MIN), |known| {
                (known.epoch, known.secret_version, known.event_time)
            });
            let row = ActiveModel {
                suite_id: Set(suite_id.clone()),
                corp_id: Set(corp_id.clone()),
                corp_name: Set(result
                    .corp_name
                    .clone()
                    .or_else(|| known.as_ref().map(|known| known.corp_name.clone()))
                    .unwrap_or_default()),
                agent_id: Set(result
                    .agent_id
                    .or_else(|| known.as_ref().and_then(|known| known.agent_id))),
                permanent_code: Set(Some(sealed)),
                status: Set(status),
                broken_by: Set(None),
                broken_at: Set(None),
                epoch: Set(epoch + i64::from(event.new_epoch)),
                secret_version: Set(version + 1),
                event_time: Set(Ord::max(event_time, result.event_time)),
                changed_at: Set(now),
                read_at: Set(None),
                read_due_at: Set(now),
                created_at: if known.is_some() { NotSet } else { Set(now) },
            };
            if known.is_some() {
                Entity::update(row)
                    .validate()?
                    .exec_without_returning(&transaction)
                    .await?;
            } else {
                Entity::insert(row)
                    .exec_without_returning(&transaction)
                    .await?;
            }
            access_token::Entity::delete_by_id(Tokens::app_row_id(suite_id, corp_id))
                .exec(&transaction)
                .await?;
        } else if event.new_epoch {
            // The secret stays the later one's. The company authorised anew all the same: sessions of before are over.
            Entity::update_many()
                .col_expr(Column::Epoch, next_epoch())
                .filter(Entity::of_corp(suite_id, corp_id))
                .exec(&transaction)
                .await?;
        }
        failpoint::reach("exchange/written");
        self.commit(transaction, suite_id, corp_id).await?;
        Ok(true)
    }
}
