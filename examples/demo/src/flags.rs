//! The flags of the example apps. A flag beats its variable, the variable beats the default.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Parser;
use ipnet::IpNet;

/// An example app behind a WeCom login. Without flags it starts a WeCom sandbox.
#[derive(Parser)]
#[command(version)]
pub(crate) struct Flags {
    /// The address of the app; the sandbox takes the next port on loopback.
    #[arg(
        long,
        env = "WECOM_LOGIN_LISTEN",
        default_value = "127.0.0.1:3000",
        value_name = "ADDR"
    )]
    pub(crate) listen: SocketAddr,
    /// The directory of the login instances. With this and without --wecom-url, the real WeCom is used.
    #[arg(long, env = "WECOM_LOGIN_AUTHS", value_name = "DIR")]
    pub(crate) auths: Option<PathBuf>,
    /// The database: sqlite://, postgres:// or mysql://. The default is an SQLite file in the working directory.
    #[arg(
        long,
        env = "WECOM_LOGIN_DATABASE_URL",
        hide_env_values = true,
        value_name = "URL"
    )]
    pub(crate) database_url: Option<String>,
    /// The URL of the app in browsers. The default is the address it listens on.
    #[arg(long, env = "WECOM_LOGIN_PUBLIC_URL", value_name = "URL")]
    pub(crate) public_url: Option<String>,
    /// Further origins whose pages may use the app, such as a front end's, separated by commas.
    #[arg(
        long,
        env = "WECOM_LOGIN_ALLOWED_ORIGINS",
        value_delimiter = ',',
        value_name = "ORIGIN,..."
    )]
    pub(crate) allowed_origins: Vec<String>,
    /// The URL for all three hosts of WeCom, such as a separate sandbox.
    #[arg(long, env = "WECOM_LOGIN_WECOM_URL", value_name = "URL")]
    pub(crate) wecom_url: Option<String>,
    /// The bearer token of the admin routes. `ps` shows a flag, so a service uses the variable.
    #[arg(
        long,
        env = "WECOM_LOGIN_ADMIN_KEY",
        hide_env_values = true,
        value_name = "KEY"
    )]
    pub(crate) admin_key: Option<String>,
    /// The networks of the proxies before the app, whose X-Forwarded-For is believed, separated by commas.
    #[arg(
        long,
        env = "WECOM_LOGIN_TRUSTED_PROXIES",
        value_delimiter = ',',
        value_name = "CIDR,..."
    )]
    pub(crate) trusted_proxies: Vec<IpNet>,
    /// The address of the metrics, as Prometheus' text at /metrics. Let no one reach it but Prometheus.
    #[arg(long, env = "WECOM_LOGIN_METRICS", value_name = "ADDR")]
    pub(crate) metrics: Option<SocketAddr>,
    /// Lets administrators have the access tokens of companies.
    #[arg(
        long,
        env = "WECOM_LOGIN_SERVE_ACCESS_TOKENS",
        value_parser = clap::builder::FalseyValueParser::new()
    )]
    pub(crate) serve_access_tokens: bool,
    /// Asks a person at the first login which user of the app they are, in place of a new user for each.
    #[arg(
        long,
        env = "WECOM_LOGIN_EXISTING_ACCOUNTS",
        value_parser = clap::builder::FalseyValueParser::new()
    )]
    pub(crate) existing_accounts: bool,
}

impl fmt::Debug for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flags")
            .field("listen", &self.listen)
            .field("auths", &self.auths)
            .finish_non_exhaustive()
    }
}
