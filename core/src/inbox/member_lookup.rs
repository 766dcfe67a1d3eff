//! The members of events, as they are stored. WeCom may have to be asked who it is: in the background, so that no record
//! of the immediate lane waits for an answer.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use crate::authorization::{Authorization, Authorizations};
use crate::db::entity::callback_record::Model;
use crate::domain::{CorpId, Principal, SuiteId};
use crate::error::{Error, ErrorKind, Result};
use crate::inbox::lane::{Lane, LaneWaker};
use crate::members::{IdMigration, Members};
use crate::task_runner::TaskRunner;

/// How long WeCom's answer about somebody who is not stored is remembered.
const ANSWER_TTL: Duration = Duration::from_mins(10);
const MAX_ANSWERS: u64 = 10_000;

/// What [`MemberLookup`] depends on.
pub(super) struct MemberLookupDeps {
    pub(super) authorizations: Authorizations,
    pub(super) members: Members,
    pub(super) id_migration: IdMigration,
    pub(super) waker: Arc<LaneWaker>,
    pub(super) tasks: TaskRunner,
}

/// Finds the members of events.
#[derive(Clone)]
pub(super) struct MemberLookup {
    inner: Arc<Inner>,
}

struct Inner {
    deps: MemberLookupDeps,
    /// Who somebody is whom no row bears, as far as WeCom says.
    answers: moka::sync::Cache<Principal, Principal>,
    /// The corps that WeCom is being asked about.
    asking: Mutex<HashSet<(SuiteId, CorpId)>>,
}

impl MemberLookup {
    pub(super) fn new(deps: MemberLookupDeps) -> Self {
        Self {
            inner: Arc::new(Inner {
                deps,
                answers: moka::sync::Cache::builder()
                    .max_capacity(MAX_ANSWERS)
                    .time_to_live(ANSWER_TTL)
                    .build(),
                asking: Mutex::default(),
            }),
        }
    }

    /// The member as it is stored. WeCom is asked only where it names the corp by another id than the stored one: then the
    /// corp's ids have changed, and members may still be stored under their plain ones.
    ///
    /// # Errors
    /// `RECORD_BUSY`: WeCom is being asked, and the record is due again with the answer. The database does not answer.
    pub(super) async fn find(
        &self,
        record: &Model,
        principal: Principal,
        has_stored_id: bool,
    ) -> Result<Principal> {
        let deps = &self.inner.deps;
        let resolved = deps.members.resolve(&principal).await?;
        if has_stored_id || resolved != principal || deps.members.find(&principal).await?.is_some()
        {
            return Ok(resolved);
        }
        if let Some(answer) = self.inner.answers.get(&principal) {
            return Ok(answer);
        }
        let (suite_id, corp_id) = (&principal.suite_id, &principal.corp_id);
        match deps.authorizations.require_active(suite_id, corp_id).await {
            Ok(authorization) => {
                let known = deps.id_migration.resolve_known(&authorization, &principal);
                if let Some(known) = known.await? {
                    return Ok(known);
                }
                self.ask(record, authorization, principal);
                Err(Error::new(
                    ErrorKind::RecordBusy,
                    "WeCom is being asked which member it is",
                ))
            }
            // WeCom cannot be asked, and nobody logs in.
            Err(error) if error.kind() == ErrorKind::CorpNotAuthorized => Ok(resolved),
            Err(error) => Err(error),
        }
    }

    /// Asks WeCom, about one member of a corp at a time: the answer is often about all of them.
    fn ask(&self, record: &Model, authorization: Arc<Authorization>, principal: Principal) {
        let corp = (principal.suite_id.clone(), principal.corp_id.clone());
        if !self.inner.asking.lock().insert(corp.clone()) {
            return;
        }
        let asking = Asking {
            lookup: self.clone(),
            corp,
        };
        let (named, lane) = (record.corp_id.clone(), Lane::of(&record.event));
        let lookup = self.clone();
        let asked = async move {
            let answered = lookup.answer(&authorization, principal).await;
            let (suite_id, stored) = asking.corp.clone();
            // Another record of the corp asks next.
            drop(asking);
            let due = async {
                answered?;
                let corp_ids: Vec<CorpId> = named.into_iter().chain([stored]).collect();
                let authorizations = &lookup.inner.deps.authorizations;
                authorizations.wake_waiting(&suite_id, &corp_ids).await
            };
            if let Err(error) = due.await {
                // The record is attempted again all the same, and asks again.
                tracing::info!(target: "wecom_login", %suite_id, ?error, "could not find out which member an event is about");
            }
            lookup.inner.deps.waker.wake(lane);
        };
        self.inner.deps.tasks.spawn_until_shutdown(asked);
    }

    async fn answer(&self, authorization: &Authorization, principal: Principal) -> Result<()> {
        let resolving = self
            .inner
            .deps
            .id_migration
            .resolve(authorization, principal.clone());
        let answer = resolving.await?;
        self.inner.answers.insert(principal, answer);
        Ok(())
    }
}

impl fmt::Debug for MemberLookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MemberLookup")
    }
}

/// WeCom is being asked about a corp's members, until dropped.
struct Asking {
    lookup: MemberLookup,
    corp: (SuiteId, CorpId),
}

impl Drop for Asking {
    fn drop(&mut self) {
        self.lookup.inner.asking.lock().remove(&self.corp);
    }
}
