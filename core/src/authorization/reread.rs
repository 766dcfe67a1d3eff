//! The re-read of authorizations from WeCom, which is the source of truth: callbacks can be lost (D/96238).

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};

use crate::audit::Actor;
use crate::authorization::api_pauses::ApiTurn;
use crate::authorization::authorization::Authorization;
use crate::authorization::authorizations::Authorizations;
use crate::authorization::end::{
    CONTRADICTION_INTERVAL, EndState, needs_second_contradiction, says_ended,
};
use crate::authorization::reread_schedule::{
    BROKEN_SESSION_GRACE, READ_APIS, READ_INTERVAL, TOKEN_APIS, next_read_at,
};
use crate::authorization::rows::{is_unchanged, next_epoch, sessions_ended};
use crate::clock::Timestamp;
use crate::db::entity::authorization::{Column, Entity};
use crate::domain::{AuthorizationStatus, CorpId, PermanentCode, SuiteId};
use crate::error::{Error, Result};
use crate::hooks::Notification;
use crate::tokens::{AppCredential, with_either_id};
use crate::wecom::{AuthInfo, CallError, Errcode};

impl Authorizations {
    /// Reads the authorization from WeCom and stores it.
    ///
    /// # Errors
    /// WeCom or the database failed. The re-read is due again.
    pub(crate) async fn reread(&self, suite_id: &SuiteId, corp_id: &CorpId) -> Result<()> {
        let Some(known) = self
            .read_row(self.inner.store.database(), suite_id, corp_id)
            .await?
        else {
            return Ok(());
        };
        let Some(permanent_code) = known.permanent_code.clone() else {
            return Ok(());
        };
        match self.query(&known, &permanent_code).await {
            Ok(info) => self.apply_confirmed(&known, info).await,
            Err(ReadError::Refused(errcode)) if says_ended(&known, errcode) => {
                self.apply_ended(&known, errcode).await
            }
            Err(ReadError::Refused(errcode) | ReadError::TokenRefused(errcode)) => {
                self.apply_refused(&known, errcode, EndState::of(&known))
                    .await
            }
            Err(ReadError::Unanswered(error)) => {
                self.reschedule_read(&known, &error).await?;
                Err(error)
            }
        }
    }

    /// WeCom refused a call of this app with an errcode that breaks its authorization. Logins stop, and the
    /// authorization is re-read at once. Nothing happens if the permanent code has changed since the call.
    pub(crate) async fn mark_broken(&self, app: &AppCredential, errcode: Errcode) -> Result<()> {
        let now = self.inner.store.now();
        let update = Entity::update_many()
            .col_expr(Column::Status, Expr::value(AuthorizationStatus::Broken))
            .col_expr(Column::BrokenBy, Expr::value(errcode.number()))
            .col_expr(Column::BrokenAt, Expr::value(now))
            .col_expr(Column::ReadDueAt, Expr::value(now))
            .col_expr(Column::ReadFailures, Expr::value(0))
            .filter(Column::SecretVersion.eq(app.version))
            .filter(Column::Status.eq(AuthorizationStatus::Active));
        if self.update(&app.suite_id, &app.corp_id, update).await? {
            let (suite_id, corp_id) = (&app.suite_id, &app.corp_id);
            tracing::warn!(target: "wecom_login", %suite_id, %corp_id, %errcode, "authorization broken");
            self.inner.due.notify_one();
        }
        Ok(())
    }

    async fn query(
        &self,
        known: &Authorization,
        permanent_code: &PermanentCode,
    ) -> std::result::Result<AuthInfo, ReadError> {
        let suite = self
            .inner
            .suites
            .require(&known.suite_id)
            .map_err(Error::from)?;
        let (pauses, suite_id) = (&self.inner.pauses, &known.suite_id);
        let turn = pauses.begin(suite_id, &READ_APIS).await?;
        let api = match turn {
            ApiTurn::Free => self.inner.api.clone(),
            ApiTurn::Probe => self.inner.api.without_repetition(),
        };
        let (api, aliases) = (&api, &self.inner.aliases);
        let read = |token| async move {
            let token = &token;
            let call =
                |corp_id| async move { api.auth_info(token, &corp_id, permanent_code).await };
            with_either_id(aliases, &known.suite_id, &known.corp_id, call).await
        };
        let info = self.inner.tokens.call_with_token(suite, read).await;
        let failure = match &info {
            Ok((Ok(_), _)) => None,
            Ok((Err(error), _)) => Some(error.clone()),
            Err(error) => CallError::cause_of(error),
        };
        if failure.is_some() || info.is_ok() {
            pauses.settle(suite_id, &READ_APIS, turn, failure).await?;
        }
        let info = info?.0.map_err(|error| match error.errcode() {
            Some(errcode) if errcode.breaks_authorization() => ReadError::Refused(errcode),
            _ => ReadError::Unanswered(error.into()),
        })?;
        if known.status == AuthorizationStatus::Broken {
            // The permanent code has to get an access token too, or the next login breaks the authorization again.
            let app = known.credential_unchecked(permanent_code);
            let turn = pauses.begin(suite_id, &TOKEN_APIS).await?;
            self.inner.tokens.evict(&app).await?;
            let token = self.inner.tokens.token(&app).await;
            let failure = token.as_ref().err().and_then(CallError::cause_of);
            if failure.is_some() || token.is_ok() {
                pauses.settle(suite_id, &TOKEN_APIS, turn, failure).await?;
            }
            if let Err(error) = token {
                return Err(match error.errcode().map(Errcode::new) {
                    Some(errcode) if errcode.breaks_authorization() => {
                        if errcode == Errcode::INVALID_CREDENTIAL {
                            self.record_switched_off(known).await?;
                        }
                        ReadError::TokenRefused(errcode)
                    }
                    _ => ReadError::Unanswered(error),
                });
            }
        }
        Ok(info)
    }

    /// WeCom confirms the authorization and rejects its secret: the corp has switched the app off. Said once.
    async fn record_switched_off(&self, known: &Authorization) -> Result<()> {
        if known.switched_off_at.is_some() {
            return Ok(());
        }
        Entity::update_many()
            .col_expr(Column::SwitchedOffAt, Expr::value(self.inner.store.now()))
            .filter(is_unchanged(known))
            .exec(self.inner.store.database())
            .await?;
        let (suite_id, corp_id) = (&known.suite_id, &known.corp_id);
        tracing::warn!(
            target: "wecom_login", %suite_id, %corp_id, errcode = 40001,
            "the corp has switched the app off: WeCom rejects its secret and confirms its authorization; \
             an administrator of the corp has to enable the app"
        );
        Ok(())
    }

    /// WeCom confirmed the authorization: names are updated, a broken one is healed, a cancelled one is reviewed again once
    /// WeCom has contradicted its end twice.
    async fn apply_confirmed(&self, known: &Authorization, info: AuthInfo) -> Result<()> {
        let now = self.inner.store.now();
        let mut update = Entity::update_many()
            .col_expr(Column::ReadAt, Expr::value(now))
            .col_expr(Column::ReadFailures, Expr::value(0));
        let still_ending = needs_second_contradiction(known, now);
        if still_ending {
            let first = known.end_contradicted_at.unwrap_or(now);
            update = update
                .col_expr(Column::EndContradictedAt, Expr::value(first))
                .col_expr(
                    Column::ReadDueAt,
                    Expr::value(first + CONTRADICTION_INTERVAL),
                );
        } else {
            let status = match known.status {
                AuthorizationStatus::Broken => AuthorizationStatus::Active,
                // It may be denied: the host app reviews it again.
                AuthorizationStatus::Cancelled => AuthorizationStatus::Held,
                other => other,
            };
            update = update
                .col_expr(Column::Status, Expr::value(status))
                .col_expr(Column::BrokenBy, Expr::value(None::<i64>))
                .col_expr(Column::BrokenAt, Expr::value(None::<Timestamp>))
                .col_expr(Column::EndConfirmedAt, Expr::value(None::<Timestamp>))
                .col_expr(Column::EndContradictedAt, Expr::value(None::<Timestamp>))
                .col_expr(Column::EndHeldAt, Expr::value(None::<Timestamp>))
                .col_expr(Column::SwitchedOffAt, Expr::value(None::<Timestamp>))
                .col_expr(Column::ReadDueAt, Expr::value(now + READ_INTERVAL));
        }
        if let Some(corp_name) = info.corp_name {
            update = update.col_expr(Column::CorpName, Expr::value(corp_name));
        }
        if let Some(agent_id) = info.agent_id {
            update = update.col_expr(Column::AgentId, Expr::value(agent_id));
        }
        let (suite_id, corp_id) = (&known.suite_id, &known.corp_id);
        let update = update.filter(is_unchanged(known));
        let is_new_again = match known.status {
            AuthorizationStatus::Cancelled => true,
            // WeCom refused it when the host app was to review it.
            AuthorizationStatus::Held => known.broken_by.is_some(),
            _ => false,
        };
        if is_new_again && !still_ending {
            let review = Notification::Review {
                suite_id: suite_id.clone(),
                corp_id: corp_id.clone(),
            };
            if self
                .update_and_notify(suite_id, corp_id, update, &review, None)
                .await?
            {
                tracing::info!(target: "wecom_login", %suite_id, %corp_id, "WeCom confirms the authorization again; the host app reviews the corp");
                self.inner
                    .notifications
                    .expedite_review(suite_id, corp_id)
                    .await?;
            }
            return Ok(());
        }
        let is_updated = self.update(suite_id, corp_id, update).await?;
        if is_updated && known.status == AuthorizationStatus::Broken && !still_ending {
            tracing::info!(target: "wecom_login", %suite_id, %corp_id, "authorization healed: WeCom takes its permanent code again");
        }
        Ok(())
    }

    /// WeCom refused the permanent code, which may be a reset whose event was lost: logins stop, and after a day the
    /// sessions are revoked.
    pub(super) async fn apply_refused(
        &self,
        known: &Authorization,
        errcode: Errcode,
        end: EndState,
    ) -> Result<()> {
        let now = self.inner.store.now();
        let broken_at = known.broken_at.unwrap_or(now);
        let status = match known.status {
            AuthorizationStatus::Active => AuthorizationStatus::Broken,
            other => other,
        };
        let mut update = Entity::update_many()
            .col_expr(Column::Status, Expr::value(status))
            .col_expr(Column::BrokenBy, Expr::value(errcode.number()))
            .col_expr(Column::BrokenAt, Expr::value(broken_at))
            .col_expr(Column::EndConfirmedAt, Expr::value(end.confirmed_at))
            .col_expr(Column::EndContradictedAt, Expr::value(None::<Timestamp>))
            .col_expr(Column::EndHeldAt, Expr::value(end.held_at))
            .col_expr(
                Column::ReadFailures,
                Expr::value(known.read_failures.saturating_add(1)),
            )
            .col_expr(Column::ReadDueAt, Expr::value(next_read_at(known, now)));
        let (suite_id, corp_id) = (&known.suite_id, &known.corp_id);
        if now.since(broken_at) >= BROKEN_SESSION_GRACE {
            update = update
                .col_expr(Column::Epoch, next_epoch())
                .filter(is_unchanged(known));
            let entry = sessions_ended(Actor::WeCom, suite_id, corp_id).with_detail("broken");
            self.update_with_entry(suite_id, corp_id, update, &entry)
                .await?;
        } else {
            let update = update.filter(is_unchanged(known));
            self.update(suite_id, corp_id, update).await?;
        }
        Ok(())
    }
}

/// Why WeCom did not confirm an authorization.
enum ReadError {
    /// `get_auth_info` refused the permanent code.
    Refused(Errcode),
    /// `gettoken` refused the permanent code, which says nothing of the authorization's end.
    TokenRefused(Errcode),
    Unanswered(Error),
}

impl From<Error> for ReadError {
    fn from(error: Error) -> Self {
        Self::Unanswered(error)
    }
}
