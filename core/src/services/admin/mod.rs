//! The operator's service: corps, people, machines, callback records, links, imports, bindings, runbooks.

use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::audit::{self, Actor, AuditAction, ClientAddresses, NewAuditEntry};
use crate::authorization::Authorizations;
use crate::db::Store;
use crate::domain::{Principal, SuiteId, Suites};
use crate::error::{Error, ErrorKind, Result};
use crate::inbox::Worker;
use crate::login::OrganizationCodes;
use crate::members::{DefaultUserBinder, IdMigration, Members};
use crate::services::{Doctor, LinkService};
use crate::session::Sessions;
use crate::task_runner::{ShutdownOnDrop, TaskRunner};
use crate::vault::Vault;

mod audit_log;
mod bindings;
mod corps;
mod export;
mod figures;
mod import;
mod import_line;
mod links;
mod machines;
mod people;
mod records;
mod runbooks;

pub use export::ExportLine;
pub(crate) use figures::{Figures, FiguresCache};
pub use import::{ImportStatus, ImportedLine, MAX_IMPORT_BYTES, MAX_IMPORT_LINES};
pub use links::InstallLink;
pub(crate) use links::qr_code;
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
    /// Whom the audit names.
    actor: Actor,
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
    pub(crate) doctor: Doctor,
    pub(crate) figures_cache: FiguresCache,
    pub(crate) client_addresses: ClientAddresses,
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
    /// Writes an entry about an action that has no transaction of its own, before it begins.
    async fn audit(&self, entry: &NewAuditEntry) -> Result<()> {
        audit::append(self.store.database(), entry, self.store.now()).await
    }

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
            actor: Actor::App,
            _shutdown_on_drop: shutdown_on_drop,
        }
    }

    /// The same service for a user of the host app, whom the audit names: for an operator's page of the host app's own.
    #[must_use]
    pub fn acting_as(&self, user_id: impl Into<String>) -> Self {
        self.with_actor(Actor::User(user_id.into()))
    }

    /// The same service for whoever has the admin key, whom the audit names `key`: for an operator's command.
    #[must_use]
    pub fn acting_as_operator(&self) -> Self {
        self.with_actor(Actor::Key)
    }

    /// The suites that are configured.
    pub(crate) fn suite_ids(&self) -> Vec<SuiteId> {
        self.deps.suites.ids()
    }

    pub(crate) fn with_actor(&self, actor: Actor) -> Self {
        Self {
            actor,
            ..self.clone()
        }
    }

    /// Who acts.
    fn actor(&self) -> Actor {
        self.actor.clone()
    }

    /// A new entry of the audit about what is done here.
    fn entry(&self, action: AuditAction) -> NewAuditEntry {
        NewAuditEntry::new(self.actor(), action)
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
