//! From what was collected to a handle: everything is checked, opened and started.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio::runtime::Handle;
use tokio::sync::{Notify as Wake, mpsc};

use crate::app::background::{Background, Receivers};
use crate::app::builder::{Builder, Database};
use crate::app::handle::{Inner, WecomLogin};
use crate::app::housekeeping::Housekeeping;
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
use crate::login::{
    Authenticator, BrowserLoginDeps, BrowserLoginService, CorpSelection, LoginCodes, LoginService,
    OrganizationCodes, SessionCreation, UsedStates,
};
use crate::members::{DefaultUserBinder, DynUserBinder, Members, Visibility};
use crate::services::{
    AdminDeps, AdminService, AuthService, LinkDeps, LinkService, SessionDeps, SessionService,
};
use crate::session::Sessions;
use crate::task_runner::TaskRunner;
use crate::tokens::Tokens;
use crate::vault::Vault;
use crate::web::{
    AdminAuth, AdminKey, HttpConfig, HttpDeps, HttpService, Mount, PublicUrl, TrustedProxies,
};
use crate::wecom::{Api, Hosts};

impl Builder {
    /// Checks everything, opens the database, brings its tables up to date and starts the work in the background, on
    /// the tokio runtime that this runs on.
    ///
    /// # Errors
    /// `CONFIG_ERROR` with the file, the field and the rule; `STORE_UNAVAILABLE`.
    pub async fn build(self) -> Result<WecomLogin> {
        // Boxed for the depth of the caller's types, as in `TaskRunner::run`.
        let assembled: BoxFuture<'static, Result<WecomLogin>> = Box::pin(self.assemble());
        assembled.await
    }

    async fn assemble(self) -> Result<WecomLogin> {
        let runtime =
            Handle::try_current().map_err(|_| config("build runs within a tokio runtime"))?;
        let http_config = self.http_config()?;
        let hosts = self.hosts()?;
        let retention = self.retention.clone().checked()?;
        let instances = self.read_instances()?;
        let suites = Suites::new(instances.iter().filter_map(|(_, kind)| match kind {
            InstanceKind::QywxProxy(config) => Some(config.suite.clone()),
            InstanceKind::Custom { .. } => None,
        }));
        let instances = Arc::new(Instances::new(instances)?);
        let database = match self.database {
            Some(Database::Connection(connection)) => Pool::from(connection),
            Some(Database::Url(url)) => Pool::connect(&url).await?,
            None => return Err(config("database_url or database is missing")),
        };
        let store = Store::open(database, self.clock, self.migrate).await?;
        let vault = Vault::unlock(store.clone(), &self.data_keys).await?;
        let keys = vault.keys().clone();
        let tasks = TaskRunner::new(runtime.clone());
        let shutdown_on_drop = tasks.shutdown_on_drop();

        let (session_task_sender, session_tasks) = mpsc::unbounded_channel();
        let (redelivery_sender, redeliveries) = mpsc::unbounded_channel();
        let (authorizations_due, record_stored) = (Arc::new(Wake::new()), Arc::new(Wake::new()));
        let api = Api::new(self.http_client, hosts.clone());
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
            session_task_sender,
            runtime,
        );
        let authorizations = Authorizations::new(crate::authorization::Deps {
            store: store.clone(),
            keys: keys.clone(),
            api: api.clone(),
            tokens: tokens.clone(),
            sessions: sessions.clone(),
            suites: suites.clone(),
            hooks: Arc::clone(&self.hooks),
            due: Arc::clone(&authorizations_due),
            capacity: self.authorization_cache_size,
        });
        let default_binder = DefaultUserBinder::new(store.clone(), self.binding_policy);
        let is_default_binder = self.binder.is_none();
        let binder: Arc<dyn DynUserBinder> = match self.binder {
            Some(wrap) => wrap(default_binder),
            None => Arc::new(default_binder),
        };
        let members = Members::new(store.clone(), sessions.clone(), binder, is_default_binder);
        let app_client = AppClient::new(tokens.clone(), authorizations.clone());
        let visibility = Visibility::new(
            store.clone(),
            api.clone(),
            app_client.clone(),
            authorizations.clone(),
            members.clone(),
        );

        let corps = CorpSelection {
            suites: suites.clone(),
            instances: Arc::clone(&instances),
            authorizations: authorizations.clone(),
            members: members.clone(),
        };
        let creation = SessionCreation {
            store: store.clone(),
            instances: Arc::clone(&instances),
            authorizations: authorizations.clone(),
            members: members.clone(),
            visibility: visibility.clone(),
            corps: corps.clone(),
            sessions: sessions.clone(),
            hooks: Arc::clone(&self.hooks),
            tasks: tasks.clone(),
        };
        let authenticator = Authenticator::new(
            store.clone(),
            api.clone(),
            app_client,
            visibility.clone(),
            authorizations.clone(),
            members.clone(),
            sessions.clone(),
        );
        let login_codes = LoginCodes::new(store.clone());
        let used_states = UsedStates::new(store.clone());
        let organization_codes = OrganizationCodes::new(store.clone());
        let browser_login = BrowserLoginService::new(BrowserLoginDeps {
            store: store.clone(),
            instances: Arc::clone(&instances),
            authorizations: authorizations.clone(),
            authenticator: authenticator.clone(),
            corps: corps.clone(),
            creation: creation.clone(),
            login_codes: login_codes.clone(),
            used_states: used_states.clone(),
            organization_codes: organization_codes.clone(),
            tasks: tasks.clone(),
        });

        let inbox = Inbox::new(
            store.with_class(ConnectionClass::Callbacks),
            keys.clone(),
            Arc::clone(&record_stored),
            redelivery_sender,
        );
        let receiver = CallbackReceiver::new(
            suites.clone(),
            Arc::clone(&instances),
            inbox.clone(),
            authorizations.clone(),
            Arc::clone(&self.hooks),
            store.clone(),
            tasks.clone(),
        );
        let handlers = EventHandlers::new(
            store.clone(),
            keys.clone(),
            authorizations.clone(),
            members.clone(),
            Arc::clone(&self.hooks),
        );
        let worker = Worker::new(
            store.with_class(ConnectionClass::Worker),
            handlers,
            inbox.clone(),
            suites.ids(),
            record_stored,
            tasks.shutdown_token().clone(),
        );

        let auth = AuthService {
            login: LoginService {
                instances: Arc::clone(&instances),
                authorizations: authorizations.clone(),
                authenticator,
                corps,
                creation: creation.clone(),
                login_codes: login_codes.clone(),
                organization_codes,
                sessions: sessions.clone(),
            },
            receiver,
            worker: worker.clone(),
            tasks: tasks.clone(),
            _shutdown_on_drop: shutdown_on_drop.clone(),
        };
        let admin = AdminService::new(
            AdminDeps {
                store: store.clone(),
                vault: vault.clone(),
                suites: suites.clone(),
                authorizations: authorizations.clone(),
                members: members.clone(),
                tasks: tasks.clone(),
            },
            shutdown_on_drop.clone(),
        );
        let session_service = SessionService::new(
            SessionDeps {
                instances: Arc::clone(&instances),
                authorizations: authorizations.clone(),
                members,
                sessions: sessions.clone(),
                creation,
                tasks: tasks.clone(),
            },
            shutdown_on_drop.clone(),
        );
        let links = LinkService::new(
            LinkDeps {
                suites: suites.clone(),
                instances: Arc::clone(&instances),
                authorizations: authorizations.clone(),
                tokens,
                api,
                tasks: tasks.clone(),
            },
            shutdown_on_drop.clone(),
        );
        let http = HttpService::new(HttpDeps {
            config: http_config,
            store: store.clone(),
            keys,
            hosts,
            instances: Arc::clone(&instances),
            sessions: sessions.clone(),
            session_service: session_service.clone(),
            auth: auth.clone(),
            admin: admin.clone(),
            browser_login,
            tasks: tasks.clone(),
        });
        let background = Background {
            housekeeping: Housekeeping {
                store: store.clone(),
                suites,
                sessions: sessions.clone(),
                login_codes,
                used_states,
                retention,
            },
            store,
            vault,
            sessions,
            authorizations: authorizations.clone(),
            visibility,
            inbox,
            worker,
            tasks: tasks.clone(),
        };
        background.start(Receivers {
            redeliveries,
            session_tasks,
            authorizations_due,
        });
        Ok(WecomLogin::new(Inner {
            instances,
            meta: self.meta,
            http,
            auth,
            admin,
            sessions: session_service,
            links,
            authorizations,
            tasks,
            shutdown_on_drop,
        }))
    }

    fn http_config(&self) -> Result<HttpConfig> {
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
        let admin = AdminAuth::new(key, self.admin_predicate.clone(), Arc::clone(&self.clock));
        let proxies = TrustedProxies::new(self.trusted_proxies.clone());
        let web = HttpConfig::new(public_url, Mount::new(&self.mount)?, admin, proxies)
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
