//! Where the host app has its say, and where it is told.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use crate::domain::{AgentId, CorpId, SuiteId};
use crate::error::Result;
use crate::session::CurrentUser;

/// What a hook returns.
pub type HookFuture<'a, T = ()> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A company, as a hook is told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CorpInfo {
    /// The suite that the company authorised.
    pub suite_id: SuiteId,
    /// The company.
    pub corp_id: CorpId,
    /// Its name, as WeCom tells it.
    pub corp_name: String,
    /// Its app, once it is known.
    pub agent_id: Option<AgentId>,
}

/// Whether a company that authorised the app may use it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CorpDecision {
    /// Its people may log in.
    #[default]
    Approve,
    /// Not yet: [`AuthService::set_corp_decision`](crate::AuthService::set_corp_decision) says so later.
    Defer,
    /// No.
    Deny,
}

/// An authentic callback that this library does not act on.
#[derive(Clone)]
#[non_exhaustive]
pub struct UnhandledEvent {
    /// The suite it came for.
    pub suite_id: SuiteId,
    /// Its receiveid: the suite's, a company's or the provider's.
    pub receive_id: String,
    /// WeCom's InfoType or Event, if it has one.
    pub event: Option<String>,
    /// The decrypted message, XML as a rule.
    pub message: Vec<u8>,
}

impl fmt::Debug for UnhandledEvent {
    /// Without the message: it may hold what people wrote, or a code.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnhandledEvent")
            .field("suite_id", &self.suite_id)
            .field("receive_id", &self.receive_id)
            .field("event", &self.event)
            .finish_non_exhaustive()
    }
}

/// What the host app wants to decide or to know. Every method has a default that does nothing.
///
/// Hooks run after WeCom was answered, on the handle's runtime. A hook may run again for the same event after a crash.
///
/// ```
/// use wecom_login::{CorpDecision, CorpInfo, HookFuture, Hooks};
///
/// #[derive(Debug)]
/// struct ByContract;
///
/// impl Hooks for ByContract {
///     fn review_authorization<'a>(&'a self, corp: &'a CorpInfo) -> HookFuture<'a, wecom_login::Result<CorpDecision>> {
///         Box::pin(async move {
///             let has_a_contract = corp.corp_name.starts_with("示例");
///             Ok(if has_a_contract { CorpDecision::Approve } else { CorpDecision::Defer })
///         })
///     }
/// }
/// # let _ = ByContract;
/// ```
pub trait Hooks: Send + Sync + 'static {
    /// A company authorised the app. An error leaves it held, and the hook is asked again.
    fn review_authorization<'a>(
        &'a self,
        _corp: &'a CorpInfo,
    ) -> HookFuture<'a, Result<CorpDecision>> {
        Box::pin(async { Ok(CorpDecision::Approve) })
    }

    /// A company is in: its people can log in. Told again after 重新获取secret, and if the process died before it was
    /// written down that you know.
    fn corp_authorized<'a>(&'a self, _corp: &'a CorpInfo) -> HookFuture<'a> {
        Box::pin(async {})
    }

    /// A company cancelled: its people's sessions are over. Told again if the process died before it was written down
    /// that you know.
    fn corp_cancelled<'a>(&'a self, _corp: &'a CorpInfo) -> HookFuture<'a> {
        Box::pin(async {})
    }

    /// A person logged in.
    fn logged_in<'a>(&'a self, _user: &'a CurrentUser) -> HookFuture<'a> {
        Box::pin(async {})
    }

    /// A callback came that this library does not act on: a message to the app, a change of the contacts, an order,
    /// anything about a company that did not authorise the suite.
    fn unhandled_event(&self, _event: UnhandledEvent) -> HookFuture<'_> {
        Box::pin(async {})
    }
}

/// No hooks.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct NoHooks;

impl Hooks for NoHooks {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_of_an_event_is_not_printed() {
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
