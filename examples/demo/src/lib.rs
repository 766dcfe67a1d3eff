//! What the example apps share: their flags, and the WeCom in a box beside them. None of it belongs in an app of yours;
//! there, these values come from your own configuration.

mod companies;
mod flags;
mod pages;
mod two_companies;

use std::error::Error;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use clap::Parser as _;
use tokio::net::TcpListener;
use wecom_login::wecom::Hosts;
use wecom_login::{CurrentUser, DATA_KEY_VARIABLE, DataKeys, Hooks, WecomLogin};
use wecom_sandbox::{Sandbox, WARNING};

pub use crate::two_companies::TwoCompanies;

use crate::companies::Newcomers;
use crate::flags::Flags;

/// An example app's surroundings, as its flags want them.
#[derive(Debug)]
pub struct Demo {
    name: &'static str,
    flags: Flags,
    address: SocketAddr,
    sandbox: Option<Arc<Sandbox>>,
    newcomers: Newcomers,
}

impl Demo {
    /// Reads the flags, binds the app's address and, unless `--auths` or `--wecom-url` says otherwise, starts a sandbox
    /// on the next port of this machine.
    ///
    /// # Errors
    /// An address is taken, no port is left for the sandbox, or its state cannot be read.
    pub async fn start(name: &'static str) -> Result<(Self, TcpListener), Box<dyn Error>> {
        let filter = std::env::var("RUST_LOG").unwrap_or_else(|_| "warn".to_owned());
        tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(std::io::stderr)
            .init();
        let flags = Flags::parse();
        let listener = TcpListener::bind(flags.listen).await?;
        let address = listener.local_addr()?;
        let mut demo = Self {
            name,
            flags,
            address,
            sandbox: None,
            newcomers: Newcomers::default(),
        };
        if demo.flags.auths.is_none() && demo.flags.wecom_url.is_none() {
            println!("{WARNING}");
            let from_here = from_this_machine(address);
            let sandbox = Sandbox::builder()
                .listen(beside(demo.flags.listen)?)
                .auths(demo.auths())
                .state(format!("{name}.sandbox.json"))
                // An app on an address of the network is reached by that address only.
                .remote(!from_here.ip().is_loopback())
                .notify(format!("http://{from_here}/auth/notify"))
                .public_url(demo.public_url());
            demo.sandbox = Some(Arc::new(sandbox.start().await?));
        }
        Ok((demo, listener))
    }

    /// Where the login instances are configured.
    #[must_use]
    pub fn auths(&self) -> PathBuf {
        let own = concat!(env!("CARGO_MANIFEST_DIR"), "/../auths");
        self.flags
            .auths
            .clone()
            .unwrap_or_else(|| PathBuf::from(own))
    }

    /// The database.
    #[must_use]
    pub fn database_url(&self) -> String {
        self.flags
            .database_url
            .clone()
            .unwrap_or_else(|| format!("sqlite://{}.db", self.name))
    }

    /// The key of what is secret in it: from the environment, else a file of its own.
    #[must_use]
    pub fn data_keys(&self) -> DataKeys {
        match std::env::var_os(DATA_KEY_VARIABLE) {
            Some(_) => DataKeys::from_env(),
            None => DataKeys::from_file(format!("{}.key", self.name)),
        }
    }

    /// The app as browsers see it.
    #[must_use]
    pub fn public_url(&self) -> String {
        self.flags
            .public_url
            .clone()
            .unwrap_or_else(|| format!("http://{}", from_this_machine(self.address)))
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

    /// Who is told of companies that authorise the app.
    #[must_use]
    pub fn hooks(&self) -> impl Hooks + use<> {
        self.newcomers.clone()
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
            companies::authorise_and_introduce(sandbox, login, &self.newcomers, &self.public_url());
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

/// How this machine reaches an app that listens there.
fn from_this_machine(app: SocketAddr) -> SocketAddr {
    let ip = match app.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, app.port())
}

/// Where the sandbox listens: on this machine, whatever the app does, because anyone who reaches it can log in as
/// anyone.
fn beside(app: SocketAddr) -> Result<SocketAddr, &'static str> {
    let here = Ipv6Addr::LOCALHOST;
    let ip = if app.ip() == here {
        here.into()
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
    fn the_sandbox_stays_on_this_machine() {
        for (app, sandbox, reached) in [
            ("127.0.0.1:3000", "127.0.0.1:3001", "127.0.0.1:3000"),
            ("127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"),
            ("0.0.0.0:3000", "127.0.0.1:3001", "127.0.0.1:3000"),
            ("192.0.2.7:3000", "127.0.0.1:3001", "192.0.2.7:3000"),
            ("[::1]:3000", "[::1]:3001", "[::1]:3000"),
            ("[::]:3000", "127.0.0.1:3001", "[::1]:3000"),
        ] {
            let app: SocketAddr = app.parse().expect("an address");
            assert_eq!(
                beside(app),
                Ok(sandbox.parse().expect("an address")),
                "{app}"
            );
            assert_eq!(
                from_this_machine(app),
                reached.parse().expect("an address"),
                "{app}"
            );
        }
        assert!(beside("127.0.0.1:65535".parse().expect("an address")).is_err());
    }
}
