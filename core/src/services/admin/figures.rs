//! The figures of the console's overview: logins, refusals and callbacks of the last hour and of the last day.

use std::net::IpAddr;
use std::time::Duration;

use tokio::sync::Mutex;

use crate::audit::{AuditAction, count_by_step};
use crate::clock::Timestamp;
use crate::error::{Error, ErrorKind, Result};
use crate::inbox::count_records_by_step;
use crate::services::admin::{AdminDeps, AdminService};

/// How long a count is shown before it is made again: many may look at the overview.
const FIGURES_TTL: Duration = Duration::from_secs(30);
/// How long the database has to count.
const FIGURES_TIMEOUT: Duration = Duration::from_secs(4);
const STEP: Duration = Duration::from_mins(5);
const STEPS_OF_AN_HOUR: usize = 12;
const HOURS: usize = 24;

/// A count over time: how often in each five minutes of the last hour, and in each of the last 24 hours.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Series {
    pub(crate) hour: Vec<u64>,
    pub(crate) day: Vec<u64>,
}

/// What the overview shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Figures {
    pub(crate) logins: Series,
    pub(crate) refusals: Series,
    pub(crate) callbacks: Series,
}

/// The newest count.
#[derive(Debug, Default)]
pub(crate) struct FiguresCache(Mutex<Option<(Timestamp, Figures)>>);

impl AdminService {
    /// The figures, not older than half a minute.
    ///
    /// # Errors
    /// `STORE_UNAVAILABLE`: the database does not answer in time.
    pub(crate) async fn figures(&self) -> Result<Figures> {
        self.run(|deps| async move {
            match tokio::time::timeout(FIGURES_TIMEOUT, deps.figures()).await {
                Ok(figures) => figures,
                Err(_) => Err(Error::new(
                    ErrorKind::StoreUnavailable,
                    "the figures were not counted in time",
                )),
            }
        })
        .await
    }

    /// Writes that somebody logged in to the console with the admin key. That must be possible while the database is
    /// away, so nobody waits for it.
    pub(crate) fn audit_login(&self, client: IpAddr) {
        let known = Some(client).filter(|client| !client.is_unspecified());
        let client = known.and_then(|client| self.deps.client_addresses.keep(client));
        let entry = self.entry(AuditAction::AdminLogin).with_client(client);
        let written = self.run(|deps| async move { deps.audit(&entry).await });
        self.deps.tasks.spawn_until_shutdown(async move {
            if let Err(error) = written.await {
                tracing::warn!(target: "wecom_login", ?error, "an administrator's login could not be written to the audit");
            }
        });
    }
}

impl AdminDeps {
    async fn figures(&self) -> Result<Figures> {
        let mut cached = self.figures_cache.0.lock().await;
        let now = self.store.now();
        if let Some((counted_at, figures)) = &*cached
            && now.since(*counted_at) < FIGURES_TTL
        {
            return Ok(figures.clone());
        }
        let step_millis = i64::try_from(STEP.as_millis()).unwrap_or(i64::MAX);
        let newest = now.as_millis() - now.as_millis().rem_euclid(step_millis);
        let steps = HOURS * STEPS_OF_AN_HOUR;
        let since =
            Timestamp::from_millis(newest) - STEP * u32::try_from(steps - 1).unwrap_or(u32::MAX);
        let refused = [
            AuditAction::AdminRefused,
            AuditAction::LoginRefused,
            AuditAction::RequestRefused,
        ];
        let counted = [&[AuditAction::Login][..], &refused].concat();
        let of_audit = count_by_step(&self.store, &counted, since, step_millis).await?;
        let of_inbox =
            count_records_by_step(&self.store, self.suites.ids(), since, step_millis).await?;
        let is_login = |action: &str| action == AuditAction::Login.as_str();
        let place = |step: i64| (step - since.as_millis()) / step_millis;
        let of_actions = |wanted: bool| {
            let counts = of_audit.iter();
            let counts = counts.filter(move |count| is_login(&count.action) == wanted);
            series(counts.map(|count| (place(count.step), count.occurrences)))
        };
        let figures = Figures {
            logins: of_actions(true),
            refusals: of_actions(false),
            callbacks: series(
                of_inbox
                    .iter()
                    .map(|count| (place(count.step), count.records)),
            ),
        };
        *cached = Some((now, figures.clone()));
        Ok(figures)
    }
}

/// The series of these counts, each with the number of its step.
fn series(counts: impl Iterator<Item = (i64, i64)>) -> Series {
    let mut steps = vec![0_u64; HOURS * STEPS_OF_AN_HOUR];
    for (place, count) in counts {
        let step = usize::try_from(place)
            .ok()
            .and_then(|place| steps.get_mut(place));
        if let Some(step) = step {
            *step += u64::try_from(count).unwrap_or(0);
        }
    }
    Series {
        hour: steps[steps.len() - STEPS_OF_AN_HOUR..].to_vec(),
        day: steps
            .chunks(STEPS_OF_AN_HOUR)
            .map(|hour| hour.iter().sum())
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_has_the_last_hour_by_steps_and_the_day_by_hours() {
        let counted = series([(0, 1), (11, 2), (12, 4), (287, 8), (288, 16), (-1, 32)].into_iter());
        assert_eq!(counted.hour, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8]);
        assert_eq!((counted.day.len(), counted.day[0]), (HOURS, 3));
        assert_eq!((counted.day[1], counted.day[23]), (4, 8));
    }
}
