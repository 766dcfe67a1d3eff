//! What everything shares: the world behind one lock, the suites, and where pushes go.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use parking_lot::Mutex;
use tokio::sync::watch;
use wecom_login::Suite;

use crate::delivery::{Client, Delivery, Event, Target};
use crate::world::World;

pub(crate) struct Engine {
    pub(crate) suites: Vec<Suite>,
    /// The full names of the instances that use a suite.
    pub(crate) instances: BTreeMap<String, Vec<String>>,
    /// Which company an instance pins: (suite, company).
    pub(crate) pins: Vec<(String, String)>,
    pub(crate) addr: SocketAddr,
    pub(crate) remote: bool,
    world: Mutex<World>,
    state_file: Option<PathBuf>,
    target: Mutex<Option<Target>>,
    /// Host and port of the app as browsers see it, where it was told.
    public_host: Option<String>,
    held: Mutex<Vec<(Delivery, Event)>>,
    client: Client,
    wake: watch::Sender<()>,
}

/// What an engine is made of.
#[derive(Debug)]
pub(crate) struct Deps {
    pub(crate) suites: Vec<Suite>,
    pub(crate) instances: BTreeMap<String, Vec<String>>,
    pub(crate) pins: Vec<(String, String)>,
    pub(crate) addr: SocketAddr,
    pub(crate) remote: bool,
    pub(crate) world: World,
    pub(crate) state_file: Option<PathBuf>,
    pub(crate) target: Option<Target>,
    pub(crate) public_host: Option<String>,
}

impl Engine {
    pub(crate) fn new(deps: Deps) -> Self {
        Self {
            suites: deps.suites,
            instances: deps.instances,
            pins: deps.pins,
            addr: deps.addr,
            remote: deps.remote,
            world: Mutex::new(deps.world),
            state_file: deps.state_file,
            target: Mutex::new(deps.target),
            public_host: deps.public_host,
            held: Mutex::default(),
            client: Client::new(),
            wake: watch::Sender::new(()),
        }
    }

    /// Looks at the world.
    pub(crate) fn read<T>(&self, look: impl FnOnce(&World) -> T) -> T {
        look(&self.world.lock())
    }

    /// Changes the world and writes the state file before the lock is left, so that what was answered is kept.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut World) -> T) -> T {
        let mut world = self.world.lock();
        world.unsaved = true;
        let outcome = change(&mut world);
        self.save(&mut world);
        outcome
    }

    /// Like [`Self::change`], but writes only if something said that it changed: counting a call is no reason.
    pub(crate) fn touch<T>(&self, change: impl FnOnce(&mut World) -> T) -> T {
        let mut world = self.world.lock();
        let outcome = change(&mut world);
        self.save(&mut world);
        outcome
    }

    fn save(&self, world: &mut World) {
        let Some(path) = self.state_file.as_ref().filter(|_| world.unsaved) else { return };
        match world.save(path) {
            Ok(()) => world.unsaved = false,
            Err(error) => tracing::error!(%error, "the state file could not be written"),
        }
    }

    pub(crate) fn suite(&self, id: &str) -> Option<&Suite> {
        self.suites.iter().find(|suite| suite.id.as_str() == id)
    }

    pub(crate) fn target(&self) -> Option<Target> {
        self.target.lock().clone()
    }

    pub(crate) fn set_target(&self, target: Target) {
        *self.target.lock() = Some(target);
        self.wake();
    }

    /// The apps' trusted domain: the switch, or the host of the public URL, or that of the notify URL.
    pub(crate) fn trusted_domain(&self) -> Option<String> {
        self.read(|world| self.trusted_domain_in(world))
    }

    /// The same, for who holds the world already.
    pub(crate) fn trusted_domain_in(&self, world: &World) -> Option<String> {
        let told = world.settings.trusted_domain.as_deref().map(str::to_ascii_lowercase);
        told.or_else(|| self.public_host.clone())
            .or_else(|| self.target().map(|target| target.authority().to_owned()))
    }

    pub(crate) const fn client(&self) -> &Client {
        &self.client
    }

    /// Lets the ticket timer look at clock, switches and URL again.
    pub(crate) fn wake(&self) {
        self.wake.send_replace(());
    }

    pub(crate) fn woken(&self) -> watch::Receiver<()> {
        self.wake.subscribe()
    }

    pub(crate) fn new_ticket(&self, suite: &Suite) -> Event {
        self.change(|world| {
            let ticket = world.new_ticket(suite.id.as_str());
            Event::suite_ticket(suite.id.as_str(), &ticket, world.now())
        })
    }

    pub(crate) fn hold(&self, delivery: Delivery, event: Event) {
        self.held.lock().push((delivery, event));
    }

    pub(crate) fn take_held(&self) -> Vec<(Delivery, Event)> {
        std::mem::take(&mut *self.held.lock())
    }
}
