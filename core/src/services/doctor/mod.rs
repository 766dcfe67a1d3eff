//! The doctor: what is wrong, since when, and what helps. It reads what is stored and what is in memory: it calls nobody,
//! so that it tries no secret and uses up no rate.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;

use crate::clock::Timestamp;
use crate::db::Store;
use crate::domain::Suites;
use crate::element::Instances;
use crate::error::Result;
use crate::tokens::Tokens;
use crate::vault::Vault;
use crate::wecom::WecomObservations;

mod check;
mod corps;
mod inbox;
mod limits;
mod nodes;
mod storage;
mod suites;

pub use check::{CheckStatus, DoctorCheck, DoctorReport};

/// How long the database has to answer at all.
const DATABASE_TIMEOUT: Duration = Duration::from_secs(4);
/// How long a group of checks may take. Together with the above the doctor ends within ten seconds.
const GROUP_TIMEOUT: Duration = Duration::from_secs(5);

/// The checks of what the host app set up: they need no database.
pub(crate) type SetupChecks = Arc<dyn Fn() -> Vec<DoctorCheck> + Send + Sync>;

/// The dependencies of the doctor.
pub(crate) struct Doctor {
    pub(crate) store: Store,
    pub(crate) vault: Vault,
    pub(crate) suites: Suites,
    pub(crate) instances: Arc<Instances>,
    pub(crate) tokens: Tokens,
    pub(crate) observations: Arc<WecomObservations>,
    pub(crate) setup: SetupChecks,
    /// What was warned of at the start.
    pub(crate) start_warnings: Vec<String>,
    pub(crate) started_at: Timestamp,
    /// This node's id in the list of nodes.
    pub(crate) node: String,
}

type Group<'a> = (&'static str, BoxFuture<'a, Result<Vec<DoctorCheck>>>);

impl Doctor {
    /// Makes every check. It does not fail: what cannot be known is a check that says so.
    pub(crate) async fn examine(&self) -> DoctorReport {
        let mut checks = Vec::new();
        let database = self.database().await;
        let is_there = database.status == CheckStatus::Ok;
        checks.push(database);
        let groups: Vec<Group<'_>> = vec![
            ("suiteTicket", Box::pin(self.suite_tickets())),
            ("suiteToken", Box::pin(self.suite_tokens())),
            ("providerToken", Box::pin(self.provider_tokens())),
            ("instance", Box::pin(self.instance_corps())),
            ("corp", Box::pin(self.corps())),
            ("wrongSecrets", Box::pin(self.wrong_secrets())),
            ("pausedRates", Box::pin(self.paused_rates())),
            ("failedRecords", Box::pin(self.failed_records())),
            ("waitingRecords", Box::pin(self.waiting_records())),
            ("clock", Box::pin(self.database_clock())),
            ("dataKeys", Box::pin(self.data_keys())),
            ("migrations", Box::pin(self.migrations())),
            ("nodes", Box::pin(self.nodes())),
        ];
        let examined = groups.into_iter().map(|(id, group)| async move {
            if !is_there {
                return vec![unknown(id, "the database does not answer")];
            }
            match tokio::time::timeout(GROUP_TIMEOUT, group).await {
                Ok(Ok(checks)) => checks,
                Ok(Err(error)) => vec![unknown(id, &error.to_string())],
                Err(_) => vec![unknown(id, "the check took too long")],
            }
        });
        let examined = futures_util::future::join_all(examined).await;
        checks.extend(examined.into_iter().flatten());
        checks.push(self.address_allowed());
        checks.push(self.wecom_clock());
        checks.extend((self.setup)());
        let warnings = self.start_warnings.iter();
        checks.extend(warnings.map(|warning| DoctorCheck::warn("startWarning", warning)));
        DoctorReport::new(checks)
    }

    async fn database(&self) -> DoctorCheck {
        match self.store.ping(DATABASE_TIMEOUT).await {
            Ok(()) => DoctorCheck::ok("database", "the database answers"),
            Err(why) => DoctorCheck::fail("database", why).with_hint(
                "check that the database runs, that this service reaches it, and that it has connections left",
            ),
        }
    }
}

fn unknown(id: &'static str, why: &str) -> DoctorCheck {
    DoctorCheck::warn(id, format!("not known: {why}"))
}
