//! The gauges that the database knows: sessions, records, corps, tickets, wrong secrets. They are read at a rate of their own,
//! however often the exporter is asked.

use std::collections::BTreeMap;
use std::time::Duration;

use sea_orm::{
    ColumnTrait as _, EntityTrait as _, Iterable as _, PaginatorTrait as _, QueryFilter as _,
    QuerySelect as _,
};

use crate::db::Store;
use crate::db::entity::{authorization, callback_record, session, suite};
use crate::domain::{AuthorizationStatus, RecordStatus, Suites};
use crate::error::Result;
use crate::metrics::{
    self, CALLBACK_RECORDS, CORPS, GAUGES_REFRESHED, Gauge, SESSIONS, SUITE_TICKET_AGE,
    WRONG_SECRETS, WRONG_SECRETS_LIMIT,
};
use crate::session::Sessions;
use crate::tokens::Tokens;

/// How often the gauges are read, unless the host app sets it.
pub(super) const REFRESH_INTERVAL: Duration = Duration::from_mins(1);

/// Reads the gauges.
pub(super) struct Figures {
    pub(super) store: Store,
    pub(super) suites: Suites,
    pub(super) sessions: Sessions,
    pub(super) tokens: Tokens,
    pub(super) interval: Duration,
}

impl Figures {
    /// Reads them again and again, until dropped. The machine's clock, because a test that advances ours does not make the
    /// database faster.
    pub(super) async fn run(self) {
        loop {
            match self.refresh().await {
                Ok(()) => {
                    let now = self.store.now().as_millis();
                    Gauge::new(GAUGES_REFRESHED, &[]).set(now as f64 / 1000.0);
                }
                Err(error) => {
                    tracing::info!(target: "wecom_login", ?error, "the gauges could not be read");
                }
            }
            tokio::time::sleep(self.interval).await;
        }
    }

    async fn refresh(&self) -> Result<()> {
        self.refresh_sessions().await?;
        self.refresh_records().await?;
        self.refresh_corps().await?;
        self.refresh_tickets().await?;
        let wrong = self.tokens.wrong_secrets().await?;
        Gauge::new(WRONG_SECRETS, &[]).set(wrong.count as f64);
        Gauge::new(WRONG_SECRETS_LIMIT, &[]).set(wrong.max as f64);
        Ok(())
    }

    /// Without the epochs of corps and people, which would join two tables: what ended with one of them counts until the
    /// housekeeping deletes it.
    async fn refresh_sessions(&self) -> Result<()> {
        use session::{Column, Entity};
        let now = self.store.now();
        let live = Entity::find()
            .filter(Column::SuiteId.is_in(self.suites.ids()))
            .filter(Column::ExpiresAt.gt(now))
            .filter(Column::LastSeenAt.gt(now - self.sessions.config().idle_timeout))
            .count(self.store.database())
            .await?;
        Gauge::new(SESSIONS, &[]).set(live as f64);
        Ok(())
    }

    async fn refresh_records(&self) -> Result<()> {
        use callback_record::{Column, Entity};
        let counts: Vec<(RecordStatus, i64)> = Entity::find()
            .select_only()
            .column(Column::Status)
            .column_as(Column::Id.count(), "records")
            .filter(Column::SuiteId.is_in(self.suites.ids()))
            .group_by(Column::Status)
            .into_tuple()
            .all(self.store.database())
            .await?;
        let counts = counts
            .into_iter()
            .map(|(status, count)| (word(status), count));
        let counts: BTreeMap<String, i64> = counts.collect();
        for status in RecordStatus::iter().map(word) {
            let count = counts.get(&status).copied().unwrap_or(0);
            Gauge::new(CALLBACK_RECORDS, &[("status", &status)]).set(count as f64);
        }
        Ok(())
    }

    async fn refresh_corps(&self) -> Result<()> {
        use authorization::{Column, Entity};
        let counts: Vec<(AuthorizationStatus, i64)> = Entity::find()
            .select_only()
            .column(Column::Status)
            .column_as(Column::CorpId.count(), "corps")
            .filter(Column::SuiteId.is_in(self.suites.ids()))
            // A row that only holds an epoch is no authorization.
            .filter(Column::SecretVersion.gt(0))
            .group_by(Column::Status)
            .into_tuple()
            .all(self.store.database())
            .await?;
        let counts = counts
            .into_iter()
            .map(|(status, count)| (word(status), count));
        let counts: BTreeMap<String, i64> = counts.collect();
        for status in AuthorizationStatus::iter().map(word) {
            let count = counts.get(&status).copied().unwrap_or(0);
            Gauge::new(CORPS, &[("status", &status)]).set(count as f64);
        }
        Ok(())
    }

    /// A suite without a ticket has no age: the gauge is not there.
    async fn refresh_tickets(&self) -> Result<()> {
        let now = self.store.now();
        for suite_id in self.suites.ids() {
            let row = suite::Entity::find_by_id(suite_id.clone())
                .one(self.store.database())
                .await?;
            if let Some(at) = row.and_then(|row| row.ticket_at) {
                let age = now.since(at).as_secs_f64();
                Gauge::new(SUITE_TICKET_AGE, &[("suite", suite_id.as_str())]).set(age);
            }
        }
        Ok(())
    }
}

/// The word of a status on the wire.
fn word(status: impl serde::Serialize) -> String {
    let word = serde_json::to_value(status).unwrap_or_default();
    word.as_str().unwrap_or(metrics::OTHER).to_owned()
}
