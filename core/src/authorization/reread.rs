//! The re-read of authorizations from WeCom, which is the source of truth: callbacks can be lost (D/96238).

use std::time::Duration;

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};

use crate::authorization::authorization::Authorization;
use crate::authorization::authorizations::Authorizations;
use crate::authorization::reread_schedule::{
    AGENT_READ_INTERVAL, BROKEN_READ_INTERVAL, READ_INTERVAL,
};
use crate::authorization::rows::{is_unchanged, next_epoch};
use crate::clock::Timestamp;
use crate::db::entity::authorization::{Column, Entity};
use crate::domain::{AuthorizationStatus, CorpId, PermanentCode, SuiteId};
use crate::error::{Error, Result};
use crate::hooks::Notification;
use crate::tokens::AppCredential;
use crate::wecom::{AuthInfo, Errcode};

/// How long sessions outlive the break of their authorization.
const BROKEN_SESSION_GRACE: Duration = Duration::from_hours(24);

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
            Err(ReadError::Refused(errcode)) if confirms_end(&known, errcode) => {
                self.erase(&known).await
            }
            Err(ReadError::Refused(errcode)) => self.apply_refused(&known, errcode).await,
            Err(ReadError::Unanswered(error)) => {
                // Without an agentId the corp has no login link yet.
                let wait = if known.agent_id.is_none() {
                    AGENT_READ_INTERVAL
                } else {
                    BROKEN_READ_INTERVAL
                };
                self.reschedule_read(&known, wait).await?;
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
        let read = |token| async move {
            let (api, corp_id) = (&self.inner.api, &known.corp_id);
            api.auth_info(&token, corp_id, permanent_code).await
        };
        let (info, _) = self.inner.tokens.call_with_token(suite, read).await?;
        let info = info.map_err(|error| match error.errcode() {
            Some(errcode) if errcode.breaks_authorization() => ReadError::Refused(errcode),
            _ => ReadError::Unanswered(error.into()),
        })?;
        if known.status == AuthorizationStatus::Broken {
            // The permanent code has to get an access token too, or the next login breaks the authorization again.
            let app = known.credential_unchecked(permanent_code);
            self.inner.tokens.evict(&app).await?;
            self.inner.tokens.token(&app).await.map_err(|error| {
                match error.errcode().map(Errcode::new) {
                    Some(errcode) if errcode.breaks_authorization() => ReadError::Refused(errcode),
                    _ => ReadError::Unanswered(error),
                }
            })?;
        }
        Ok(info)
    }

    /// WeCom confirmed the authorization: names are updated, a broken one is healed, a cancelled one is reviewed again.
    async fn apply_confirmed(&self, known: &Authorization, info: AuthInfo) -> Result<()> {
        let now = self.inner.store.now();
        let status = match known.status {
            AuthorizationStatus::Broken => AuthorizationStatus::Active,
            // It may be denied: the host app reviews it again.
            AuthorizationStatus::Cancelled => AuthorizationStatus::Held,
            other => other,
        };
        let mut update = Entity::update_many()
            .col_expr(Column::Status, Expr::value(status))
            .col_expr(Column::BrokenBy, Expr::value(None::<i64>))
            .col_expr(Column::BrokenAt, Expr::value(None::<Timestamp>))
            .col_expr(Column::ReadAt, Expr::value(now))
            .col_expr(Column::ReadDueAt, Expr::value(now + READ_INTERVAL));
        if let Some(corp_name) = info.corp_name {
            update = update.col_expr(Column::CorpName, Expr::value(corp_name));
        }
        if let Some(agent_id) = info.agent_id {
            update = update.col_expr(Column::AgentId, Expr::value(agent_id));
        }
        let (suite_id, corp_id) = (&known.suite_id, &known.corp_id);
        let update = update.filter(is_unchanged(known));
        match known.status {
            AuthorizationStatus::Cancelled => {
                let review = Notification::Review {
                    suite_id: suite_id.clone(),
                    corp_id: corp_id.clone(),
                };
                if self
                    .update_and_notify(suite_id, corp_id, update, &review)
                    .await?
                {
                    tracing::info!(target: "wecom_login", %suite_id, %corp_id, "WeCom contradicted a cancellation; the host app reviews the corp");
                    self.inner
                        .notifications
                        .expedite_review(suite_id, corp_id)
                        .await?;
                }
            }
            AuthorizationStatus::Broken => {
                if self.update(suite_id, corp_id, update).await? {
                    tracing::info!(target: "wecom_login", %suite_id, %corp_id, "authorization healed: WeCom takes its permanent code again");
                }
            }
            _ => {
                self.update(suite_id, corp_id, update).await?;
            }
        }
        Ok(())
    }

    /// WeCom refused the permanent code, which may be a reset whose event was lost: logins stop, and after a day the
    /// sessions are revoked.
    async fn apply_refused(&self, known: &Authorization, errcode: Errcode) -> Result<()> {
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
            .col_expr(Column::ReadDueAt, Expr::value(now + BROKEN_READ_INTERVAL));
        if now.since(broken_at) >= BROKEN_SESSION_GRACE {
            update = update.col_expr(Column::Epoch, next_epoch());
        }
        self.update(
            &known.suite_id,
            &known.corp_id,
            update.filter(is_unchanged(known)),
        )
        .await?;
        Ok(())
    }
}

/// Why WeCom did not confirm an authorization.
enum ReadError {
    Refused(Errcode),
    Unanswered(Error),
}

impl From<Error> for ReadError {
    fn from(error: Error) -> Self {
        Self::Unanswered(error)
    }
}

/// Whether this refusal confirms the end. After a cancellation every refusal of the code does; without one only 48004
/// does, since 40084 and 40001 may also mean a reset whose event was lost.
fn confirms_end(known: &Authorization, errcode: Errcode) -> bool {
    errcode == Errcode::AUTHORIZATION_INVALID
        || (known.status == AuthorizationStatus::Cancelled && errcode.confirms_end())
}
