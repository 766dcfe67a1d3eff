//! What the example apps share: their flags, and the WeCom in a box beside them. None of it belongs in an app of yours;
//! there, these values come from your own configuration.

mod companies;
mod flags;
mod pages;
mod two_companies;

use std::error::Error;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Parser as _;
use tokio::net::TcpListener;
use wecom_login::wecom::Hosts;
use wecom_login::{CurrentUser, DATA_KEY_VARIABLE, DataKeys, WecomLogin};
use wecom_sandbox::{Sandbox, WARNING};

pub use crate::two_companies::TwoCompanies;

use crate::flags::Flags;

/// An example app's surroundings, as its flags want them.
#[derive(Debug)]
pub struct Demo {
    name: &'static str,
    flags: Flags,
    address: SocketAddr,
    sandbox: Option<Arc<Sandbox>>,
}

impl Demo {
    /// Reads the flags, binds the app's address and, unless `--auths` or `--wecom-url` says otherwise, starts a sandbox
    /// on the next port.
    ///
    /// # Errors
    /// An address is taken, or the sandbox's state cannot be read.
    pub async fn start(name: &'static str) -> Result<(Self, TcpListener), Box<dyn Error>> {
        let filter = std::env::var("RUST_LOG").unwrap_or_else(|_| "warn".to_owned());
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
        let flags = Flags::parse();
        let listener = TcpListener::bind(flags.listen).await?;
        let address = listener.local_addr()?;
        let mut demo = Self { name, flags, address, sandbox: None };
        if demo.flags.auths.is_none() && demo.flags.wecom_url.is_none() {
            println!("{WARNING}");
            let next_port = if demo.flags.listen.port() == 0 { 0 } else { address.port() + 1 };
            let sandbox = Sandbox::builder()
                .listen(SocketAddr::new(address.ip(), next_port))
                .auths(demo.auths())
                .state(format!("{name}.sandbox.json"))
                .notify(format!("http://{address}/auth/notify"))
                .public_url(demo.public_url());
            demo.sandbox = Some(Arc::new(sandbox.start().await?));
        }
        Ok((demo, listener))
    }

    /// Where the login instances are configured.
    #[must_use]
    pub fn auths(&self) -> PathBuf {
        let own = concat!(env!("CARGO_MANIFEST_DIR"), "/../auths");
        self.flags.auths.clone().unwrap_or_else(|| PathBuf::from(own))
    }

    /// The database.
    #[must_use]
    pub fn database_url(&self) -> String {
        self.flags.database_url.clone().unwrap_or_else(|| format!("sqlite://{}.db", self.name))
    }

    /// The key of what is secret in it: from the environment, else a file of its own.
    #[must_use]
    pub fn data_keys(&self) -> DataKeys {
        match std::env::var_os(DATA_KEY_VARIABLE) {
            Some(_) => DataKeys::environment(),
            None => DataKeys::file(format!("{}.key", self.name)),
        }
    }

    /// The app as browsers see it.
    #[must_use]
    pub fn public_url(&self) -> String {
        self.flags.public_url.clone().unwrap_or_else(|| format!("http://{}", self.address))
    }

    /// Where WeCom is: the sandbox, another stand-in, or the real one.
    ///
    /// # Errors
    /// `--wecom-url` is no URL that may be used.
    pub fn wecom(&self) -> Result<Hosts, Box<dyn Error>> {
        match (&self.sandbox, &self.flags.wecom_url) {
            (Some(sandbox), _) => Ok(Hosts::all_at(&sandbox.url())?),
            (None, Some(url)) => Ok(Hosts::all_at(url)?),
            (None, None) => Ok(Hosts::default()),
        }
    }

    /// The key of the admin routes, if they are to be on.
    #[must_use]
    pub fn admin_key(&self) -> Option<String> {
        self.flags.admin_key.clone()
    }

    /// What the example routes tell of a user.
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

    /// Once the app serves: lets the sandbox's first two companies authorise it, and prints what to open.
    pub fn serving(&self, login: &WecomLogin) {
        if self.flags.public_url.is_some() {
            println!("{} listens on http://{}", self.name, self.address);
        }
        println!("{} is at {}", self.name, self.public_url());
        if let Some(sandbox) = &self.sandbox {
            companies::authorise_and_introduce(sandbox, login, &self.public_url());
        }
    }

    /// Ends at Ctrl-C or when the process is asked to end.
    pub async fn stopped() {
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
