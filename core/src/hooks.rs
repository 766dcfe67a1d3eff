//! The hooks of the host app: what it decides, and what it is notified of.

use std::fmt;
use std::future::{Future, ready};

use futures_util::future::BoxFuture;

use crate::domain::{AgentId, CorpId, SuiteId, WecomUserId};
use crate::error::Result;
use crate::session::CurrentUser;

/// A corp, as a hook sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CorpInfo {
    /// The suite that the corp authorized.
    pub suite_id: SuiteId,
    /// The corp.
    pub corp_id: CorpId,
    /// Its name, as WeCom has it.
    pub corp_name: String,
    /// Its app, once it is known.
    pub agent_id: Option<AgentId>,
    /// The `state` of the authorization link, if the corp used one: what the host app gave to
    /// [`LinkService::authorization_link`](crate::LinkService::authorization_link).
    pub state: Option<String>,
    /// The administrator who authorized the app, if WeCom named one.
    pub installed_by: Option<WecomUserId>,
}

/// Whether a corp that authorized the app may use it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CorpDecision {
    /// Its members may log in.
    #[default]
    Approve,
    /// Not yet. [`AdminService::set_corp_decision`](crate::AdminService::set_corp_decision) decides later.
    Defer,
    /// No.
    Deny,
}

/// An authentic callback that this library does not act on.
#[derive(Clone)]
#[non_exhaustive]
pub struct UnhandledEvent {
    /// The suite that the callback was sent to.
    pub suite_id: SuiteId,
    /// Its receiveid: the suite's id, a corp's id or the provider's corp id.
    pub receive_id: String,
    /// WeCom's InfoType or Event, if the message has one.
    pub event: Option<String>,
    /// The decrypted message, usually XML.
    pub message: Vec<u8>,
}

impl fmt::Debug for UnhandledEvent {
    /// Omits the message, which may hold what members wrote, or a code.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnhandledEvent")
            .field("suite_id", &self.suite_id)
            .field("receive_id", &self.receive_id)
            .field("event", &self.event)
            .finish_non_exhaustive()
    }
}

/// Decisions and notifications of the host app. Every method has a default that approves or does nothing.
///
/// Hooks run on the handle's runtime, after WeCom was answered. They are at-least-once: a hook may be called again for
/// the same event after a crash.
///
/// ```
/// use wecom_login::{CorpDecision, CorpInfo, Hooks, Result};
///
/// #[derive(Debug)]
/// struct ByContract;
///
/// impl Hooks for ByContract {
///     async fn review_authorization(&self, corp: &CorpInfo) -> Result<CorpDecision> {
///         let has_a_contract = corp.corp_name.starts_with("示例");
///         Ok(if has_a_contract { CorpDecision::Approve } else { CorpDecision::Defer })
///     }
/// }
/// # let _ = wecom_login::WecomLogin::builder().hooks(ByContract);
/// ```
pub trait Hooks: Send + Sync + 'static {
    /// Decides about a corp that authorized the app. After an error the corp stays held, and the hook is called again.
    fn review_authorization(
        &self,
        corp: &CorpInfo,
    ) -> impl Future<Output = Result<CorpDecision>> + Send {
        let _ = corp;
        ready(Ok(CorpDecision::Approve))
    }

    /// A corp is authorized: its members can log in. Called after 重新获取secret too. At-least-once: may be called again
    /// after a crash.
    fn corp_authorized(&self, corp: &CorpInfo) -> impl Future<Output = ()> + Send {
        let _ = corp;
        ready(())
    }

    /// A corp cancelled: the sessions of its members are revoked. At-least-once: may be called again after a crash.
    fn corp_cancelled(&self, corp: &CorpInfo) -> impl Future<Output = ()> + Send {
        let _ = corp;
        ready(())
    }

    /// A member logged in.
    fn logged_in(&self, user: &CurrentUser) -> impl Future<Output = ()> + Send {
        let _ = user;
        ready(())
    }

    /// A callback arrived that this library does not act on: a message to the app, a change of the contacts, an order,
    /// anything about a corp that did not authorize the suite.
    fn unhandled_event(&self, event: UnhandledEvent) -> impl Future<Output = ()> + Send {
        let _ = event;
        ready(())
    }
}

/// The object-safe twin of [`Hooks`]. Every `Hooks` implements it.
pub(crate) trait DynHooks: Send + Sync + 'static {
    fn review_authorization<'a>(
        &'a self,
        corp: &'a CorpInfo,
    ) -> BoxFuture<'a, Result<CorpDecision>>;

    fn corp_authorized<'a>(&'a self, corp: &'a CorpInfo) -> BoxFuture<'a, ()>;

    fn corp_cancelled<'a>(&'a self, corp: &'a CorpInfo) -> BoxFuture<'a, ()>;

    fn logged_in<'a>(&'a self, user: &'a CurrentUser) -> BoxFuture<'a, ()>;

    fn unhandled_event(&self, event: UnhandledEvent) -> BoxFuture<'_, ()>;
}

impl<H: Hooks> DynHooks for H {
    fn review_authorization<'a>(
        &'a self,
        corp: &'a CorpInfo,
    ) -> BoxFuture<'a, Result<CorpDecision>> {
        Box::pin(Hooks::review_authorization(self, corp))
    }

    fn corp_authorized<'a>(&'a self, corp: &'a CorpInfo) -> BoxFuture<'a, ()> {
        Box::pin(Hooks::corp_authorized(self, corp))
    }

    fn corp_cancelled<'a>(&'a self, corp: &'a CorpInfo) -> BoxFuture<'a, ()> {
        Box::pin(Hooks::corp_cancelled(self, corp))
    }

    fn logged_in<'a>(&'a self, user: &'a CurrentUser) -> BoxFuture<'a, ()> {
        Box::pin(Hooks::logged_in(self, user))
    }

    fn unhandled_event(&self, event: UnhandledEvent) -> BoxFuture<'_, ()> {
        Box::pin(Hooks::unhandled_event(self, event))
    }
}

/// The hooks of a host app that gives none.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct NoHooks;

impl Hooks for NoHooks {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_of_unhandled_event_omits_message() {
        let event = UnhandledEvent {
            suite_id: SuiteId::new("dk1").unwrap(),
            receive_id: "ww1".to_owned(),
            event: None,
            message: b"hush".to_vec(),
        };
        let printed = format!("{event:?}");
        assert!(
            printed.contains("ww1") && !printed.contains(&format!("{:?}", event.message)),
            "{printed}"
        );
    }
}
