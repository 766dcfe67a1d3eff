//! WeCom is the witness: what an authorisation really is, is what WeCom answers about it. Callbacks get lost (D/96238).

use std::time::Duration;

use futures_util::StreamExt as _;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
};

use crate::authorization::authorization::Authorization;
use crate::authorization::authorizations::{Authorizations, next_epoch};
use crate::clock::Timestamp;
use crate::db::entity::authorization::{Column, Entity};
use crate::db::{CorpColumns as _, RowLease};
use crate::domain::AuthorizationStatus;
use crate::domain::PermanentCode;
use crate::domain::{CorpId, SuiteId};
use crate::error::{Error, Result};
use crate::tokens::AppCredential;
use crate::wecom::{AuthInfo, Errcode};

/// Every authorisation is asked about once a day …
const READ_INTERVAL: Duration = Duration::from_hours(24);
/// … one that is broken or about to end, every ten minutes.
const BROKEN_READ_INTERVAL: Duration = Duration::from_mins(10);
/// A new one whose app is not known yet, every five seconds.
const AGENT_READ_INTERVAL: Duration = Duration::from_secs(5);
/// A node that took a question and gave no answer for this long is gone.
const READ_LEASE: RowLease<Entity> = RowLease::new(Column::ReadDueAt, Duration::from_mins(1));
/// Questions asked at the same time.
const MAX_CONCURRENT_READS: usize = 8;
/// Questions that are due, in one look.
const READ_BATCH: u64 = 50;
/// The sessions of an authorisation that stays broken end after a day.
const BROKEN_SESSION_GRACE: Duration = Duration::from_hours(24);

impl Authorizations {
    /// Asks WeCom how the authorisation stands and stores what it says.
    ///
    /// # Errors
    /// WeCom gave no answer, or the database did not; the question is due again.
    pub(crate) async fn reread(&self, suite_id: &SuiteId, corp_id: &CorpId) -> Result<()> {
        let Some(known) = self
            .read_row(self.0.store.database(), suite_id, corp_id)
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
                // Without its app's number a company has no login link yet.
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

    /// A call for this app was refused with an errcode that breaks its authorisation. Logins stop; WeCom is asked at
    /// once whether it is so. Nothing happens if the secret has changed since.
    pub(crate) async fn mark_broken(&self, app: &AppCredential, errcode: Errcode) -> Result<()> {
        let now = self.0.store.now();
        let update = Entity::update_many()
            .col_expr(Column::Status, Expr::value(AuthorizationStatus::Broken))
            .col_expr(Column::BrokenBy, Expr::value(errcode.number()))
            .col_expr(Column::BrokenAt, Expr::value(now))
            .col_expr(Column::ReadDueAt, Expr::value(now))
            .filter(Column::SecretVersion.eq(app.version))
            .filter(Column::Status.eq(AuthorizationStatus::Active));
        if self.update(&app.suite_id, &app.corp_id, update).await? {
            let (suite_id, corp_id) = (&app.suite_id, &app.corp_id);
            tracing::warn!(target: "wecom_login", %suite_id, %corp_id, %errcode, "an authorisation is broken");
            self.0.due.notify_one();
        }
        Ok(())
    }

    /// Re-reads what is due.
    pub(crate) async fn reread_due(&self) -> Result<()> {
        loop {
            let due = Entity::find()
                .filter(Column::ReadDueAt.lte(self.0.store.now()))
                .filter(Column::PermanentCode.is_not_null())
                .filter(Column::SuiteId.is_in(self.0.suites.ids()))
                .order_by_asc(Column::ReadDueAt)
                .limit(READ_BATCH)
                .all(self.0.store.database())
                .await?;
            let full = due.len() as u64 == READ_BATCH;
            let asked = due.into_iter().map(|row| async move {
                let (suite_id, corp_id) = (&row.suite_id, &row.corp_id);
                match self.claim_read(suite_id, corp_id).await {
                    Ok(true) => {}
                    Ok(false) => return true,
                    Err(_) => return false,
                }
                if let Err(error) = self.reread(suite_id, corp_id).await {
                    tracing::info!(target: "wecom_login", %suite_id, %corp_id, ?error, "an authorisation could not be read");
                }
                true
            });
            let all_moved_on = futures_util::stream::iter(asked)
                .buffer_unordered(MAX_CONCURRENT_READS)
                .fold(true, |all, moved_on| std::future::ready(all && moved_on))
                .await;
            if !full || !all_moved_on {
                return Ok(());
            }
        }
    }

    /// A suite can be asked about again: companies whose app is not known yet are due.
    pub(crate) async fn on_suite_ticket(&self, suite_id: &SuiteId) -> Result<()> {
        let due = Entity::update_many()
            .col_expr(Column::ReadDueAt, Expr::value(self.0.store.now()))
            .filter(Column::SuiteId.eq(suite_id.clone()))
            .filter(Column::AgentId.is_null())
            .filter(Column::PermanentCode.is_not_null())
            .exec(self.0.store.database())
            .await?;
        if due.rows_affected > 0 {
            self.0.due.notify_one();
        }
        Ok(())
    }

    /// Moves a question that is due on, so that one node asks it; the answer says when it is due again. One that cannot
    /// even be asked must not stand before the others for ever.
    async fn claim_read(&self, suite_id: &SuiteId, corp_id: &CorpId) -> Result<bool> {
        let row = Entity::update_many().filter(Entity::of_corp(suite_id, corp_id));
        let (database, now) = (self.0.store.database(), self.0.store.now());
        READ_LEASE.acquire(database, row, now).await
    }

    async fn query(
        &self,
        known: &Authorization,
        permanent_code: &PermanentCode,
    ) -> std::result::Result<AuthInfo, ReadError> {
        let suite = self
            .0
            .suites
            .require(&known.suite_id)
            .map_err(Error::from)?;
        let read = |token| async move {
            let (api, corp_id) = (&self.0.api, &known.corp_id);
            api.auth_info(&token, corp_id, permanent_code).await
        };
        let (info, _) = self.0.tokens.call(suite, read).await?;
        let info = info.map_err(|error| match error.errcode() {
            Some(errcode) if errcode.breaks_authorization() => ReadError::Refused(errcode),
            _ => ReadError::Unanswered(error.into()),
        })?;
        if known.status == AuthorizationStatus::Broken {
            // The app's own secret has to work too, or the next login breaks it again.
            let app = known.credential_unchecked(permanent_code);
            self.0.tokens.evict(&app).await?;
            self.0.tokens.token(&app).await.map_err(|error| {
                match error.errcode().map(Errcode::new) {
                    Some(errcode) if errcode.breaks_authorization() => ReadError::Refused(errcode),
                    _ => ReadError::Unanswered(error),
                }
            })?;
        }
        Ok(info)
    }

    /// WeCom knows the authorisation: names are taken over, what was broken is healed, a cancellation that was not one
    /// is undone.
    async fn apply_confirmed(&self, known: &Authorization, info: AuthInfo) -> Result<()> {
        let now = self.0.store.now();
        let status = match known.status {
            AuthorizationStatus::Broken => AuthorizationStatus::Active,
            // The host app may have had its reasons; it is asked again.
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
        self.update(
            &known.suite_id,
            &known.corp_id,
            update.filter(self.unchanged(known)),
        )
        .await?;
        if known.status == AuthorizationStatus::Cancelled {
            self.request_review(&known.suite_id, &known.corp_id).await?;
        }
        Ok(())
    }

    /// WeCom refuses the permanent code, which may be a reset whose event was lost: logins stop, and after a day
    /// sessions too.
    async fn apply_refused(&self, known: &Authorization, errcode: Errcode) -> Result<()> {
        let now = self.0.store.now();
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
            update.filter(self.unchanged(known)),
        )
        .await?;
        Ok(())
    }

    async fn reschedule_read(&self, known: &Authorization, wait: Duration) -> Result<()> {
        Entity::update_many()
            .col_expr(Column::ReadDueAt, Expr::value(self.0.store.now() + wait))
            .filter(self.unchanged(known))
            .exec(self.0.store.database())
            .await?;
        Ok(())
    }

    /// The row is still the one we asked about: an answer about the past undoes no later event.
    pub(super) fn unchanged(&self, known: &Authorization) -> sea_orm::Condition {
        Entity::of_corp(&known.suite_id, &known.corp_id)
            .add(Column::SecretVersion.eq(known.secret_version))
            .add(Column::Epoch.eq(known.epoch))
            .add(Column::Status.eq(known.status))
    }
}

/// Why WeCom did not say that the authorisation stands.
enum ReadError {
    Refused(Errcode),
    Unanswered(Error),
}

impl From<Error> for ReadError {
    fn from(error: Error) -> Self {
        Self::Unanswered(error)
    }
}

/// Whether this answer is the end. After a cancellation every refusal of the code confirms it; without one only 48004
/// does, since 40084 and 40001 may also be a reset whose event was lost.
fn confirms_end(known: &Authorization, errcode: Errcode) -> bool {
    errcode == Errcode::AUTHORIZATION_INVALID
        || (known.status == AuthorizationStatus::Cancelled && errcode.confirms_end())
}
