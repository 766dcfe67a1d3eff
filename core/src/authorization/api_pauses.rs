//! APIs that WeCom refuses for every corp of a suite: 45009, 45033, 60020, -1. Re-reads stop until a single probe gets
//! through, on all nodes together.

use std::time::Duration;

use sea_orm::sea_query::Expr;
use sea_orm::{ActiveValue::Set, ColumnTrait as _, Condition, EntityTrait as _, QueryFilter as _};

use crate::db::entity::api_pause::{ActiveModel, Column, Entity};
use crate::db::{Store, is_unique_violation};
use crate::domain::SuiteId;
use crate::error::{Error, ErrorKind, Result};
use crate::wecom::{CallError, CallErrorKind, Errcode};

/// The pause before the first probe. Each probe that is refused doubles it.
const MIN_PAUSE: Duration = Duration::from_secs(5);
const MAX_PAUSE: Duration = Duration::from_mins(10);
/// How long a probe may take before another one is made.
const PROBE_TIMEOUT: Duration = Duration::from_secs(30);
/// A probe that lies further ahead was set under a clock that was wrong.
const MAX_PAUSE_AHEAD: Duration = Duration::from_mins(20);

/// The pauses of the APIs that re-reads call.
#[derive(Clone, Debug)]
pub(super) struct ApiPauses {
    store: Store,
}

/// Whether an API may be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ApiTurn {
    Free,
    /// This call is the probe.
    Probe,
}

impl ApiPauses {
    pub(super) const fn new(store: Store) -> Self {
        Self { store }
    }

    /// How long these APIs of a suite are not to be called.
    pub(super) async fn paused_for(
        &self,
        suite_id: &SuiteId,
        apis: &[&'static str],
    ) -> Result<Option<Duration>> {
        let now = self.store.now();
        let rows = Entity::find()
            .filter(of_apis(suite_id, apis))
            .filter(Column::ProbeAt.gt(now))
            .filter(Column::ProbeAt.lte(now + MAX_PAUSE_AHEAD))
            .all(self.store.database())
            .await?;
        Ok(rows.iter().map(|row| row.probe_at.since(now)).max())
    }

    /// Asks whether these APIs may be called now. The call that is the probe is settled by [`settle`](Self::settle).
    ///
    /// # Errors
    /// `UPSTREAM_ERROR`: they are paused, for the time that the error says.
    pub(super) async fn begin(&self, suite_id: &SuiteId, apis: &[&'static str]) -> Result<ApiTurn> {
        let now = self.store.now();
        let rows = Entity::find()
            .filter(of_apis(suite_id, apis))
            .all(self.store.database())
            .await?;
        let mut turn = ApiTurn::Free;
        for row in rows {
            let is_due = row.probe_at <= now || row.probe_at > now + MAX_PAUSE_AHEAD;
            // One node moves the time on, and makes the probe.
            let is_probe = is_due
                && Entity::update_many()
                    .col_expr(Column::ProbeAt, Expr::value(now + PROBE_TIMEOUT))
                    .filter(of_apis(suite_id, &[&row.api]))
                    .filter(Column::ProbeAt.eq(row.probe_at))
                    .exec(self.store.database())
                    .await?
                    .rows_affected
                    > 0;
            if !is_probe {
                let wait = if is_due {
                    PROBE_TIMEOUT
                } else {
                    row.probe_at.since(now)
                };
                return Err(Error::new(
                    ErrorKind::Upstream,
                    format!(
                        "{} is paused: WeCom refused it with {}",
                        row.api, row.errcode
                    ),
                )
                .with_retry_after(wait));
            }
            turn = ApiTurn::Probe;
        }
        Ok(turn)
    }

    /// Records how a call ended: a refusal that is not about one corp pauses its API, and a probe that gets through ends the
    /// pause.
    pub(super) async fn settle(
        &self,
        suite_id: &SuiteId,
        apis: &[&'static str],
        turn: ApiTurn,
        error: Option<CallError>,
    ) -> Result<()> {
        match error.map(|error| (error.kind, error)) {
            Some((CallErrorKind::Refused(errcode), error))
                if errcode.pauses_api() && apis.contains(&&*error.path) =>
            {
                self.pause(suite_id, &error.path, errcode, turn).await
            }
            None | Some((CallErrorKind::Refused(_), _)) if turn == ApiTurn::Probe => {
                Entity::delete_many()
                    .filter(of_apis(suite_id, apis))
                    .exec(self.store.database())
                    .await?;
                tracing::info!(target: "wecom_login", %suite_id, ?apis, "WeCom answers again; the re-reads go on");
                Ok(())
            }
            // A probe without an answer is followed by another one.
            _ => Ok(()),
        }
    }

    async fn pause(
        &self,
        suite_id: &SuiteId,
        api: &str,
        errcode: Errcode,
        turn: ApiTurn,
    ) -> Result<()> {
        let (database, now) = (self.store.database(), self.store.now());
        let key = (suite_id.clone(), api.to_owned());
        let Some(row) = Entity::find_by_id(key).one(database).await? else {
            let row = ActiveModel {
                suite_id: Set(suite_id.clone()),
                api: Set(api.to_owned()),
                errcode: Set(errcode.number()),
                probes: Set(0),
                since: Set(now),
                probe_at: Set(now + MIN_PAUSE),
            };
            return match Entity::insert(row).exec_without_returning(database).await {
                Ok(_) => {
                    tracing::info!(target: "wecom_login", %suite_id, api, %errcode, "WeCom refuses an API; the re-reads pause");
                    Ok(())
                }
                // Another call was refused as well.
                Err(error) if is_unique_violation(&error) => Ok(()),
                Err(error) => Err(error.into()),
            };
        };
        // A call that began before the pause does not prolong it.
        if turn == ApiTurn::Probe {
            let probes = row.probes.saturating_add(1);
            let doublings = u32::try_from(probes.clamp(0, 16)).unwrap_or(0);
            let pause = MIN_PAUSE.saturating_mul(1 << doublings).min(MAX_PAUSE);
            Entity::update_many()
                .col_expr(Column::Errcode, Expr::value(errcode.number()))
                .col_expr(Column::Probes, Expr::value(probes))
                .col_expr(Column::ProbeAt, Expr::value(now + pause))
                .filter(of_apis(suite_id, &[api]))
                .exec(database)
                .await?;
        }
        Ok(())
    }
}

fn of_apis(suite_id: &SuiteId, apis: &[&str]) -> Condition {
    let apis = apis.iter().map(|api| (*api).to_owned());
    Condition::all()
        .add(Column::SuiteId.eq(suite_id.clone()))
        .add(Column::Api.is_in(apis))
}
