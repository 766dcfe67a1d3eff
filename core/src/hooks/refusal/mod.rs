//! What was refused to whom: a line in the log, and a call of the host app, a minute for each kind and client.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::audit::{AuditAction, NewAuditEntry, RefusalAudit};
use crate::clock::Clock;
use crate::domain::CorpId;
use crate::error::{Error, ErrorKind, Result};
use crate::hooks::dyn_hooks::DynHooks;
use crate::hooks::time_limit::within_hook_timeout;
use crate::log_limiter::LogLimiter;
use crate::rate_limit::client_key;
use crate::task_runner::TaskRunner;

/// Calls of the hook at the same time. Beyond them none is begun: a flood of refusals is none of calls.
const MAX_HOOK_CALLS: usize = 16;

/// Who was refused what, and how often.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoginRefusal {
    /// What was asked for.
    pub request: RefusedRequest,
    /// Why it was refused: `RATE_LIMITED` where a limit was reached, `CROSS_SITE` where another site's page asked.
    pub kind: ErrorKind,
    /// WeCom's errcode, of a single refusal by WeCom.
    pub errcode: Option<i64>,
    /// The client's address, of IPv6 its /64 network, as far as it is known.
    pub client: Option<IpAddr>,
    /// The company of a single refused login, where the request named one.
    pub corp_id: Option<CorpId>,
    /// How many refusals this tells of: one, or those of the same kind and client that came within a minute after it.
    pub count: u64,
}

/// What a refused request asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RefusedRequest {
    /// A login, or what a login needs.
    Login,
    /// An admin route or a page of the console: the key was wrong or missing, or the predicate said no.
    Admin,
    /// A route behind a login, with a cookie.
    Session,
}

/// What one line is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct RefusalKey {
    request: RefusedRequest,
    kind: ErrorKind,
    client: Option<IpAddr>,
}

/// Tells the log and the host app of refusals.
#[derive(Clone)]
pub(crate) struct Refusals {
    inner: Arc<Inner>,
}

struct Inner {
    hooks: Arc<dyn DynHooks>,
    tasks: TaskRunner,
    limiter: LogLimiter<RefusalKey>,
    audit: Option<RefusalAudit>,
    calls: Arc<Semaphore>,
}

impl Refusals {
    pub(crate) fn new(
        hooks: Arc<dyn DynHooks>,
        tasks: TaskRunner,
        clock: Arc<dyn Clock>,
        audit: Option<RefusalAudit>,
    ) -> Self {
        Self {
            inner: Arc::new(Inner {
                hooks,
                tasks,
                limiter: LogLimiter::new(clock),
                audit,
                calls: Arc::new(Semaphore::new(MAX_HOOK_CALLS)),
            }),
        }
    }

    /// Records the refusal of a login, if it is refused.
    ///
    /// # Errors
    /// What `login` says.
    pub(crate) async fn watch<T>(
        &self,
        client: Option<IpAddr>,
        corp_id: Option<CorpId>,
        login: impl Future<Output = Result<T>> + Send,
    ) -> Result<T> {
        let outcome = login.await;
        if let Err(error) = &outcome {
            self.record(RefusedRequest::Login, error, client, corp_id);
        }
        outcome
    }

    /// Records a refusal. An error that is none, but a wrong parameter or a failure of ours or of WeCom's, is ignored.
    pub(crate) fn record(
        &self,
        request: RefusedRequest,
        error: &Error,
        client: Option<IpAddr>,
        corp_id: Option<CorpId>,
    ) {
        if !matches!(error.kind().status(), 401 | 403 | 404 | 429) {
            return;
        }
        let key = RefusalKey {
            request,
            kind: error.kind(),
            client: client
                .filter(|client| !client.is_unspecified())
                .map(client_key),
        };
        if let Some(count) = self.inner.limiter.record(key) {
            self.tell(key, error.errcode(), corp_id, count);
        }
    }

    /// Tells of what was counted within the minute after the last time.
    pub(crate) fn tell_ended(&self) {
        for (key, count) in self.inner.limiter.take_ended() {
            self.tell(key, None, None, count);
        }
        if let Some(audit) = &self.inner.audit {
            for entry in audit.take_surplus() {
                self.write(audit, entry);
            }
        }
    }

    fn write(&self, audit: &RefusalAudit, entry: NewAuditEntry) {
        let audit = audit.clone();
        self.inner
            .tasks
            .spawn_until_shutdown(async move { audit.write(&entry).await });
    }

    fn tell(&self, key: RefusalKey, errcode: Option<i64>, corp_id: Option<CorpId>, count: u64) {
        let is_single = count == 1;
        let refusal = LoginRefusal {
            request: key.request,
            kind: key.kind,
            errcode: errcode.filter(|_| is_single),
            client: key.client,
            corp_id: corp_id.filter(|_| is_single),
            count,
        };
        refusal.log();
        if let Some(audit) = &self.inner.audit {
            let action = match refusal.request {
                RefusedRequest::Login => AuditAction::LoginRefused,
                RefusedRequest::Admin => AuditAction::AdminRefused,
                RefusedRequest::Session => AuditAction::RequestRefused,
            };
            let (code, corp_id) = (refusal.kind.code(), refusal.corp_id.clone());
            if let Some(entry) = audit.entry(action, code, refusal.client, corp_id, count) {
                self.write(audit, entry);
            }
        }
        let Ok(permit) = Arc::clone(&self.inner.calls).try_acquire_owned() else {
            return;
        };
        let hooks = Arc::clone(&self.inner.hooks);
        self.inner.tasks.spawn_until_shutdown(async move {
            let _permit = permit;
            let call = async {
                hooks.login_refused(&refusal).await;
                Ok(())
            };
            if let Err(error) = within_hook_timeout("Hooks::login_refused", call).await {
                tracing::warn!(target: "wecom_login", ?error, "a hook of the host app was given up");
            }
        });
    }
}

impl LoginRefusal {
    fn log(&self) {
        let (code, errcode, count) = (self.kind.code(), self.errcode, self.count);
        let client = self.client.map(tracing::field::display);
        let corp_id = self.corp_id.as_ref().map(tracing::field::display);
        match (self.kind, self.request) {
            (ErrorKind::RateLimited, _) => {
                tracing::warn!(target: "wecom_login", code, client, corp_id, count, "too many failed attempts: a limit was reached");
            }
            (ErrorKind::CrossSite, _) => {
                tracing::warn!(target: "wecom_login", code, client, count, "a request from another site was refused");
            }
            (_, RefusedRequest::Admin) => {
                tracing::warn!(target: "wecom_login", code, client, count, "an admin key was wrong or missing, or the predicate said no");
            }
            _ => {
                tracing::info!(target: "wecom_login", code, errcode, client, corp_id, count, "a login was refused");
            }
        }
    }
}

impl fmt::Debug for Refusals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Refusals")
    }
}

#[cfg(test)]
mod tests;
