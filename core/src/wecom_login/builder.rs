//! How a login is configured and built.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use sea_orm::DatabaseConnection;
use tokio::runtime::Handle;
use tokio::sync::{Notify as Wake, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::background::{self, Feeds};
use super::handle::{Inner, WecomLogin};
use super::retention::Retention;
use crate::authorization::Authorizations;
use crate::callback::effects::Effects;
use crate::callback::inbox::Inbox;
use crate::callback::notify::Notify;
use crate::callback::worker::Worker;
use crate::clock::{Clock, SystemClock};
use crate::element::{
    InstanceConfig, InstanceName, Instances, Kind, LoginType, Meta, load, process_environment, read_elements,
};
use crate::error::{Error, ErrorKind, Result};
use crate::hooks::{Hooks, NoHooks};
use crate::ids::CorpId;
use crate::login::{
    AuthModel, Binder, BindingPolicy, LoginCodes, OrganizationCodes, People, Prover, SpentStates,
};
use crate::session::{CurrentUser, SessionSettings, Sessions};
use crate::store::{DataKeys, Share, Store};
use crate::suite::Suites;
use crate::web::{
    Admin, AdminAction, AdminKey, AdminPredicate, Branding, Look, Mount, Network, Pages, PublicUrl, QrPanel,
    TrustedProxies, Web,
};
use crate::wecom::{Api, Hosts, HttpClient, Tokens};

/// Collects what a login is made of. Nothing is checked before [`build`](Self::build), which says what is wrong by
/// file, field and rule, and never by value.
#[must_use]
pub struct Builder {
    auths: Option<PathBuf>,
    instances: Vec<InstanceConfig>,
    meta: Meta,
    database: Option<Database>,
    data_keys: DataKeys,
    public_url: Option<String>,
    mount: String,
    insecure_http: bool,
    wecom_url: Option<String>,
    hosts: Option<Hosts>,
    http_client: HttpClient,
    clock: Arc<dyn Clock>,
    hooks: Arc<dyn Hooks>,
    binder: MakeBinder,
    binding_policy: BindingPolicy,
    sessions: SessionSettings,
    admin_key: Option<String>,
    admin_predicate: Option<AdminPredicate>,
    trusted_proxies: Vec<Network>,
    look: Look,
    cached_authorizations: u64,
    migrate: bool,
    retention: Retention,
}

/// Makes the binder, given our auth model.
type MakeBinder = Box<dyn FnOnce(Arc<dyn Binder>) -> Arc<dyn Binder> + Send + Sync>;

enum Database {
    Connection(DatabaseConnection),
    Url(String),
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            auths: None,
            instances: Vec::new(),
            meta: Meta::default(),
            database: None,
            data_keys: DataKeys::environment(),
            public_url: None,
            mount: "/auth".to_owned(),
            insecure_http: false,
            wecom_url: None,
            hosts: None,
            http_client: HttpClient::default(),
            clock: Arc::new(SystemClock),
            hooks: Arc::new(NoHooks),
            binder: Box::new(|ours| ours),
            binding_policy: BindingPolicy::default(),
            sessions: SessionSettings::default(),
            admin_key: None,
            admin_predicate: None,
            trusted_proxies: Vec::new(),
            look: Look::default(),
            cached_authorizations: 10_000,
            migrate: true,
            retention: Retention::default(),
        }
    }
}

impl Builder {
    /// Reads the instances below this directory, `auths/**/<Name>/e.json` and `<Name>.json`.
    pub fn auths(mut self, root: impl Into<PathBuf>) -> Self {
        self.auths = Some(root.into());
        self
    }

    /// Adds an instance without files.
    pub fn instance(mut self, instance: InstanceConfig) -> Self {
        self.instances.push(instance);
        self
    }

    /// Registers a login Type of your own, or replaces ours by one of the same name.
    pub fn login_type(mut self, login_type: impl LoginType) -> Self {
        self.meta.register(Arc::new(login_type));
        self
    }

    /// Opens a database of our own: `sqlite://…`, or with the features of those names `postgres://…` and `mysql://…`.
    pub fn database_url(mut self, url: impl Into<String>) -> Self {
        self.database = Some(Database::Url(url.into()));
        self
    }

    /// Uses a connection of the host app. Our tables begin with `wecom_`, and our migrations have books of their own.
    ///
    /// Give its pool neither an idle timeout nor a longest lifetime as long as it is one of sqlx 0.9.0: the task that sees
    /// to those may spin for ever, on a core of the machine, and then no runtime it is on ends.
    pub fn database(mut self, connection: DatabaseConnection) -> Self {
        self.database = Some(Database::Connection(connection));
        self
    }

    /// Says where the keys come from under which secrets are stored. The default is
    /// [`DataKeys::environment`].
    pub fn data_keys(mut self, data_keys: DataKeys) -> Self {
        self.data_keys = data_keys;
        self
    }

    /// The root of the host app as browsers see it; it may have a path. Required.
    pub fn public_url(mut self, url: impl Into<String>) -> Self {
        self.public_url = Some(url.into());
        self
    }

    /// Where below the public URL our routes are mounted. The default is `/auth`; `/` is the root.
    pub fn mount(mut self, mount: impl Into<String>) -> Self {
        self.mount = mount.into();
        self
    }

    /// Allows a public URL and WeCom hosts that are http and not on this machine: every secret then travels in clear.
    pub const fn insecure_http(mut self) -> Self {
        self.insecure_http = true;
        self
    }

    /// Puts all three WeCom hosts at one URL, as the sandbox has them.
    pub fn wecom_url(mut self, url: impl Into<String>) -> Self {
        self.wecom_url = Some(url.into());
        self
    }

    /// Sets the WeCom hosts one by one.
    pub fn wecom_hosts(mut self, hosts: Hosts) -> Self {
        self.hosts = Some(hosts);
        self
    }

    /// Calls WeCom with this client: the host app's proxy, its certificates, its limits.
    pub fn http_client(mut self, client: HttpClient) -> Self {
        self.http_client = client;
        self
    }

    /// Takes the time from this clock.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Asks and tells the host app.
    pub fn hooks(mut self, hooks: impl Hooks) -> Self {
        self.hooks = Arc::new(hooks);
        self
    }

    /// Binds people to users by the host app's own rules, in place of our auth model.
    pub fn binder(mut self, binder: impl Binder) -> Self {
        self.binder = Box::new(|_| Arc::new(binder));
        self
    }

    /// Lays the host app's own rules over our auth model: `over` is given ours and gives the binder that is asked.
    /// What that one passes on to ours stays as it is, such as the bindings of
    /// [`AuthService::bind_user`](crate::AuthService::bind_user); a binder that adds
    /// [`companies`](Binder::companies) needs no table of its own.
    pub fn binder_over<B: Binder>(
        mut self,
        over: impl FnOnce(Arc<dyn Binder>) -> B + Send + Sync + 'static,
    ) -> Self {
        self.binder = Box::new(|ours| Arc::new(over(ours)));
        self
    }

    /// What our auth model does with a person who logs in for the first time.
    pub const fn binding_policy(mut self, policy: BindingPolicy) -> Self {
        self.binding_policy = policy;
        self
    }

    /// How long sessions live.
    pub const fn sessions(mut self, settings: SessionSettings) -> Self {
        self.sessions = settings;
        self
    }

    /// Opens the admin routes to whoever sends this key as a bearer: 24 characters at least. Without a key and a
    /// predicate they are off.
    pub fn admin_key(mut self, key: impl Into<String>) -> Self {
        self.admin_key = Some(key.into());
        self
    }

    /// Opens the admin routes to users of whom this says so, for an action on a company where there is one.
    pub fn admins(
        mut self,
        predicate: impl Fn(&CurrentUser, AdminAction, Option<&CorpId>) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.admin_predicate = Some(Arc::new(predicate));
        self
    }

    /// Believes `X-Forwarded-For` from these addresses.
    pub fn trusted_proxies(mut self, networks: impl IntoIterator<Item = Network>) -> Self {
        self.trusted_proxies = networks.into_iter().collect();
        self
    }

    /// Gives the login's pages the host app's name, logo and colours.
    pub fn branding(mut self, branding: Branding) -> Self {
        self.look.branding = branding;
        self
    }

    /// Replaces pages of the login by the host app's own.
    pub fn pages(mut self, pages: impl Pages) -> Self {
        self.look.set_pages(pages);
        self
    }

    /// Shows WeCom's QR code within a page of ours, by WeCom's script, in place of a redirect to WeCom's own page.
    pub fn qr_panel(mut self, panel: QrPanel) -> Self {
        self.look.qr_panel = Some(panel);
        self
    }

    /// How many authorisations, and as many access tokens, stay in memory. 10 000.
    pub const fn cached_authorizations(mut self, authorizations: u64) -> Self {
        self.cached_authorizations = authorizations;
        self
    }

    /// Whether the tables are brought up to date at the start, one node at a time. True. Without it the start fails
    /// where they are not: for a database account that may not change tables.
    pub const fn migrate(mut self, migrate: bool) -> Self {
        self.migrate = migrate;
        self
    }

    /// How long callback records are kept.
    pub const fn retention(mut self, retention: Retention) -> Self {
        self.retention = retention;
        self
    }

    /// Checks everything, opens the database, brings its tables up to date and starts the work in the background, on
    /// the tokio runtime that this runs on.
    ///
    /// # Errors
    /// `CONFIG_ERROR` with the file, the field and the rule; `STORE_UNAVAILABLE`.
    pub async fn build(self) -> Result<WecomLogin> {
        let runtime = Handle::try_current().map_err(|_| config("build runs within a tokio runtime"))?;
        let web = self.web()?;
        let hosts = self.hosts()?;
        let retention = self.retention.clone().checked()?;
        let instances = self.read_instances()?;
        let suites = Suites::new(instances.iter().filter_map(|(_, kind)| match kind {
            Kind::QywxProxy(config) => Some(config.suite.clone()),
            Kind::Own { .. } => None,
        }));
        let instances = Instances::new(instances)?;
        let database = match self.database {
            Some(Database::Connection(connection)) => connection,
            Some(Database::Url(url)) => Store::connect(&url).await?,
            None => return Err(config("database_url or database is missing")),
        };
        let store = Store::open(database, &self.data_keys, self.clock, self.migrate).await?;

        let (chores, chore_feed) = mpsc::unbounded_channel();
        let (repeats, repeat_feed) = mpsc::unbounded_channel();
        let (due, arrived) = (Arc::new(Wake::new()), Arc::new(Wake::new()));
        let api = Api::new(self.http_client, hosts);
        let tokens = Tokens::new(api.clone(), store.clone(), self.cached_authorizations, runtime.clone());
        let sessions = Sessions::new(store.shared(Share::Sessions), self.sessions, chores, runtime.clone());
        let authorizations = Authorizations::new(crate::authorization::Parts {
            store: store.clone(),
            api: api.clone(),
            tokens: tokens.clone(),
            sessions: sessions.clone(),
            suites: suites.clone(),
            hooks: Arc::clone(&self.hooks),
            due: Arc::clone(&due),
            capacity: self.cached_authorizations,
        });
        let ours: Arc<dyn Binder> = AuthModel::new(store.clone(), self.binding_policy);
        let binder = (self.binder)(Arc::clone(&ours));
        let by_auth_model = Arc::ptr_eq(&binder, &ours);
        let people = People::new(store.clone(), sessions.clone(), binder, by_auth_model);
        let inbox = Inbox::new(store.shared(Share::Notify), Arc::clone(&arrived), repeats);
        let stop = CancellationToken::new();
        let effects = Effects::new(store.clone(), authorizations.clone(), people.clone());
        let login = WecomLogin::new(Inner {
            prover: Prover::new(
                store.clone(),
                api.clone(),
                tokens.clone(),
                authorizations.clone(),
                people.clone(),
                sessions.clone(),
            ),
            login_codes: LoginCodes::new(store.clone()),
            spent_states: SpentStates::new(store.clone()),
            organization_codes: OrganizationCodes::new(store.clone()),
            notify: Notify::new(
                suites.clone(),
                instances.clone(),
                inbox.clone(),
                authorizations.clone(),
                Arc::clone(&self.hooks),
                store.clone(),
                runtime.clone(),
            ),
            worker: Worker::new(
                store.shared(Share::Worker),
                effects,
                inbox.clone(),
                suites.ids(),
                arrived,
                stop.clone(),
            ),
            instances,
            meta: self.meta,
            suites,
            store,
            api,
            tokens,
            sessions,
            authorizations,
            people,
            hooks: self.hooks,
            retention,
            web,
            runtime,
            tasks: TaskTracker::new(),
            stop,
        });
        background::start(&login, Feeds { inbox, repeats: repeat_feed, chores: chore_feed, due });
        Ok(login)
    }

    fn web(&self) -> Result<Web> {
        let url = self.public_url.as_deref().ok_or_else(|| config("public_url is missing"))?;
        let public_url = if self.insecure_http { PublicUrl::insecure(url) } else { PublicUrl::new(url) }?;
        let key = self.admin_key.as_deref().map(AdminKey::new).transpose()?;
        let admin = Admin::new(key, self.admin_predicate.clone(), Arc::clone(&self.clock));
        let proxies = TrustedProxies::new(self.trusted_proxies.clone());
        Ok(Web::new(public_url, Mount::new(&self.mount)?, admin, proxies).with_look(self.look.clone()))
    }

    fn hosts(&self) -> Result<Hosts> {
        match (&self.wecom_url, &self.hosts) {
            (Some(_), Some(_)) => Err(config("wecom_url and wecom_hosts exclude each other")),
            (Some(url), None) => Ok(Hosts::parse(url, url, url, self.insecure_http)?),
            (None, hosts) => Ok(hosts.clone().unwrap_or_default()),
        }
    }

    fn read_instances(&self) -> Result<Vec<(InstanceName, Kind)>> {
        let elements = self.auths.as_ref().map(|root| read_elements(root)).transpose()?.unwrap_or_default();
        let mut all = Vec::new();
        let mut others = Vec::new();
        for files in elements {
            let Some(login_type) = self.meta.registered(&files.type_name) else {
                others.push(files);
                continue;
            };
            let kind = Kind::Own {
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
        all.extend(ours.into_iter().map(|config| (config.name.clone(), Kind::QywxProxy(Arc::new(config)))));
        if all.is_empty() {
            return Err(config("there is no login instance: give auths, or instance"));
        }
        Ok(all)
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("auths", &self.auths)
            .field("public_url", &self.public_url)
            .field("mount", &self.mount)
            .finish_non_exhaustive()
    }
}

fn config(detail: impl Into<String>) -> Error {
    Error::new(ErrorKind::Config, detail)
}
