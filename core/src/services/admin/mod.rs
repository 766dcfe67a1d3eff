//! The operator's service: corps, people, callback records, links, imports, bindings, runbooks.

use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::authorization::Authorizations;
use crate::db::Store;
use crate::domain::{Principal, SuiteId, Suites};
use crate::error::{Error, ErrorKind, Result};
use crate::inbox::Worker;
use crate::login::OrganizationCodes;
use crate::members::{DefaultUserBinder, IdMigration, Members};
use crate::services::LinkService;
use crate::session::Sessions;
use crate::task_runner::{ShutdownOnDrop, TaskRunner};
use crate::vault::Vault;

mod bindings;
mod corps;
mod links;
mod people;
mod records;
mod runbooks;

pub use links::InstallLink;
pub use people::{PeopleQuery, PersonDetails};

/// The operations of an operator, from code.
///
/// ```no_run
/// # async fn list(login: wecom_login::WecomLogin) -> wecom_login::Result<()> {
/// for corp in login.admin().corps().await? {
///     println!("{} of {}", corp.corp_name, corp.suite_id);
/// }
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct AdminService {
    deps: Arc<AdminDeps>,
    _shutdown_on_drop: ShutdownOnDrop,
}

/// The dependencies of [`AdminService`].
pub(crate) struct AdminDeps {
    pub(crate) store: Store,
    pub(crate) vault: Vault,
    pub(crate) suites: Suites,
    pub(crate) authorizations: Authorizations,
    pub(crate) members: Members,
    pub(crate) id_migration: IdMigration,
    pub(crate) default_binder: DefaultUserBinder,
    pub(crate) organization_codes: OrganizationCodes,
    pub(crate) sessions: Sessions,
    pub(crate) links: LinkService,
    pub(crate) worker: Worker,
    pub(crate) tasks: TaskRunner,
}

impl AdminDeps {
    /// The member by the ids that are stored, or that WeCom knows.
    async fn resolve(&self, principal: &Principal) -> Result<Principal> {
        let principal = self.authorizations.resolve_corp_of(principal).await?;
        let (suite_id, corp_id) = (&principal.suite_id, &principal.corp_id);
        match self.authorizations.require_active(suite_id, corp_id).await {
            Ok(authorization) => self.id_migration.convert(&authorization, principal).await,
            Err(_) => self.members.resolve(&principal).await,
        }
    }
}

impl AdminDeps {
    /// Checks that a suite that an administrator names is configured.
    fn require_suite(&self, suite_id: Option<&SuiteId>) -> Result<()> {
        match suite_id {
            Some(suite_id) if self.suites.find(suite_id).is_none() => Err(Error::new(
                ErrorKind::ApiParams,
                "suiteId is not the id of a suite that is configured",
            )),
            _ => Ok(()),
        }
    }
}

impl AdminService {
    pub(crate) fn new(deps: AdminDeps, shutdown_on_drop: ShutdownOnDrop) -> Self {
        Self {
            deps: Arc::new(deps),
            _shutdown_on_drop: shutdown_on_drop,
        }
    }

    /// Runs an operation on our runtime, to its end whatever becomes of the caller.
    fn run<T: Send + 'static, F: Future<Output = Result<T>> + Send + 'static>(
        &self,
        operation: impl FnOnce(Arc<AdminDeps>) -> F,
    ) -> BoxFuture<'static, Result<T>> {
        self.deps.tasks.run(operation(Arc::clone(&self.deps)))
    }
}

impl fmt::Debug for AdminService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AdminService")
    }
}
