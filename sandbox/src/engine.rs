//! The state shared by all handlers: the store behind one lock, the suites, and the notify URL.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use parking_lot::Mutex;
use tokio::sync::watch;
use wecom_login::Suite;

use crate::delivery::{Event, NotifyUrl, PushClient};
use crate::store::{Delivery, Store};

/// The state shared by all handlers and timers.
pub(crate) struct Engine {
    pub(crate) suites: Vec<Suite>,
    /// The full names of the instances that use a suite.
    pub(crate) instances: BTreeMap<String, Vec<String>>,
    /// The corps that instances pin: (suite id, corp id).
    pub(crate) pins: Vec<(String, String)>,
    pub(crate) addr: SocketAddr,
    pub(crate) remote: bool,
    store: Mutex<Store>,
    state_file: Option<PathBuf>,
    notify_url: Mutex<Option<NotifyUrl>>,
    public_host: Option<String>,
    delayed: Mutex<Vec<(Delivery, Event)>>,
    client: PushClient,
    wakeups: watch::Sender<()>,
}

/// The parts of an [`Engine`].
#[derive(Debug)]
pub(crate) struct Deps {
    pub(crate) suites: Vec<Suite>,
    /// The full names of the instances that use a suite.
    pub(crate) instances: BTreeMap<String, Vec<String>>,
    /// The corps that instances pin: (suite id, corp id).
    pub(crate) pins: Vec<(String, String)>,
    pub(crate) addr: SocketAddr,
    pub(crate) remote: bool,
    pub(crate) store: Store,
    pub(crate) state_file: Option<PathBuf>,
    pub(crate) notify_url: Option<NotifyUrl>,
    /// Host and port of the app's public URL, if one was given.
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
            store: Mutex::new(deps.store),
            state_file: deps.state_file,
            notify_url: Mutex::new(deps.notify_url),
            public_host: deps.public_host,
            delayed: Mutex::default(),
            client: PushClient::new(),
            wakeups: watch::Sender::new(()),
        }
    }

    /// Reads the store.
    pub(crate) fn read<T>(&self, read: impl FnOnce(&Store) -> T) -> T {
        read(&self.store.lock())
    }

    /// Updates the store and writes the state file before the lock is released, so that an answered
    /// change is never lost.
    pub(crate) fn update<T>(&self, update: impl FnOnce(&mut Store) -> T) -> T {
        let mut store = self.store.lock();
        store.dirty = true;
        let outcome = update(&mut store);
        self.save_if_dirty(&mut store);
        outcome
    }

    /// Like [`Self::update`], but writes the state file only if the closure sets `dirty`: the count
    /// of a call is not worth a write.
    pub(crate) fn update_unmarked<T>(&self, update: impl FnOnce(&mut Store) -> T) -> T {
        let mut store = self.store.lock();
        let outcome = update(&mut store);
        self.save_if_dirty(&mut store);
        outcome
    }

    pub(crate) fn suite(&self, id: &str) -> Option<&Suite> {
        self.suites.iter().find(|suite| suite.id.as_str() == id)
    }

    pub(crate) fn notify_url(&self) -> Option<NotifyUrl> {
        self.notify_url.lock().clone()
    }

    pub(crate) fn set_notify_url(&self, url: NotifyUrl) {
        *self.notify_url.lock() = Some(url);
        self.wake_ticket_timers();
    }

    /// The trusted domain of every app: the setting, else the host of the public URL, else that of
    /// the notify URL.
    pub(crate) fn trusted_domain(&self, store: &Store) -> Option<String> {
        let setting = store
            .settings
            .trusted_domain
            .as_deref()
            .map(str::to_ascii_lowercase);
        setting.or_else(|| self.public_host.clone()).or_else(|| {
            self.notify_url
                .lock()
                .as_ref()
                .map(|url| url.host().to_owned())
        })
    }

    pub(crate) const fn client(&self) -> &PushClient {
        &self.client
    }

    /// Makes the ticket timers check the clock, the settings and the notify URL again.
    pub(crate) fn wake_ticket_timers(&self) {
        self.wakeups.send_replace(());
    }

    pub(crate) fn subscribe_wakeups(&self) -> watch::Receiver<()> {
        self.wakeups.subscribe()
    }

    /// Issues a suite_ticket.
    pub(crate) fn new_ticket(&self, suite: &Suite) -> Event {
        self.update(|store| {
            let ticket = store.new_ticket(suite.id.as_str());
            Event::suite_ticket(suite.id.as_str(), &ticket, store.now())
        })
    }

    /// Keeps a push that the `reorder` setting delays.
    pub(crate) fn delay(&self, delivery: Delivery, event: Event) {
        self.delayed.lock().push((delivery, event));
    }

    /// Takes all delayed pushes, oldest first.
    pub(crate) fn drain_delayed(&self) -> Vec<(Delivery, Event)> {
        std::mem::take(&mut *self.delayed.lock())
    }

    fn save_if_dirty(&self, store: &mut Store) {
        let Some(path) = self.state_file.as_ref().filter(|_| store.dirty) else {
            return;
        };
        match store.save(path) {
            Ok(()) => store.dirty = false,
            Err(error) => tracing::error!(%error, "could not write the state file"),
        }
    }
}
