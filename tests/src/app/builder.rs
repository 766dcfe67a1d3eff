//! The configuration of a [`TestApp`].

use std::fmt;
use std::net::TcpListener;

use sea_orm::DbBackend;
use tempfile::TempDir;
use wecom_login::wecom::Hosts;
use wecom_login::{Builder, ManualClock};
use wecom_sandbox::Sandbox;

use super::http::router;
use super::instances::{NodeConfig, base, push_builder};
use super::{ADMIN_KEY, TestApp, allow_late_answers, relax_push_timing};
use crate::adapter::{Adapter, AxumAdapter, Layout};
use crate::auths::{self, COMPANY_A};
use crate::database::TestDatabase;
use crate::hooks::RecordingHooks;
use crate::proxy::TcpProxy;

type Configure<'a> = Box<dyn FnOnce(Builder) -> Builder + Send + 'a>;

/// Builds a [`TestApp`].
#[must_use = "an app is started by start()"]
pub struct TestAppBuilder<'a> {
    adapter: &'a dyn Adapter,
    layout: Layout,
    is_documented: bool,
    instances: Instances,
    clock: Option<ManualClock>,
    corps: usize,
    members: usize,
    authorized: Authorized,
    push: bool,
    admin_key: bool,
    qr_host: Option<String>,
    proxied: bool,
    database: Option<(TempDir, TestDatabase)>,
    configure: Configure<'a>,
}

/// Where the instances come from.
#[derive(Clone, Copy, Debug)]
pub(super) enum Instances {
    /// `NodeConfig`, without files.
    Code(NodeConfig),
    /// The directory of [`auths`].
    Files,
}

/// The (suite, corp) pairs that are authorized at the start.
enum Authorized {
    /// Company A and the first corp that no instance pins, for the first suite.
    TwoCorps,
    These(Vec<(String, String)>),
}

impl<'a> TestAppBuilder<'a> {
    pub(super) fn new() -> Self {
        Self {
            adapter: &AxumAdapter,
            layout: Layout::Auth,
            is_documented: false,
            instances: Instances::Code(NodeConfig::default()),
            clock: None,
            corps: 3,
            members: 5,
            authorized: Authorized::These(Vec::new()),
            push: true,
            admin_key: true,
            qr_host: None,
            proxied: false,
            database: None,
            configure: Box::new(|builder| builder),
        }
    }

    pub(super) fn from_auths_directory() -> Self {
        Self {
            instances: Instances::Files,
            clock: Some(ManualClock::starting_now()),
            corps: 8,
            authorized: Authorized::TwoCorps,
            ..Self::new()
        }
    }

    /// The framework; axum by default.
    pub fn adapter(mut self, adapter: &'a dyn Adapter) -> Self {
        self.adapter = adapter;
        self
    }

    /// Compares every answer to [`TestApp::send`] with `/openapi.json`.
    pub const fn documented(mut self) -> Self {
        self.is_documented = true;
        self
    }

    /// Where the login routes are mounted; at `/auth` by default.
    pub const fn layout(mut self, layout: Layout) -> Self {
        self.layout = layout;
        self
    }

    /// The handle's clock.
    pub fn clock(mut self, clock: &ManualClock) -> Self {
        self.clock = Some(clock.clone());
        self
    }

    /// The machine's clock.
    pub fn system_clock(mut self) -> Self {
        self.clock = None;
        self
    }

    /// The number of corps in the sandbox.
    pub const fn corps(mut self, corps: usize) -> Self {
        self.corps = corps;
        self
    }

    /// The number of members of each corp.
    pub const fn members(mut self, members: usize) -> Self {
        self.members = members;
        self
    }

    /// With providerCorpId and providerSecret. Only for instances in code.
    pub fn provider(mut self) -> Self {
        self.code_instances().provider = true;
        self
    }

    /// With a second suite that has the callback keys of the first. Only for instances in code.
    pub fn second_suite(mut self) -> Self {
        self.code_instances().second_suite = true;
        self
    }

    fn code_instances(&mut self) -> &mut NodeConfig {
        match &mut self.instances {
            Instances::Code(config) => config,
            Instances::Files => panic!("the instances come from files"),
        }
    }

    /// These (suite, corp) pairs are authorized when the app starts.
    pub fn authorized(mut self, pairs: &[(&str, &str)]) -> Self {
        let owned = |(suite, corp): &(&str, &str)| ((*suite).to_owned(), (*corp).to_owned());
        self.authorized = Authorized::These(pairs.iter().map(owned).collect());
        self
    }

    /// The sandbox does not know the callback URL: no suite_ticket arrives, and no corp is authorized.
    pub fn without_push(mut self) -> Self {
        self.push = false;
        self.authorized(&[])
    }

    /// Without an admin key.
    pub const fn without_admin_key(mut self) -> Self {
        self.admin_key = false;
        self
    }

    /// WeCom's QR page is at this URL; everything else of WeCom stays the sandbox.
    pub fn qr_host(mut self, url: impl Into<String>) -> Self {
        self.qr_host = Some(url.into());
        self
    }

    /// With a proxy before the database server; an SQLite file gets none.
    pub const fn proxied(mut self) -> Self {
        self.proxied = true;
        self
    }

    /// On this database, whose files are in this directory.
    pub fn database(mut self, directory: TempDir, database: TestDatabase) -> Self {
        self.database = Some((directory, database));
        self
    }

    /// Changes the handle's builder, after everything else has been set.
    pub fn configure(mut self, configure: impl FnOnce(Builder) -> Builder + Send + 'a) -> Self {
        let earlier = self.configure;
        self.configure = Box::new(move |builder| configure(earlier(builder)));
        self
    }

    /// Starts the sandbox, the handle and the app, and waits until the app knows the authorized corps.
    pub async fn start(self) -> TestApp {
        // On the heap: the futures of whole suites hold it, and rustc limits the depth of a future's type.
        Box::pin(self.start_unboxed()).await
    }

    async fn start_unboxed(self) -> TestApp {
        let (directory, database) = match self.database {
            Some(database) => database,
            None => {
                let directory = TempDir::new().unwrap();
                let database = TestDatabase::create(directory.path()).await;
                (directory, database)
            }
        };
        let (proxy, database_url) = if self.proxied && database.backend() != DbBackend::Sqlite {
            let (proxy, url) = TcpProxy::before_database(database.url()).await;
            (Some(proxy), url)
        } else {
            (None, database.url().to_owned())
        };
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let auths = directory.path().join("auths");
        let sandbox = Sandbox::builder().corps(self.corps).members(self.members);
        let sandbox = match self.instances {
            Instances::Code(config) => sandbox.suites(config.suites()),
            Instances::Files => {
                auths::write(&auths);
                sandbox.auths_dir(&auths)
            }
        };
        let sandbox = sandbox.start().await.expect("the sandbox starts");
        allow_late_answers(&sandbox).await;
        let hooks = RecordingHooks::default();
        let qr_host = self.qr_host.unwrap_or_else(|| sandbox.url());
        let mut builder = base(&format!("http://{address}"), &database_url)
            .mount(self.layout.mount())
            .wecom_hosts(Hosts::parse(&sandbox.url(), &sandbox.url(), &qr_host, false).unwrap())
            .hooks(hooks.clone());
        builder = match self.instances {
            Instances::Code(config) => {
                relax_push_timing(&sandbox).await;
                config.add_instances(builder)
            }
            Instances::Files => builder
                .auths_dir(&auths)
                .trusted_proxies(["127.0.0.1/32".parse().unwrap()]),
        };
        if let Some(clock) = &self.clock {
            builder = builder.clock(clock.clone());
        }
        if self.admin_key {
            builder = builder.admin_key(ADMIN_KEY);
        }
        let login = (self.configure)(builder)
            .build()
            .await
            .expect("the handle is built");
        let router = router(self.layout, &login);
        let server = self.adapter.serve(&login, self.layout, listener);
        let app = TestApp {
            server,
            login,
            sandbox,
            hooks,
            push_builder: push_builder(),
            router,
            clock: self.clock,
            address,
            layout: self.layout,
            is_documented: self.is_documented,
            instances: self.instances,
            proxy,
            directory,
            database,
        };
        if self.push {
            app.start_pushing().await;
        }
        let authorized = match self.authorized {
            Authorized::TwoCorps => vec![
                (auths::SUITE.to_owned(), COMPANY_A.to_owned()),
                (auths::SUITE.to_owned(), app.open_corp()),
            ],
            Authorized::These(pairs) => pairs,
        };
        for (suite, corp) in &authorized {
            app.install_corp(suite, corp).await;
        }
        app
    }
}

impl fmt::Debug for TestAppBuilder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestAppBuilder")
            .field("instances", &self.instances)
            .field("layout", &self.layout)
            .finish_non_exhaustive()
    }
}
