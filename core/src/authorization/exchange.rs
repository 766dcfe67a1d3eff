//! From an AuthCode to a permanent code (D/97163). WeCom answers an AuthCode once, so the answer is stored alone and
//! at once, and tried until it is.

use std::time::Duration;

use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};

use super::authorization::seal_code;
use super::authorizations::Authorizations;
use crate::error::{Error, ErrorKind, Result};
use crate::ids::{CorpId, SuiteId};
use crate::secret::{SuiteAccessToken, TemporaryAuthCode};
use crate::store::entity::authorization::{ActiveModel, Entity};
use crate::store::entity::{access_token, callback_record};
use crate::store::{AuthorizationStatus, RecordStatus, Sealed, retried};
use crate::wecom::{CallError, Errcode, ExchangeVersion, Exchanged, Tokens};

/// How long to wait before the next attempt to store a permanent code.
const STORE_AGAIN: Duration = Duration::from_secs(1);

/// The event that brings an AuthCode.
#[derive(Clone, Debug)]
pub(crate) struct Authorizing {
    pub(crate) suite_id: SuiteId,
    pub(crate) record_id: i64,
    /// WeCom's time of the event, in seconds.
    pub(crate) event_time: i64,
    /// `create_auth` begins a new epoch, `reset_permanent_code` does not.
    pub(crate) new_epoch: bool,
}

impl Authorizations {
    /// Exchanges an AuthCode and stores what comes of it. `may_send` is asked before each call: the code is sent only
    /// by the holder of the record's lease.
    pub(crate) async fn exchange(
        &self,
        event: &Authorizing,
        code: &TemporaryAuthCode,
        may_send: &(dyn Fn() -> bool + Send + Sync),
    ) -> Result<CorpId> {
        let suite = self.0.suites.require(&event.suite_id)?;
        let mut token = self.0.tokens.suite(suite).await?;
        let mut exchanged = self.send(&token, code, ExchangeVersion::V2, may_send).await?;
        if exchanged.as_ref().is_err_and(|error| error.errcode().is_some_and(Errcode::is_token_dead)) {
            self.0.tokens.suite_token_died(&suite.id, &token).await;
            token = self.0.tokens.suite(suite).await?;
            exchanged = self.send(&token, code, ExchangeVersion::V2, may_send).await?;
        }
        // Never after a doubt: the code may be spent, and the second call would only say so.
        let refused = |error: &CallError| {
            error.is_definite_refusal() && !error.errcode().is_some_and(Errcode::is_auth_code_spent)
        };
        if exchanged.as_ref().is_err_and(refused) {
            exchanged = self.send(&token, code, ExchangeVersion::V1, may_send).await?;
        }
        let exchanged = exchanged?;
        self.store_at_any_price(event, &exchanged).await?;
        Ok(exchanged.corp_id)
    }

    async fn send(
        &self,
        token: &SuiteAccessToken,
        code: &TemporaryAuthCode,
        version: ExchangeVersion,
        may_send: &(dyn Fn() -> bool + Send + Sync),
    ) -> Result<std::result::Result<Exchanged, CallError>> {
        if !may_send() {
            return Err(Error::new(ErrorKind::RecordBusy, "the lease ran out; another node has the record"));
        }
        Ok(self.0.api.permanent_code(token, code, version).await)
    }

    /// The only copy of a permanent code is in our hands: try until the database takes it.
    async fn store_at_any_price(&self, event: &Authorizing, exchanged: &Exchanged) -> Result<()> {
        let (suite_id, corp_id) = (&event.suite_id, &exchanged.corp_id);
        let sealed = seal_code(&self.0.store, suite_id, corp_id, &exchanged.permanent_code)?;
        loop {
            let stored = retried(|| self.store_exchanged(event, exchanged, &sealed)).await;
            let Err(error) = stored else { return Ok(()) };
            tracing::error!(
                target: "wecom_login", %suite_id, %corp_id, ?error,
                "a permanent code was fetched but cannot be stored; it is tried again until it is"
            );
            tokio::time::sleep(STORE_AGAIN).await;
        }
    }

    async fn store_exchanged(
        &self,
        event: &Authorizing,
        exchanged: &Exchanged,
        sealed: &Sealed,
    ) -> Result<()> {
        let (suite_id, corp_id) = (&event.suite_id, &exchanged.corp_id);
        let now = self.0.store.now();
        let transaction = self.0.store.begin().await?;
        let known = self.lock_row(&transaction, suite_id, corp_id).await?;
        let later = known.as_ref().is_some_and(|known| {
            known.event_time > event.event_time && known.status == AuthorizationStatus::Active
        });
        if !later {
            let status = match &known {
                Some(known) if known.status == AuthorizationStatus::Active => AuthorizationStatus::Active,
                Some(known) if !event.new_epoch && known.status == AuthorizationStatus::Broken => {
                    AuthorizationStatus::Active
                }
                Some(known) if !event.new_epoch => known.status,
                // The host app is asked first.
                _ => AuthorizationStatus::Held,
            };
            let (epoch, version, event_time) = known
                .as_ref()
                .map_or((0, 0, i64::MIN), |known| (known.epoch, known.secret_version, known.event_time));
            let row = ActiveModel {
                suite_id: Set(suite_id.clone()),
                corp_id: Set(corp_id.clone()),
                corp_name: Set(exchanged
                    .corp_name
                    .clone()
                    .or_else(|| known.as_ref().map(|known| known.corp_name.clone()))
                    .unwrap_or_default()),
                agent_id: Set(exchanged.agent_id.or_else(|| known.as_ref().and_then(|known| known.agent_id))),
                permanent_code: Set(Some(sealed.clone())),
                status: Set(status),
                broken_by: Set(None),
                broken_at: Set(None),
                epoch: Set(epoch + i64::from(event.new_epoch)),
                secret_version: Set(version + 1),
                event_time: Set(event_time.max(event.event_time)),
                changed_at: Set(now),
                read_at: Set(None),
                read_due_at: Set(now),
                created_at: if known.is_some() { NotSet } else { Set(now) },
            };
            if known.is_some() {
                Entity::update(row).validate()?.exec_without_returning(&transaction).await?;
            } else {
                Entity::insert(row).exec_without_returning(&transaction).await?;
            }
            access_token::Entity::delete_by_id(Tokens::app_row_id(suite_id, corp_id))
                .exec(&transaction)
                .await?;
        }
        // The payload has done its work; whoever marked the record failed meanwhile, the rest of it is to be done.
        callback_record::Entity::update_many()
            .col_expr(callback_record::Column::Exchanged, Expr::value(true))
            .col_expr(callback_record::Column::CorpId, Expr::value(corp_id.clone()))
            .col_expr(callback_record::Column::Payload, Expr::value(None::<Sealed>))
            .filter(callback_record::Column::Id.eq(event.record_id))
            .exec(&transaction)
            .await?;
        callback_record::Entity::update_many()
            .col_expr(callback_record::Column::Status, Expr::value(RecordStatus::Waiting))
            .col_expr(callback_record::Column::DueAt, Expr::value(now))
            .filter(callback_record::Column::Id.eq(event.record_id))
            .filter(callback_record::Column::Status.eq(RecordStatus::Failed))
            .exec(&transaction)
            .await?;
        self.commit(transaction, suite_id, corp_id).await
    }
}
