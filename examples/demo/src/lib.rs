//! What the example apps share: their flags, the sandbox that they start, and their pages.
//!
//! An app of yours needs none of it: these values come from its own configuration.

mod binder;
mod companies;
mod flags;
mod messages;
mod metrics;
mod pages;
mod staff;

use std::error::Error;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser as _;
use ipnet::IpNet;
use tokio::net::TcpListener;
use wecom_login::wecom::Hosts;
use wecom_login::{
    CorpId, CurrentUser, DATA_KEY_VARIABLE, DataKeys, DefaultUserBinder, Hooks, WecomLogin,
};
use wecom_sandbox::{IdForm, Sandbox, WARNING};

pub use crate::binder::LinkedAccountsBinder;
pub use crate::pages::Page;
pub use crate::staff::{ADMINISTRATOR, Staff};

use crate::companies::OnboardingHook;
use crate::flags::Flags;

/// How long requests that are under way may take after the signal to stop. Docker kills ten seconds after it.
pub const DRAIN_TIMEOUT: Duration = Duration::from_secs(3);

/// How long a client may take for the headers of a request, and a connection may be idle.
pub const CONNECTION_TIMEOUT: Duration = Duration::from_secs(10);

/// How long an answer may take to begin: longer than a login, which has 12 s.
pub const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// How often gauges are read from the database: as often as Prometheus asks by default.
pub const METRICS_INTERVAL: Duration = Duration::from_secs(15);

/// The subprotocol of `/api/ws`. A browser offers it beside `wecom-login.bearer.TOKEN`, or with the session cookie.
pub const ECHO_PROTOCOL: &str = "echo";

/// The configuration of an example app, and its sandbox.
#[derive(Debug)]
pub struct Demo {
    name: &'static str,
    flags: Flags,
    address: SocketAddr,
    sandbox: Option<Arc<Sandbox>>,
    onboarding: OnboardingHook,
    staff: Staff,
}

impl Demo {
    /// Reads the flags, binds the app's address, and starts a sandbox on the next loopback port unless `--auths` or
    /// `--wecom-url` is given.
    ///
    /// # Errors
    /// An address is taken, no port is left for the sandbox, or its state cannot be read.
    pub async fn start(name: &'static str) -> Result<(Self, TcpListener), Box<dyn Error>> {
        let filter = std::env::var("RUST_LOG").unwrap_or_else(|_| "warn".to_owned());
        tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(io::stderr)
            .init();
        let flags = Flags::parse();
        let listener = TcpListener::bind(flags.listen).await.map_err(|error| {
            let address = flags.listen;
            format!(
                "cannot listen on {address}: {error}; --listen or WECOM_LOGIN_LISTEN takes another address"
            )
        })?;
        if let Some(address) = flags.metrics {
            let address = metrics::serve(address).await.map_err(|error| {
                format!("cannot listen on {address}: {error}; --metrics or WECOM_LOGIN_METRICS takes another address")
            })?;
            println!("metrics are at http://{address}/metrics");
        }
        let address = listener.local_addr()?;
        let has_sandbox = flags.auths.is_none() && flags.wecom_url.is_none();
        let mut demo = Self {
            name,
            flags,
            address,
            sandbox: None,
            onboarding: OnboardingHook::default(),
            staff: Staff::open(has_sandbox).await?,
        };
        if has_sandbox {
            println!("{WARNING}");
            let local_address = local_address(address);
            let sandbox = Sandbox::builder()
                .listen(sandbox_address(demo.flags.listen)?)
                .auths_dir(demo.auths())
                // As for every corp that authorizes an app today (D/97104).
                .install_ids(IdForm::Encrypted)
                .state(format!("{name}.sandbox.json"))
                // An app on an address of the network is local by that address only.
                .remote(!local_address.ip().is_loopback())
                .notify(format!("http://{local_address}/auth/notify"))
                .public_url(demo.public_url());
            let sandbox = sandbox.start().await.map_err(|error| {
                format!("the sandbox, which has the port after that of --listen: {error}")
            })?;
            demo.sandbox = Some(Arc::new(sandbox));
        }
        Ok((demo, listener))
    }

    /// Says in a sentence why the app could not go on. What `main` returns would be printed by its `Debug`.
    #[must_use]
    pub fn exit_code(name: &str, result: Result<(), Box<dyn Error>>) -> ExitCode {
        match result {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("{name}: {error}");
                ExitCode::FAILURE
            }
        }
    }

    /// The directory of the login instances.
    #[must_use]
    pub fn auths(&self) -> PathBuf {
        let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../auths");
        self.flags
            .auths
            .clone()
            .unwrap_or_else(|| PathBuf::from(default))
    }

    /// The URL of the database.
    #[must_use]
    pub fn database_url(&self) -> String {
        self.flags
            .database_url
            .clone()
            .unwrap_or_else(|| format!("sqlite://{}.db", self.name))
    }

    /// The key that encrypts the secrets in the database: from the environment, or else from a file.
    #[must_use]
    pub fn data_keys(&self) -> DataKeys {
        match std::env::var_os(DATA_KEY_VARIABLE) {
            Some(_) => DataKeys::from_env(),
            None => DataKeys::from_file(format!("{}.key", self.name)),
        }
    }

    /// The URL of the app in browsers.
    #[must_use]
    pub fn public_url(&self) -> String {
        self.flags
            .public_url
            .clone()
            .unwrap_or_else(|| format!("http://{}", local_address(self.address)))
    }

    /// The origins of front ends that are not at the public URL.
    #[must_use]
    pub fn allowed_origins(&self) -> &[String] {
        &self.flags.allowed_origins
    }

    /// The proxies whose forwarded headers are believed.
    #[must_use]
    pub fn trusted_proxies(&self) -> Vec<IpNet> {
        self.flags.trusted_proxies.clone()
    }

    /// The hosts of WeCom: the sandbox, the host of `--wecom-url`, or the real ones.
    ///
    /// # Errors
    /// `--wecom-url` is not an allowed URL.
    pub fn wecom(&self) -> Result<Hosts, Box<dyn Error>> {
        match (&self.sandbox, &self.flags.wecom_url) {
            (Some(sandbox), _) => Ok(Hosts::all_at(&sandbox.url())?),
            (None, Some(url)) => Ok(Hosts::all_at(url)?),
            (None, None) => Ok(Hosts::default()),
        }
    }

    /// The key of the admin routes, or none to keep them off.
    #[must_use]
    pub fn admin_key(&self) -> Option<String> {
        self.flags.admin_key.clone()
    }

    /// Whether administrators may have the access tokens of companies.
    #[must_use]
    pub const fn serves_access_tokens(&self) -> bool {
        self.flags.serve_access_tokens
    }

    /// The users of the app.
    #[must_use]
    pub fn staff(&self) -> Staff {
        self.staff.clone()
    }

    /// The binder of the app, around the library's.
    pub fn binder(
        &self,
    ) -> impl FnOnce(DefaultUserBinder) -> LinkedAccountsBinder + Send + Sync + use<> {
        let (staff, asks) = (self.staff(), self.flags.existing_accounts);
        move |inner| LinkedAccountsBinder::new(inner, staff, asks)
    }

    /// Whether a user is an administrator, by the role that came with the session.
    #[must_use]
    pub fn is_administrator(user: &CurrentUser) -> bool {
        let attributes = user.attributes();
        attributes
            .get("role")
            .is_some_and(|role| role == ADMINISTRATOR)
    }

    /// The company whose own route is `/api/company-a`.
    ///
    /// # Panics
    /// Never: the id is one.
    #[must_use]
    pub fn company_a() -> CorpId {
        CorpId::new(binder::COMPANY_A).expect("a plain id")
    }

    /// The value of a field of a form or a query; blank if it is not there.
    #[must_use]
    pub fn field(form: &str, name: &str) -> String {
        let mut fields = form_urlencoded::parse(form.as_bytes());
        let found = fields.find(|(of, _)| of == name);
        found
            .map(|(_, value)| value.into_owned())
            .unwrap_or_default()
    }

    /// The hooks of the app, which onboard the companies that authorize it.
    #[must_use]
    pub fn hooks(&self) -> impl Hooks + use<> {
        self.onboarding.clone()
    }

    /// The JSON of a user in the answers of the example routes.
    #[must_use]
    pub fn describe(user: &CurrentUser) -> serde_json::Value {
        serde_json::json!({
            "userId": user.user_id(),
            "thirdUserId": user.third_user_id(),
            "corpId": user.corp_id(),
            "suiteId": user.suite_id(),
            "platform": user.platform(),
        })
    }

    /// Prints what to open, and installs the app in the first two companies of the sandbox.
    pub fn announce(&self, login: &WecomLogin) {
        if self.flags.public_url.is_some() {
            println!("{} listens on http://{}", self.name, self.address);
        }
        println!("{} is at {}", self.name, self.public_url());
        if let Some(sandbox) = &self.sandbox {
            companies::spawn_onboarding(sandbox, login, &self.onboarding, &self.public_url());
        }
    }

    /// Runs a server that stops at Ctrl-C or SIGTERM, and gives its last requests [`DRAIN_TIMEOUT`].
    ///
    /// # Errors
    /// Those of the server.
    pub async fn drain(server: impl IntoFuture<Output = io::Result<()>>) -> io::Result<()> {
        let overdue = async {
            Self::shutdown_signal().await;
            tokio::time::sleep(DRAIN_TIMEOUT).await;
        };
        tokio::select! {
            stopped = server.into_future() => stopped,
            () = overdue => Ok(()),
        }
    }

    /// Completes at Ctrl-C or SIGTERM.
    pub async fn shutdown_signal() {
        let interrupted = async { tokio::signal::ctrl_c().await };
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            let Ok(mut terminated) = signal(SignalKind::terminate()) else {
                let _ = interrupted.await;
                return;
            };
            tokio::select! {
                _ = interrupted => {}
                _ = terminated.recv() => {}
            }
        }
        #[cfg(not(unix))]
        let _ = interrupted.await;
    }
}

/// The address at which this machine reaches an app that listens on `app`.
fn local_address(app: SocketAddr) -> SocketAddr {
    let ip = match app.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, app.port())
}

/// The address of the sandbox: always loopback, because anyone who reaches a sandbox can log in as anyone.
fn sandbox_address(app: SocketAddr) -> Result<SocketAddr, &'static str> {
    let ip = if app.ip() == Ipv6Addr::LOCALHOST {
        Ipv6Addr::LOCALHOST.into()
    } else {
        Ipv4Addr::LOCALHOST.into()
    };
    let port = match app.port() {
        0 => 0,
        port => port
            .checked_add(1)
            .ok_or("--listen takes port 65534 at most: the sandbox has the next one")?,
    };
    Ok(SocketAddr::new(ip, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sandbox_listens_on_loopback_only() {
        for (app, sandbox, local) in [
            ("127.0.0.1:3000", "127.0.0.1:3001", "127.0.0.1:3000"),
            ("127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"),
            ("0.0.0.0:3000", "127.0.0.1:3001", "127.0.0.1:3000"),
            ("192.0.2.7:3000", "127.0.0.1:3001", "192.0.2.7:3000"),
            ("[::1]:3000", "[::1]:3001", "[::1]:3000"),
            ("[::]:3000", "127.0.0.1:3001", "[::1]:3000"),
        ] {
            let app: SocketAddr = app.parse().expect("an address");
            assert_eq!(
                sandbox_address(app),
                Ok(sandbox.parse().expect("an address")),
                "{app}"
            );
            assert_eq!(
                local_address(app),
                local.parse().expect("an address"),
                "{app}"
            );
        }
        assert!(sandbox_address("127.0.0.1:65535".parse().expect("an address")).is_err());
    }
}
