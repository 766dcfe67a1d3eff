//! Setting up a sandbox.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::{error, fmt, io};

use wecom_login::element::read_instances;
use wecom_login::{CorpId, Suite, SuiteId};

use crate::delivery::{Target, plain_authority};
use crate::engine::{Deps, Engine};
use crate::sandbox::Sandbox;
use crate::world::{World, seed};

/// What a sandbox starts with; [`Sandbox::builder`] makes one.
#[derive(Clone, Debug)]
#[must_use]
pub struct Builder {
    listen: SocketAddr,
    auths: Option<PathBuf>,
    suites: Vec<Suite>,
    pins: Vec<(SuiteId, CorpId)>,
    notify: Option<String>,
    public_url: Option<String>,
    corps: usize,
    members: usize,
    state: Option<PathBuf>,
    remote: bool,
}

impl Builder {
    pub(crate) const fn new() -> Self {
        Self {
            listen: SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
            auths: None,
            suites: Vec::new(),
            pins: Vec::new(),
            notify: None,
            public_url: None,
            corps: 3,
            members: 5,
            state: None,
            remote: false,
        }
    }

    /// Listens here; by default on any free port of 127.0.0.1.
    pub const fn listen(mut self, addr: SocketAddr) -> Self {
        self.listen = addr;
        self
    }

    /// Reads the suites and the pinned companies from the app's own `auths/` directory.
    pub fn auths(mut self, root: impl AsRef<Path>) -> Self {
        self.auths = Some(root.as_ref().to_owned());
        self
    }

    /// Adds suites in code.
    pub fn suites(mut self, suites: impl IntoIterator<Item = Suite>) -> Self {
        self.suites.extend(suites);
        self
    }

    /// A company that is there by this id, as if an instance of this suite had pinned it.
    pub fn pin(mut self, suite: SuiteId, corp: CorpId) -> Self {
        self.pins.push((suite, corp));
        self
    }

    /// Pushes to this callback URL from the start. Without it nothing is pushed until [`Sandbox::set_notify`].
    pub fn notify(mut self, url: impl Into<String>) -> Self {
        self.notify = Some(url.into());
        self
    }

    /// The app as browsers see it, where that is another host than the notify URL's: its host and port are the trusted
    /// domain of every app, until the `trustedDomain` switch says otherwise.
    pub fn public_url(mut self, url: impl Into<String>) -> Self {
        self.public_url = Some(url.into());
        self
    }

    /// So many companies, 3 by default; more if more are pinned.
    pub const fn corps(mut self, count: usize) -> Self {
        self.corps = count;
        self
    }

    /// So many people in each company, 5 by default.
    pub const fn members(mut self, count: usize) -> Self {
        self.members = count;
        self
    }

    /// Keeps everything in this file, and goes on from it.
    pub fn state(mut self, file: impl Into<PathBuf>) -> Self {
        self.state = Some(file.into());
        self
    }

    /// Allows to listen on, and to push to, more than this machine. Anyone who reaches it can log in as anyone.
    pub const fn remote(mut self, remote: bool) -> Self {
        self.remote = remote;
        self
    }

    /// Starts the sandbox on the tokio runtime that this is called on.
    ///
    /// # Errors
    /// The `auths/` directory, the state file or a URL is not as it should be, or the address is taken.
    pub async fn start(mut self) -> Result<Sandbox, StartError> {
        if !self.remote && !self.listen.ip().is_loopback() {
            return Err(StartError::rule(
                "the sandbox listens on this machine only, unless it is told `remote`",
            ));
        }
        if self.members == 0 {
            return Err(StartError::rule("a company has at least one member"));
        }
        let target = match &self.notify {
            Some(url) => Some(Target::parse(url, self.remote).map_err(StartError::rule)?),
            None => None,
        };
        let public_host = match &self.public_url {
            Some(url) => {
                Some(public_host(url).ok_or_else(|| StartError::rule("the public URL is http or https"))?)
            }
            None => None,
        };
        let (suites, instances) = self.read_suites()?;
        let world = self.open_world(&suites[0])?;
        let listen = self.listen;
        let listener = tokio::net::TcpListener::bind(listen)
            .await
            .map_err(|error| StartError::io(format!("cannot listen on {listen}"), error))?;
        let addr = listener.local_addr().map_err(|error| StartError::io("no local address", error))?;
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
            world,
            state_file: self.state,
            target,
            public_host,
        });
        Ok(Sandbox::serve(engine, listener))
    }

    /// The suites, each once and at least one, and the names of the instances of each. The companies that the
    /// directory pins join those that were pinned in code.
    fn read_suites(&mut self) -> Result<(Vec<Suite>, BTreeMap<String, Vec<String>>), StartError> {
        let mut instances: BTreeMap<String, Vec<String>> = BTreeMap::new();
        if let Some(root) = &self.auths {
            for instance in read_instances(root).map_err(StartError::auths)? {
                let id = instance.suite.id.clone();
                instances.entry(id.as_str().to_owned()).or_default().push(instance.name.to_string());
                self.pins.extend(instance.corp_id.map(|corp| (id, corp)));
                self.suites.push(instance.suite);
            }
        }
        let mut suites: Vec<Suite> = Vec::new();
        for suite in self.suites.drain(..) {
            if suite.callback_keys.is_empty() {
                return Err(StartError::rule("a suite needs callback keys"));
            }
            if !suites.iter().any(|known| known.id == suite.id) {
                suites.push(suite);
            }
        }
        if suites.is_empty() {
            return Err(StartError::rule("there is no suite: give an auths directory with at least one"));
        }
        Ok((suites, instances))
    }

    /// What the state file holds, with the companies that this start asks for.
    fn open_world(&self, first: &Suite) -> Result<World, StartError> {
        let mut pinned: Vec<String> = Vec::new();
        for (_, corp) in &self.pins {
            if !pinned.iter().any(|known| known == corp.as_str()) {
                pinned.push(corp.as_str().to_owned());
            }
        }
        let asked = seed(first.id.as_str(), &pinned, self.corps, self.members);
        let kept = match &self.state {
            Some(path) => World::load(path).map_err(|error| {
                StartError::io(format!("the state file {} cannot be read", path.display()), error)
            })?,
            None => None,
        };
        let mut world = kept.unwrap_or_default();
        world.settle(asked);
        if let Some(path) = &self.state {
            world.save(path).map_err(|error| {
                StartError::io(format!("the state file {} cannot be written", path.display()), error)
            })?;
        }
        Ok(world)
    }
}

/// Host and port of a URL, without a port that its scheme implies.
fn public_host(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://").filter(|(scheme, _)| matches!(*scheme, "http" | "https"))?;
    let authority = rest.split(['/', '?', '#']).next().filter(|authority| !authority.is_empty())?;
    Some(plain_authority(scheme, authority))
}

/// Why a sandbox did not start.
#[derive(Debug)]
pub struct StartError {
    what: String,
    source: Option<Box<dyn error::Error + Send + Sync>>,
}

impl StartError {
    fn rule(what: impl Into<String>) -> Self {
        Self { what: what.into(), source: None }
    }

    fn io(what: impl Into<String>, source: io::Error) -> Self {
        Self { what: what.into(), source: Some(Box::new(source)) }
    }

    fn auths(source: wecom_login::Error) -> Self {
        Self { what: "the auths directory cannot be used".to_owned(), source: Some(Box::new(source)) }
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            Some(source) => write!(f, "{}: {source}", self.what),
            None => f.write_str(&self.what),
        }
    }
}

impl error::Error for StartError {}
