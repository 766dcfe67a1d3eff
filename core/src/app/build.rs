//! From what was collected to a handle: everything is checked, opened and started.

use std::pin::Pin;
use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::{Notify as Wake, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::background::{self, Feeds};
use crate::app::browser::BrowserLogins;
use crate::app::builder::{Builder, Database};
use crate::app::handle::{Inner, WecomLogin};
use crate::authorization::{AppClient, Authorizations};
use crate::db::{ConnectionClass, Pool, Store};
use crate::domain::Suites;
use crate::element::{
    InstanceKind, InstanceName, Instances, load, process_environment, read_elements,
};
use crate::error::{Error, ErrorKind, Result};
use crate::inbox::handlers::EventHandlers;
use crate::inbox::receive::CallbackReceiver;
use crate::inbox::store::Inbox;
use crate::inbox::worker::Worker;
use crate::login::{LoginCodes, OrganizationCodes, Prover, SpentStates};
use crate::members::{DefaultUserBinder, DynUserBinder, Members, Visibility};
use crate::session::Sessions;
use crate::tokens::Tokens;
use crate::vault::Vault;
use crate::web::{Admin, AdminKey, Mount, PublicUrl, TrustedProxies, Web};
use crate::wecom::{Api, Hosts};

impl Builder {
    /// Checks everything, opens the database, brings its tables up to date and starts the work in the background, on
    /// the tokio runtime that this runs on.
    ///
    /// # Errors
    /// `CONFIG_ERROR` with the file, the field and the rule; `STORE_UNAVAILABLE`.
    pub async fn build(self) -> Result<WecomLogin> {
        // In a box, because the compiler measures how deep the futures of the host app's `main` go.
        let assembled: Pin<Box<dyn Future<Output = Result<WecomLogin>> + Send>> =
            Box::pin(self.assemble());
        assembled.await
    }

    async fn assemble(self) -> Result<WecomLogin> {
        let runtime =
            Handle::try_current().map_err(|_| config("build runs within a tokio runtime"))?;
        let web = self.web()?;
        let hosts = self.hosts()?;
        let retention = self.retention.clone().checked()?;
        let instances = self.read_instances()?;
        let suites = Suites::new(instances.iter().filter_map(|(_, kind)| match kind {
            InstanceKind::QywxProxy(config) => Some(config.suite.clone()),
            InstanceKind::Custom { .. } => None,
        }));
        let instances = Instances::new(instances)?;
        let database = match self.database {
            Some(Database::Connection(connection)) => Pool::from(connection),
            Some(Database::Url(url)) => Pool::connect(&url).await?,
            None => return Err(config("database_url or database is missing")),
        };
        let store = Store::open(database, self.clock, self.migrate).await?;
        let vault = Vault::unlock(store.clone(), &self.data_keys).await?;
        let keys = vault.keys().clone();

        let (background_tasks, chore_feed) = mpsc::unbounded_channel();
        let (repeats, repeat_feed) = mpsc::unbounded_channel();
        let (due, arrived) = (Arc::new(Wake::new()), Arc::new(Wake::new()));
        let api = Api::new(self.http_client, hosts);
        let tokens = Tokens::new(
            api.clone(),
            store.clone(),
            keys.clone(),
            self.authorization_cache_size,
            runtime.clone(),
        );
        let sessions = Sessions::new(
            store.with_class(ConnectionClass::Sessions),
            &keys,
            self.sessions,
            background_tasks,
            runtime.clone(),
        );
        let authorizations = Authorizations::new(crate::authorization::Deps {
            store: store.clone(),
            keys: keys.clone(),
            api: api.clone(),
            tokens: tokens.clone(),
            sessions: sessions.clone(),
            suites: suites.clone(),
            hooks: Arc::clone(&self.hooks),
            due: Arc::clone(&due),
            capacity: self.authorization_cache_size,
        });
        let default_binder = DefaultUserBinder::new(store.clone(), self.binding_policy);
        let is_default_binder = self.binder.is_none();
        let binder: Arc<dyn DynUserBinder> = match self.binder {
            Some(wrap) => wrap(default_binder),
            None => Arc::new(default_binder),
        };
        let members = Members::new(store.clone(), sessions.clone(), binder, is_default_binder);
        let inbox = Inbox::new(
            store.with_class(ConnectionClass::Callbacks),
            keys.clone(),
            Arc::clone(&arrived),
            repeats,
        );
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let handlers = EventHandlers::new(
            store.clone(),
            keys.clone(),
            authorizations.clone(),
            members.clone(),
            Arc::clone(&self.hooks),
        );
        let app_client = AppClient::new(tokens.clone(), authorizations.clone());
        let visibility = Visibility::new(
            store.clone(),
            api.clone(),
            app_client.clone(),
            authorizations.clone(),
            members.clone(),
        );
        let login = WecomLogin::new(Inner {
            prover: Prover::new(
                store.clone(),
                api.clone(),
                app_client,
                visibility.clone(),
                authorizations.clone(),
                members.clone(),
                sessions.clone(),
            ),
            visibility,
            browser_logins: BrowserLogins::new(Arc::clone(store.clock())),
            login_codes: LoginCodes::new(store.clone()),
            spent_states: SpentStates::new(store.clone()),
            organization_codes: OrganizationCodes::new(store.clone()),
            receiver: CallbackReceiver::new(
                suites.clone(),
                instances.clone(),
                inbox.clone(),
                authorizations.clone(),
                Arc::clone(&self.hooks),
                store.clone(),
                (runtime.clone(), tasks.clone()),
            ),
            worker: Worker::new(
                store.with_class(ConnectionClass::Worker),
                handlers,
                inbox.clone(),
                suites.ids(),
                arrived,
                stop.clone(),
            ),
            instances,
            meta: self.meta,
            suites,
            store,
            vault,
            api,
            tokens,
            sessions,
            authorizations,
            members,
            hooks: self.hooks,
            retention,
            web,
            runtime,
            tasks,
            stop,
        });
        background::start(
            &login,
            Feeds {
                inbox,
                repeats: repeat_feed,
                background_tasks: chore_feed,
                due,
            },
        );
        Ok(login)
    }

    fn web(&self) -> Result<Web> {
        let url = self
            .public_url
            .as_deref()
            .ok_or_else(|| config("public_url is missing"))?;
        let public_url = if self.allow_insecure_http {
            PublicUrl::insecure(url)
        } else {
            PublicUrl::new(url)
        }?;
        let key = self.admin_key.as_deref().map(AdminKey::new).transpose()?;
        let admin = Admin::new(key, self.admin_predicate.clone(), Arc::clone(&self.clock));
        let proxies = TrustedProxies::new(self.trusted_proxies.clone());
        let web = Web::new(public_url, Mount::new(&self.mount)?, admin, proxies)
            .with_page_config(self.page_config.clone());
        match &self.cookie_prefix {
            Some(prefix) => web.with_cookie_prefix(prefix),
            None => Ok(web),
        }
    }

    fn hosts(&self) -> Result<Hosts> {
        match (&self.wecom_url, &self.hosts) {
            (Some(_), Some(_)) => Err(config("wecom_url and wecom_hosts exclude each other")),
            (Some(url), None) => Ok(Hosts::parse(url, url, url, self.allow_insecure_http)?),
            (None, hosts) => Ok(hosts.clone().unwrap_or_default()),
        }
    }

    fn read_instances(&self) -> Result<Vec<(InstanceName, InstanceKind)>> {
        let elements = self
            .auths_dir
            .as_ref()
            .map(|root| read_elements(root))
            .transpose()?
            .unwrap_or_default();
        let mut all = Vec::new();
        let mut others = Vec::new();
        for files in elements {
            let Some(login_type) = self.meta.registered(&files.type_name) else {
                others.push(files);
                continue;
            };
            let kind = InstanceKind::Custom {
                type_name: files.type_name.clone(),
                title: files.title(&process_environment)?,
                instance: login_type.load(&files)?,
            };
            all.push((files.name()?, kind));
        }
        let (ours, warnings) = load(others, self.instances.clone(), &process_environment)?;
        for warning in warnings {
            tracing::warn!(target: "wecom_login", "{warning}");
        }
        all.extend(ours.into_iter().map(|config| {
            (
                config.name.clone(),
                InstanceKind::QywxProxy(Arc::new(config)),
            )
        }));
        if all.is_empty() {
            return Err(config(
                "there is no login instance: give auths, or instance",
            ));
        }
        Ok(all)
    }
}

fn config(detail: impl Into<String>) -> Error {
    Error::new(ErrorKind::Config, detail)
}
