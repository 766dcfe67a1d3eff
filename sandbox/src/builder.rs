//! The configuration of a sandbox.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::{error, fmt, io};

use wecom_login::element::read_instances;
use wecom_login::{CorpId, Suite, SuiteId};

use crate::delivery::{NotifyUrl, host_and_port};
use crate::engine::{Deps, Engine};
use crate::sandbox::Sandbox;
use crate::store::{IdForm, Store, seed};

/// The configuration of a sandbox, from [`Sandbox::builder`].
#[derive(Clone, Debug)]
#[must_use]
pub struct Builder {
    listen: SocketAddr,
    auths_dir: Option<PathBuf>,
    suites: Vec<Suite>,
    pins: Vec<(SuiteId, CorpId)>,
    notify: Option<String>,
    public_url: Option<String>,
    corps: usize,
    members: usize,
    state: Option<PathBuf>,
    remote: bool,
    install_ids: Option<IdForm>,
}

impl Builder {
    pub(crate) const fn new() -> Self {
        Self {
            listen: SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
            auths_dir: None,
            suites: Vec::new(),
            pins: Vec::new(),
            notify: None,
            public_url: None,
            corps: 3,
            members: 5,
            state: None,
            remote: false,
            install_ids: None,
        }
    }

    /// The listening address; by default any free port of 127.0.0.1.
    pub const fn listen(mut self, addr: SocketAddr) -> Self {
        self.listen = addr;
        self
    }

    /// Reads the suites and the pinned corps from the app's own `auths/` directory.
    pub fn auths_dir(mut self, root: impl AsRef<Path>) -> Self {
        self.auths_dir = Some(root.as_ref().to_owned());
        self
    }

    /// Adds suites in code.
    pub fn suites(mut self, suites: impl IntoIterator<Item = Suite>) -> Self {
        self.suites.extend(suites);
        self
    }

    /// Adds a corp with this id, as if an instance of this suite pinned it.
    pub fn pin(mut self, suite: SuiteId, corp: CorpId) -> Self {
        self.pins.push((suite, corp));
        self
    }

    /// The app's callback URL. Without it nothing is pushed before [`Sandbox::set_notify`].
    pub fn notify(mut self, url: impl Into<String>) -> Self {
        self.notify = Some(url.into());
        self
    }

    /// The app's URL in browsers, if its host is not that of the notify URL: the trusted domain of
    /// every app, unless the `trustedDomain` setting names another.
    pub fn public_url(mut self, url: impl Into<String>) -> Self {
        self.public_url = Some(url.into());
        self
    }

    /// The number of corps, 3 by default; at least the pinned ones.
    pub const fn corps(mut self, count: usize) -> Self {
        self.corps = count;
        self
    }

    /// The number of members of each corp, 5 by default.
    pub const fn members(mut self, count: usize) -> Self {
        self.members = count;
        self
    }

    /// Persists all data to this file and continues from it.
    pub fn state(mut self, file: impl Into<PathBuf>) -> Self {
        self.state = Some(file.into());
        self
    }

    /// Allows listening on and pushing to other addresses than loopback. Anyone who reaches the
    /// sandbox can log in as anyone.
    pub const fn remote(mut self, remote: bool) -> Self {
        self.remote = remote;
        self
    }

    /// The form of the ids of a corp that authorizes its first app: the `installIds` setting.
    pub const fn install_ids(mut self, form: IdForm) -> Self {
        self.install_ids = Some(form);
        self
    }

    /// Starts the sandbox on the current tokio runtime.
    ///
    /// # Errors
    /// The `auths/` directory, the state file or a URL is invalid, or the address is in use.
    pub async fn start(mut self) -> Result<Sandbox, StartError> {
        if !self.remote && !self.listen.ip().is_loopback() {
            return Err(StartError::invalid(
                "the sandbox listens on this machine only, unless `remote` is set",
            ));
        }
        if self.members == 0 {
            return Err(StartError::invalid("a corp needs at least one member"));
        }
        let notify_url = self
            .notify
            .as_ref()
            .map(|url| NotifyUrl::parse(url, self.remote))
            .transpose();
        let notify_url = notify_url.map_err(StartError::invalid)?;
        let public_host = self.public_url.as_ref().map(|url| {
            let uri = url.parse().ok();
            uri.and_then(|uri| host_and_port(&uri))
                .ok_or_else(|| StartError::invalid("the public URL must be http or https"))
        });
        let public_host = public_host.transpose()?;
        let instances = self.read_auths()?;
        let suites = distinct_suites(std::mem::take(&mut self.suites))?;
        let store = self.open_store(&suites[0])?;
        let listen = self.listen;
        let listener = tokio::net::TcpListener::bind(listen)
            .await
            .map_err(|error| StartError::io(format!("cannot listen on {listen}"), error))?;
        let addr = listener
            .local_addr()
            .map_err(|error| StartError::io("cannot read the local address", error))?;
        let pins = self
            .pins
            .iter()
            .map(|(suite, corp)| (suite.as_str().to_owned(), corp.as_str().to_owned()))
            .collect();
        let engine = Engine::new(Deps {
            suites,
            instances,
            pins,
            addr,
            remote: self.remote,
            store,
            state_file: self.state,
            notify_url,
            public_host,
        });
        Ok(Sandbox::serve(engine, listener))
    }

    /// Adds the suites and pins of the auths directory. Returns the names of the instances of each
    /// suite.
    fn read_auths(&mut self) -> Result<BTreeMap<String, Vec<String>>, StartError> {
        let mut names: BTreeMap<String, Vec<String>> = BTreeMap::new();
        if let Some(root) = &self.auths_dir {
            for instance in read_instances(root).map_err(StartError::auths)? {
                let id = instance.suite.id.clone();
                names
                    .entry(id.as_str().to_owned())
                    .or_default()
                    .push(instance.name.to_string());
                self.pins.extend(instance.corp_id.map(|corp| (id, corp)));
                self.suites.push(instance.suite);
            }
        }
        Ok(names)
    }

    /// The data of the state file, with the configured corps added.
    fn open_store(&self, first: &Suite) -> Result<Store, StartError> {
        let mut pinned: Vec<String> = Vec::new();
        for (_, corp) in &self.pins {
            if !pinned.iter().any(|known| known == corp.as_str()) {
                pinned.push(corp.as_str().to_owned());
            }
        }
        let requested = seed(first.id.as_str(), &pinned, self.corps, self.members);
        let saved = match &self.state {
            Some(path) => Store::load(path).map_err(|error| {
                StartError::io(
                    format!("cannot read the state file {}", path.display()),
                    error,
                )
            })?,
            None => None,
        };
        let mut store = saved.unwrap_or_default();
        store.merge_corps(requested);
        if let Some(form) = self.install_ids {
            store.settings.install_ids = form;
        }
        if let Some(path) = &self.state {
            store.save(path).map_err(|error| {
                StartError::io(
                    format!("cannot write the state file {}", path.display()),
                    error,
                )
            })?;
        }
        Ok(store)
    }
}

/// Why a sandbox could not start. Printed as a sentence, also by `main`, which prints errors by `Debug`.
pub struct StartError {
    message: String,
    source: Option<Box<dyn error::Error + Send + Sync>>,
}

impl StartError {
    fn invalid(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            source: None,
        }
    }

    fn io(message: impl Into<String>, source: io::Error) -> Self {
        Self {
            message: message.into(),
            source: Some(Box::new(source)),
        }
    }

    fn auths(source: wecom_login::Error) -> Self {
        Self {
            message: "cannot read the auths directory".to_owned(),
            source: Some(Box::new(source)),
        }
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            Some(source) => write!(f, "{}: {source}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl fmt::Debug for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl error::Error for StartError {}

/// The suites without repeated ids; at least one, each with callback keys.
fn distinct_suites(all: Vec<Suite>) -> Result<Vec<Suite>, StartError> {
    let mut suites: Vec<Suite> = Vec::new();
    for suite in all {
        if suite.callback_keys.is_empty() {
            return Err(StartError::invalid("a suite needs callback keys"));
        }
        if !suites.iter().any(|known| known.id == suite.id) {
            suites.push(suite);
        }
    }
    if suites.is_empty() {
        return Err(StartError::invalid(
            "no suite: the auths directory must have at least one",
        ));
    }
    Ok(suites)
}
