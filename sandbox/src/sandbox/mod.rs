//! A running sandbox.

mod actions;
mod controls;

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::builder::Builder;
use crate::delivery::run_ticket_timer;
use crate::engine::Engine;
use crate::router::router;
use crate::store::Delivery;
use crate::{WARNING, control};

/// How long [`Sandbox::shutdown`] waits for open requests.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(1);

/// A running sandbox. It stops when it is dropped, or gracefully by [`Self::shutdown`].
///
/// Corp ids and userids are accepted plain and encrypted. A method that pushes an event returns
/// after the last attempt, like the control API.
pub struct Sandbox {
    engine: Arc<Engine>,
    stop: watch::Sender<bool>,
    server: tokio::task::JoinHandle<()>,
    /// Aborted on drop.
    timers: JoinSet<()>,
}

impl Sandbox {
    /// Configures a sandbox.
    pub const fn builder() -> Builder {
        Builder::new()
    }

    pub(crate) fn serve(engine: Engine, listener: TcpListener) -> Self {
        tracing::warn!("{WARNING}");
        let engine = Arc::new(engine);
        let app = router(&engine);
        let (stop, mut stopped) = watch::channel(false);
        let server = tokio::spawn(async move {
            let service = app.into_make_service_with_connect_info::<SocketAddr>();
            let signal = async move {
                let _ = stopped.wait_for(|stop| *stop).await;
            };
            if let Err(error) = axum::serve(listener, service)
                .with_graceful_shutdown(signal)
                .await
            {
                tracing::error!(%error, "the HTTP server stopped");
            }
        });
        let mut timers = JoinSet::new();
        for suite in &engine.suites {
            timers.spawn(run_ticket_timer(Arc::clone(&engine), suite.clone()));
        }
        Self {
            engine,
            stop,
            server,
            timers,
        }
    }

    /// The listening address.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.engine.addr
    }

    /// The base URL without a trailing slash; it stands for all three of WeCom's hosts.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.engine.addr)
    }

    /// Stops the timers and the server; open requests get one second to finish.
    pub async fn shutdown(mut self) {
        self.timers.shutdown().await;
        self.stop.send_replace(true);
        let _ = tokio::time::timeout(SHUTDOWN_TIMEOUT, &mut self.server).await;
    }

    /// The response of `GET /sandbox/state`.
    #[must_use]
    pub fn state(&self) -> Value {
        control::state(&self.engine)
    }

    /// The corp ids, in order.
    #[must_use]
    pub fn corp_ids(&self) -> Vec<String> {
        self.engine.read(|store| {
            store
                .corps
                .iter()
                .map(|corp| store.listed_corp_id(corp))
                .collect()
        })
    }

    /// The userids of a corp's members as the control API uses them, in order; empty if there is no
    /// such corp.
    #[must_use]
    pub fn user_ids(&self, corp_id: &str) -> Vec<String> {
        self.engine.read(|store| {
            let Some(corp) = store.corp(corp_id) else {
                return Vec::new();
            };
            let form = store.listed_id_form(corp);
            let members = corp.present_members();
            members
                .map(|member| corp.bare_user_id(member, form).to_owned())
                .collect()
        })
    }

    /// The agent id of the app that a corp has installed.
    #[must_use]
    pub fn agent_id(&self, corp_id: &str) -> Option<i64> {
        self.engine.read(|store| {
            store
                .corp(corp_id)?
                .installed_apps()
                .next()
                .map(|app| app.agent_id)
        })
    }

    /// The permanent code of an installed app, to import an authorization.
    #[must_use]
    pub fn permanent_code(&self, corp_id: &str, suite_id: &str) -> Option<String> {
        self.engine.read(|store| {
            let app = store
                .corp(corp_id)?
                .installed_apps()
                .find(|app| app.suite_id == suite_id)?;
            Some(app.permanent_code.clone())
        })
    }

    /// All pushes, oldest first.
    #[must_use]
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.engine
            .read(|store| store.deliveries.iter().cloned().collect())
    }

    /// The number of calls of an API, by its path below `/cgi-bin/`.
    #[must_use]
    pub fn calls(&self, api: &str) -> u64 {
        self.engine
            .read(|store| store.calls.get(api).copied().unwrap_or(0))
    }

    /// The number of answers of an API that carried this errcode.
    #[must_use]
    pub fn errors(&self, api: &str, errcode: i64) -> u64 {
        self.engine.read(|store| {
            let errors = store.errors.get(api);
            errors
                .and_then(|errors| errors.get(&errcode).copied())
                .unwrap_or(0)
        })
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        self.server.abort();
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox")
            .field("addr", &self.engine.addr)
            .finish_non_exhaustive()
    }
}
