//! A running sandbox, and what can be done with it in code.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::acts::Grant;
use crate::builder::Builder;
use crate::delivery::{Delivery, keep_pushing};
use crate::engine::Engine;
use crate::problem::Problem;
use crate::router::router;
use crate::world::{Fault, Settings};
use crate::{WARNING, control};

/// How long open requests may go on after [`Sandbox::shutdown`].
const LAST_ANSWERS: Duration = Duration::from_secs(1);

/// A WeCom in a box. It stops when it is dropped, or cleanly by [`Self::shutdown`].
///
/// Ids are taken as texts, in any form that the sandbox shows. Methods that push come back after the last
/// attempt, like the calls of the control API that they stand for.
pub struct Sandbox {
    engine: Arc<Engine>,
    stop: watch::Sender<bool>,
    server: tokio::task::JoinHandle<()>,
    /// Dropping these ends them.
    timers: JoinSet<()>,
}

impl Sandbox {
    /// Sets up a sandbox.
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
            if let Err(error) = axum::serve(listener, service).with_graceful_shutdown(signal).await {
                tracing::error!(%error, "the sandbox has stopped");
            }
        });
        let mut timers = JoinSet::new();
        for suite in &engine.suites {
            timers.spawn(keep_pushing(Arc::clone(&engine), suite.clone()));
        }
        Self { engine, stop, server, timers }
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.engine.addr
    }

    /// Its root as a URL, without a slash at the end: all three of WeCom's hosts at once.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.engine.addr)
    }

    /// Stops: no more pushes by the timer, open requests may end.
    pub async fn shutdown(mut self) {
        self.timers.shutdown().await;
        self.stop.send_replace(true);
        let _ = tokio::time::timeout(LAST_ANSWERS, &mut self.server).await;
    }

    /// Pushes to this callback URL from now on; a suite_ticket goes there at once.
    ///
    /// # Errors
    /// It is no URL, or not on this machine.
    pub fn set_notify(&self, url: &str) -> Result<(), Problem> {
        self.engine.set_notify(url)
    }

    /// What `GET /sandbox/state` answers.
    #[must_use]
    pub fn state(&self) -> Value {
        control::state(&self.engine)
    }

    /// The ids of the companies, in their order.
    #[must_use]
    pub fn corp_ids(&self) -> Vec<String> {
        self.engine.read(|world| world.corps.iter().map(|corp| world.shown_corp_id(corp)).collect())
    }

    /// The people of a company as the control API names them, in their order; none if there is no such company.
    #[must_use]
    pub fn user_ids(&self, corp_id: &str) -> Vec<String> {
        self.engine.read(|world| {
            let Some(corp) = world.corp(corp_id) else { return Vec::new() };
            let present = corp.members.iter().filter(|member| !member.left);
            present.map(|member| corp.handle(member, world.settings.ids).to_owned()).collect()
        })
    }

    /// The agent id of the app that a company has installed.
    #[must_use]
    pub fn agent_id(&self, corp_id: &str) -> Option<i64> {
        self.engine.read(|world| world.corp(corp_id)?.installed().next().map(|app| app.agent_id))
    }

    /// The permanent code of an installed app, for importing an authorisation.
    #[must_use]
    pub fn permanent_code(&self, corp_id: &str, suite_id: &str) -> Option<String> {
        self.engine.read(|world| {
            let app = world.corp(corp_id)?.installed().find(|app| app.suite_id == suite_id)?;
            Some(app.permanent_code.clone())
        })
    }

    /// An administrator installs the app; of the suite that pins the company, or of the first one.
    ///
    /// # Errors
    /// There is no such company.
    pub async fn install(&self, corp_id: &str) -> Result<Delivery, Problem> {
        self.engine.install(corp_id, None, None).await
    }

    /// An administrator installs the app of a named suite.
    ///
    /// # Errors
    /// There is no such company or suite.
    pub async fn install_suite(&self, corp_id: &str, suite_id: &str) -> Result<Delivery, Problem> {
        self.engine.install(corp_id, Some(suite_id), None).await
    }

    /// An administrator changes something: `change_auth`.
    ///
    /// # Errors
    /// There is no such company, or it has installed nothing.
    pub async fn change(&self, corp_id: &str) -> Result<Delivery, Problem> {
        self.engine.change_authorization(corp_id, None).await
    }

    /// An administrator cancels the authorisation: `cancel_auth`.
    ///
    /// # Errors
    /// There is no such company, or it has installed nothing.
    pub async fn cancel(&self, corp_id: &str) -> Result<Delivery, Problem> {
        self.engine.cancel(corp_id, None).await
    }

    /// The app's secret is reset: `reset_permanent_code`.
    ///
    /// # Errors
    /// There is no such company, or it has installed nothing.
    pub async fn reset_secret(&self, corp_id: &str) -> Result<Delivery, Problem> {
        self.engine.reset_secret(corp_id, None).await
    }

    /// A login code, as if the person had clicked or scanned.
    ///
    /// # Errors
    /// There is no such person, or the company has installed nothing.
    pub fn code(&self, corp_id: &str, user_id: &str) -> Result<String, Problem> {
        self.engine.login_code(corp_id, user_id, None, Grant::default())
    }

    /// A login code for the app of a named suite.
    ///
    /// # Errors
    /// There is no such person, or the company has not installed that app.
    pub fn code_for_suite(&self, corp_id: &str, user_id: &str, suite_id: &str) -> Result<String, Problem> {
        self.engine.login_code(corp_id, user_id, Some(suite_id), Grant::default())
    }

    /// The person leaves the company: `change_contact` with `delete_user`.
    ///
    /// # Errors
    /// There is no such person, or the company has installed nothing.
    pub async fn leave(&self, corp_id: &str, user_id: &str) -> Result<Delivery, Problem> {
        self.engine.leave(corp_id, user_id, None).await
    }

    /// The person gets another userid: `change_contact` with `update_user`.
    ///
    /// # Errors
    /// There is no such person, the company has installed nothing, or the new id is taken.
    pub async fn rename(&self, corp_id: &str, user_id: &str, new_id: &str) -> Result<Delivery, Problem> {
        self.engine.rename(corp_id, user_id, None, Some(new_id)).await
    }

    /// The person leaves the app's visible range: `change_auth`.
    ///
    /// # Errors
    /// There is no such person, or the company has installed nothing.
    pub async fn hide(&self, corp_id: &str, user_id: &str) -> Result<Delivery, Problem> {
        self.engine.set_visible(corp_id, user_id, None, false).await
    }

    /// The person comes into the app's visible range: `change_auth`.
    ///
    /// # Errors
    /// There is no such person, or the company has installed nothing.
    pub async fn show(&self, corp_id: &str, user_id: &str) -> Result<Delivery, Problem> {
        self.engine.set_visible(corp_id, user_id, None, true).await
    }

    /// The person follows the app no longer: `unsubscribe`.
    ///
    /// # Errors
    /// There is no such person, or the company has installed nothing.
    pub async fn unsubscribe(&self, corp_id: &str, user_id: &str) -> Result<Delivery, Problem> {
        self.engine.person_event(corp_id, user_id, None, "unsubscribe").await
    }

    /// Pushes a new suite_ticket.
    ///
    /// # Errors
    /// There is no such suite.
    pub async fn push_ticket(&self, suite_id: &str) -> Result<Delivery, Problem> {
        self.engine.push_ticket(suite_id).await
    }

    /// Checks the callback URL by GET; the second value is whether the right text came back.
    ///
    /// # Errors
    /// There is no such suite, or no callback URL.
    pub async fn verify(&self, suite_id: &str) -> Result<(Delivery, bool), Problem> {
        self.engine.check_url(suite_id).await
    }

    /// All pushes so far, oldest first.
    #[must_use]
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.engine.read(|world| world.deliveries.iter().cloned().collect())
    }

    /// How often a call was made, by its path below `/cgi-bin/`.
    #[must_use]
    pub fn calls(&self, api: &str) -> u64 {
        self.engine.read(|world| world.calls.get(api).copied().unwrap_or(0))
    }

    /// Spoils a call.
    ///
    /// # Errors
    /// The fault does nothing, or names no call.
    pub fn fault(&self, fault: Fault) -> Result<(), Problem> {
        self.engine.add_fault(fault).map(drop)
    }

    /// Ends all faults.
    pub fn clear_faults(&self) {
        self.engine.clear_faults();
    }

    /// The switches as they are.
    #[must_use]
    pub fn settings(&self) -> Settings {
        self.engine.read(|world| world.settings.clone())
    }

    /// Changes switches, given as the JSON of `POST /sandbox/settings`.
    ///
    /// # Errors
    /// There is no such switch, or it does not take that value.
    pub async fn change_settings(&self, changes: Value) -> Result<Settings, Problem> {
        self.engine.change_settings(&changes).await
    }

    /// Every access token dies early.
    pub fn expire_tokens(&self) {
        self.engine.expire_tokens();
    }

    /// Moves WeCom's clock on.
    pub fn advance(&self, by: Duration) {
        let millis = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        self.engine.advance(millis).expect("a duration is not negative");
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
        f.debug_struct("Sandbox").field("addr", &self.engine.addr).finish_non_exhaustive()
    }
}
