//! How a login is configured.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
#[cfg(feature = "metrics")]
use std::time::Duration;

use ipnet::IpNet;
use sea_orm::DatabaseConnection;

#[cfg(feature = "metrics")]
use crate::app::figures::REFRESH_INTERVAL;
use crate::app::retention::Retention;
use crate::audit::ClientAddresses;
use crate::clock::{Clock, SystemClock};
use crate::domain::CorpId;
use crate::element::{InstanceConfig, LoginProvider, Meta};
use crate::hooks::{DynHooks, Hooks, NoHooks};
use crate::members::{BindingPolicy, DefaultUserBinder, DynUserBinder, UserBinder};
use crate::session::{CurrentUser, SessionConfig};
use crate::vault::DataKeys;
use crate::web::{AdminAction, AdminPredicate, Branding, PageConfig, PageRenderer, QrPanel};
use crate::wecom::{Hosts, HttpClient};

/// Collects what a login is made of. Nothing is checked before [`build`](Self::build), which says what is wrong by
/// file, field and rule, and never by value.
#[must_use]
pub struct Builder {
    pub(super) auths_dir: Option<PathBuf>,
    pub(super) instances: Vec<InstanceConfig>,
    pub(super) meta: Meta,
    pub(super) database: Option<Database>,
    pub(super) data_keys: DataKeys,
    pub(super) public_url: Option<String>,
    pub(super) mount: String,
    pub(super) allow_insecure_http: bool,
    pub(super) wecom_url: Option<String>,
    pub(super) hosts: Option<Hosts>,
    pub(super) http_client: HttpClient,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) hooks: Arc<dyn DynHooks>,
    pub(super) binder: Option<WrapBinder>,
    pub(super) binding_policy: BindingPolicy,
    pub(super) sessions: SessionConfig,
    pub(super) admin_key: Option<String>,
    pub(super) admin_predicate: Option<AdminPredicate>,
    pub(super) serve_access_tokens: bool,
    pub(super) trusted_proxies: Vec<IpNet>,
    pub(super) allowed_origins: Vec<String>,
    pub(super) page_config: PageConfig,
    pub(super) cookie_prefix: Option<String>,
    pub(super) authorization_cache_size: u64,
    pub(super) reread_rate: u32,
    pub(super) migrate: bool,
    pub(super) background_tasks: bool,
    pub(super) retention: Retention,
    #[cfg(feature = "metrics")]
    pub(super) metrics_interval: Duration,
    pub(super) client_addresses: ClientAddresses,
}

/// Makes the host app's binder, given the default one.
pub(super) type WrapBinder =
    Box<dyn FnOnce(DefaultUserBinder) -> Arc<dyn DynUserBinder> + Send + Sync>;

/// The database, as it was given.
pub(super) enum Database {
    Connection(DatabaseConnection),
    Url(String),
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            auths_dir: None,
            instances: Vec::new(),
            meta: Meta::default(),
            database: None,
            data_keys: DataKeys::from_env(),
            public_url: None,
            mount: "/auth".to_owned(),
            allow_insecure_http: false,
            wecom_url: None,
            hosts: None,
            http_client: HttpClient::default(),
            clock: Arc::new(SystemClock),
            hooks: Arc::new(NoHooks),
            binder: None,
            binding_policy: BindingPolicy::default(),
            sessions: SessionConfig::default(),
            admin_key: None,
            admin_predicate: None,
            serve_access_tokens: false,
            trusted_proxies: Vec::new(),
            allowed_origins: Vec::new(),
            page_config: PageConfig::default(),
            cookie_prefix: None,
            authorization_cache_size: 10_000,
            reread_rate: 10,
            migrate: true,
            background_tasks: true,
            retention: Retention::default(),
            #[cfg(feature = "metrics")]
            metrics_interval: REFRESH_INTERVAL,
            client_addresses: ClientAddresses::default(),
        }
    }
}

impl Builder {
    /// Reads the instances below this directory, `auths/**/<Name>/e.json` and `<Name>.json`.
    pub fn auths_dir(mut self, root: impl Into<PathBuf>) -> Self {
        self.auths_dir = Some(root.into());
        self
    }

    /// Adds an instance without files.
    pub fn instance(mut self, instance: InstanceConfig) -> Self {
        self.instances.push(instance);
        self
    }

    /// Registers a login Type of your own, or replaces ours by one of the same name. One that wraps ours keeps its suites,
    /// callbacks and logins: [`QywxProxyType`](crate::element::QywxProxyType). Instances of [`instance`](Self::instance)
    /// stay those of our Type.
    pub fn login_provider(mut self, provider: impl LoginProvider) -> Self {
        self.meta.register(provider);
        self
    }

    /// Opens a database of our own: `sqlite://…`, or with the features of those names `postgres://…` and `mysql://…`.
    pub fn database_url(mut self, url: impl Into<String>) -> Self {
        self.database = Some(Database::Url(url.into()));
        self
    }

    /// Uses a connection of the host app. Our tables begin with `wecom_`, and our migrations are recorded in a table of their own.
    ///
    /// Give a pool of sqlx 0.9.0 neither an idle timeout nor a maximum lifetime: its reaper task can busy-loop, which also
    /// blocks the shutdown of its runtime. To drop connections to a server that was switched away, close those older than
    /// ten minutes in the pool's `after_release`, as our own pools do.
    pub fn database(mut self, connection: DatabaseConnection) -> Self {
        self.database = Some(Database::Connection(connection));
        self
    }

    /// Says where the keys come from under which secrets are stored. The default is
    /// [`DataKeys::from_env`].
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
    pub const fn allow_insecure_http(mut self) -> Self {
        self.allow_insecure_http = true;
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

    /// Binds members to users by the host app's own rules, in place of the default binder.
    pub fn binder(mut self, binder: impl UserBinder) -> Self {
        self.binder = Some(Box::new(|_| Arc::new(binder)));
        self
    }

    /// Binds members to users by the host app's own rules, on top of the default binder: `wrap` is given the
    /// [`DefaultUserBinder`] and returns the binder that is used. Calls that it delegates behave as before, such as the
    /// bindings of [`AdminService::bind_user`](crate::AdminService::bind_user); a binder that only adds
    /// [`linked_principals`](UserBinder::linked_principals) needs no table of its own.
    pub fn wrap_binder<B: UserBinder>(
        mut self,
        wrap: impl FnOnce(DefaultUserBinder) -> B + Send + Sync + 'static,
    ) -> Self {
        self.binder = Some(Box::new(|default| Arc::new(wrap(default))));
        self
    }

    /// What the default binder does with a member who logs in for the first time.
    pub const fn binding_policy(mut self, policy: BindingPolicy) -> Self {
        self.binding_policy = policy;
        self
    }

    /// How long sessions live.
    pub const fn sessions(mut self, settings: SessionConfig) -> Self {
        self.sessions = settings;
        self
    }

    /// Opens the admin routes to requests with this key as a bearer: at least 24 characters. Without a key and a
    /// predicate they are off.
    pub fn admin_key(mut self, key: impl Into<String>) -> Self {
        self.admin_key = Some(key.into());
        self
    }

    /// Opens the admin routes to users of whom this says so, for an action on a company where there is one.
    pub fn admin_predicate(
        mut self,
        predicate: impl Fn(&CurrentUser, AdminAction, Option<&CorpId>) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.admin_predicate = Some(Arc::new(predicate));
        self
    }

    /// Lets administrators have the access tokens of companies, by `POST /admin/api/corps/{corpId}/accessToken`: for programs
    /// that call WeCom and are not this one. Without it the route answers 403.
    pub const fn serve_access_tokens(mut self) -> Self {
        self.serve_access_tokens = true;
        self
    }

    /// Trusts `X-Forwarded-For` of proxies in these networks: `"10.0.0.0/8".parse()?`, or `IpNet::from(address)` for
    /// a single address.
    pub fn trusted_proxies(mut self, networks: impl IntoIterator<Item = IpNet>) -> Self {
        self.trusted_proxies = networks.into_iter().collect();
        self
    }

    /// Lets pages of these origins act for a person as those of the public URL do: send unsafe requests and open WebSockets
    /// with the session cookie, log in by JSON, and be where a login returns to. For a front end on another origin, which the host app's CORS allows too.
    ///
    /// ```
    /// let builder = wecom_login::WecomLogin::builder()
    ///     .public_url("https://api.example.com")
    ///     .allowed_origins(["https://app.example.com"]);
    /// ```
    pub fn allowed_origins<O: Into<String>>(
        mut self,
        origins: impl IntoIterator<Item = O>,
    ) -> Self {
        self.allowed_origins = origins.into_iter().map(Into::into).collect();
        self
    }

    /// Gives the login's pages the host app's name, logo and colors.
    pub fn branding(mut self, branding: Branding) -> Self {
        self.page_config.branding = branding;
        self
    }

    /// Replaces pages of the login by the host app's own.
    pub fn pages(mut self, pages: impl PageRenderer) -> Self {
        self.page_config.set_pages(pages);
        self
    }

    /// Shows WeCom's QR code within a page of ours, by WeCom's script, in place of a redirect to WeCom's own page.
    pub fn qr_panel(mut self, panel: QrPanel) -> Self {
        self.page_config.qr_panel = Some(panel);
        self
    }

    /// What the names of our cookies begin with: `wecom`, as in `wecom_login`. Services that share a host share its
    /// cookies, whatever their ports and paths, and would clear each other's: give each a prefix of its own, 1 to 32 of
    /// `A-Z a-z 0-9 _ -` with a letter first. On https the names begin with `__Host-` all the same. Changing it logs
    /// browsers out.
    pub fn cookie_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.cookie_prefix = Some(prefix.into());
        self
    }

    /// How many authorizations, and as many access tokens, stay in memory. 10 000.
    pub const fn authorization_cache_size(mut self, authorizations: u64) -> Self {
        self.authorization_cache_size = authorizations;
        self
    }

    /// How many authorizations this node re-reads from WeCom in a second, at most: each is one or two calls. 10. WeCom
    /// allows a provider's address 40 000 calls of an API a minute (D/96212).
    pub const fn reread_rate(mut self, per_second: u32) -> Self {
        self.reread_rate = per_second;
        self
    }

    /// Whether the tables are brought up to date at the start, one node at a time. True. Without it the start fails
    /// where they are not: for a database account that may not change tables.
    pub const fn migrate(mut self, migrate: bool) -> Self {
        self.migrate = migrate;
        self
    }

    /// Whether the handle works in the background: it carries out callbacks, re-reads authorizations, tells hooks, deletes what
    /// has expired and is one of the nodes that the doctor lists. True. Without it the handle does only what it is called for,
    /// so that a command can run on the database of a service beside it: what it stores, the service's nodes go on with.
    /// It serves no logins: it does not learn of sessions that end elsewhere.
    pub const fn background_tasks(mut self, background_tasks: bool) -> Self {
        self.background_tasks = background_tasks;
        self
    }

    /// How much of clients' addresses the audit keeps: the whole address by default.
    pub const fn client_addresses(mut self, addresses: ClientAddresses) -> Self {
        self.client_addresses = addresses;
        self
    }

    /// How often the gauges are read that the database knows ([`metrics`](crate::metrics)): once a minute. Each node reads
    /// them, by a few statements that count.
    #[cfg(feature = "metrics")]
    pub const fn metrics_interval(mut self, interval: Duration) -> Self {
        self.metrics_interval = interval;
        self
    }

    /// How long callback records and the audit are kept, and what a corp finds that comes back
    /// ([`Retention::departed_ttl`], 30 days).
    pub const fn retention(mut self, retention: Retention) -> Self {
        self.retention = retention;
        self
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("auths", &self.auths_dir)
            .field("public_url", &self.public_url)
            .field("mount", &self.mount)
            .finish_non_exhaustive()
    }
}
