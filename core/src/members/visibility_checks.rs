//! The visibility that events have asked again: of which members, how fast, by which node.

use std::time::Duration;

use futures_util::StreamExt as _;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait as _, Condition, EntityTrait as _, PaginatorTrait as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _, QueryTrait as _,
};
use tokio::time::Instant;

use crate::clock::Timestamp;
use crate::db::entity::member::{Column, Entity, Model};
use crate::db::entity::{authorization, session};
use crate::db::{CorpColumns as _, PrincipalColumns as _};
use crate::domain::Principal;
use crate::error::{ErrorKind, Result};
use crate::members::{Members, Visibility};

/// How long a node has to ask about a member.
const CHECK_LEASE: Duration = Duration::from_mins(1);
/// When a member is asked about again whom WeCom said nothing of.
const CHECK_RETRY_INTERVAL: Duration = Duration::from_mins(10);
const MAX_CONCURRENT_CHECKS: usize = 8;
/// So many questions of one node take a second at least: WeCom allows 10 000 a minute per corp (D/96212).
const CHECK_BATCH: u64 = 50;
const MIN_BATCH_DURATION: Duration = Duration::from_secs(1);

impl Members {
    /// What WeCom says of the member may have changed: the next login asks, and sessions are checked soon.
    pub(crate) async fn request_visibility_check(&self, principal: &Principal) -> Result<()> {
        Entity::update_many()
            .col_expr(Column::VisibleAt, Expr::value(None::<Timestamp>))
            .col_expr(Column::VisibilityDueAt, Expr::value(self.inner.store.now()))
            .filter(Entity::of_principal(principal))
            .exec(self.inner.store.database())
            .await?;
        self.inner.visibility_due.notify_one();
        Ok(())
    }
}

impl Visibility {
    /// Asks WeCom about every member who is due and has a live session. The sessions of those whom the app is hidden from
    /// are revoked.
    pub(crate) async fn check_due(&self) -> Result<()> {
        self.schedule_corps().await?;
        loop {
            let began = Instant::now();
            let due = Entity::find()
                .filter(Column::VisibilityDueAt.lte(self.store.now()))
                .filter(Column::SuiteId.is_in(self.suites.ids()))
                .order_by_asc(Column::VisibilityDueAt)
                .limit(CHECK_BATCH)
                .all(self.store.database())
                .await?;
            let is_full = due.len() as u64 == CHECK_BATCH;
            let checks = due.into_iter().map(|row| async move {
                if let Err(error) = self.check_one(&row).await {
                    tracing::info!(target: "wecom_login", ?error, "visibility could not be checked");
                }
            });
            futures_util::stream::iter(checks)
                .buffer_unordered(MAX_CONCURRENT_CHECKS)
                .collect::<()>()
                .await;
            if !is_full {
                return Ok(());
            }
            tokio::time::sleep_until(began + MIN_BATCH_DURATION).await;
        }
    }

    /// Makes the members with live sessions due whose corp is due.
    async fn schedule_corps(&self) -> Result<()> {
        use authorization::{Column as Of, Entity as Authorization};
        let (database, now) = (self.store.database(), self.store.now());
        let due = Authorization::find()
            .filter(Of::VisibilityDueAt.lte(now))
            .filter(Of::SuiteId.is_in(self.suites.ids()))
            .all(database)
            .await?;
        for corp in due {
            let (suite_id, corp_id) = (&corp.suite_id, &corp.corp_id);
            let with_session = session::Entity::find()
                .select_only()
                .column(session::Column::ThirdUserId)
                .filter(session::Entity::of_corp(suite_id, corp_id))
                .filter(session::Column::ExpiresAt.gt(now))
                .into_query();
            let not_asked_since = Condition::any()
                .add(Column::VisibleAt.is_null())
                .add(Column::VisibleAt.lte(corp.changed_at));
            Entity::update_many()
                .col_expr(Column::VisibilityDueAt, Expr::value(now))
                .filter(Entity::of_corp(suite_id, corp_id))
                .filter(Column::VisibilityDueAt.is_null())
                .filter(Column::ThirdUserId.in_subquery(with_session))
                .filter(not_asked_since)
                .exec(database)
                .await?;
            // Unless another event came meanwhile.
            Authorization::update_many()
                .col_expr(Of::VisibilityDueAt, Expr::value(None::<Timestamp>))
                .filter(Authorization::of_corp(suite_id, corp_id))
                .filter(Of::VisibilityDueAt.eq(corp.visibility_due_at))
                .exec(database)
                .await?;
        }
        Ok(())
    }

    async fn check_one(&self, member: &Model) -> Result<()> {
        let principal = Principal::new(
            member.suite_id.clone(),
            member.corp_id.clone(),
            member.third_user_id.clone(),
        );
        let asked_at = self.store.now();
        let lease = Some(asked_at + CHECK_LEASE);
        if !self
            .set_due(&principal, member.visibility_due_at, lease)
            .await?
        {
            return Ok(());
        }
        let live_sessions = session::Entity::find()
            .filter(session::Entity::of_principal(&principal))
            .filter(session::Column::ExpiresAt.gt(asked_at))
            .filter(session::Column::MemberEpoch.eq(member.epoch))
            .count(self.store.database())
            .await?;
        if live_sessions == 0 {
            // The next login asks.
            self.set_due(&principal, lease, None).await?;
            return Ok(());
        }
        let asked = async {
            let authorization = self
                .authorizations
                .require_active(&principal.suite_id, &principal.corp_id)
                .await?;
            self.query(&authorization.credential()?, &principal).await
        };
        match asked.await {
            Ok(profile) => {
                // Unless another event came meanwhile.
                if self.set_due(&principal, lease, None).await? {
                    self.members
                        .record_visible(&principal, &profile.unwrap_or_default(), asked_at)
                        .await?;
                }
                Ok(())
            }
            Err(error) if error.kind() == ErrorKind::UserNotVisible => {
                self.set_due(&principal, lease, None).await?;
                Ok(())
            }
            Err(error) => {
                let later = Some(self.store.now() + CHECK_RETRY_INTERVAL);
                self.set_due(&principal, lease, later).await?;
                Err(error)
            }
        }
    }

    /// Sets when a member is due, if nobody else did. Returns whether it was set.
    async fn set_due(
        &self,
        principal: &Principal,
        from: Option<Timestamp>,
        to: Option<Timestamp>,
    ) -> Result<bool> {
        let set = Entity::update_many()
            .col_expr(Column::VisibilityDueAt, Expr::value(to))
            .filter(Entity::of_principal(principal))
            .filter(Column::VisibilityDueAt.eq(from))
            .exec(self.store.database())
            .await?;
        Ok(set.rows_affected > 0)
    }
}
