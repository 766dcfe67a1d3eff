//! [`Hooks`], and what they are given.

use std::fmt;
use std::future::{Future, ready};

use crate::domain::{AgentId, CorpId, Principal, SuiteId, WecomUserId};
use crate::error::Result;
use crate::hooks::refusal::LoginRefusal;
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
/// Hooks run on the handle's runtime, after WeCom was answered, and are given 10 s. What a hook is told is stored until
/// it returns `Ok`: after an error, a timeout or a crash it is called again, with growing waits of up to ten minutes, and
/// so it may be called more than once. Return `Ok` when the host app has stored what it needs.
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
///
///     async fn corp_authorized(&self, corp: &CorpInfo) -> Result<()> {
///         println!("{} came by the link {:?}", corp.corp_name, corp.state);
///         Ok(())
///     }
/// }
/// # let _ = wecom_login::WecomLogin::builder().hooks(ByContract);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a set of hooks",
    label = "this needs `impl Hooks`",
    note = "write `impl wecom_login::Hooks for …`: every method has a default, so implement those that you need"
)]
pub trait Hooks: Send + Sync + 'static {
    /// Decides about a corp that authorized the app, or that came back: WeCom contradicted its cancellation. Until there
    /// is a decision the corp stays held. After an error, or after 10 s, the hook is called again.
    fn review_authorization(
        &self,
        corp: &CorpInfo,
    ) -> impl Future<Output = Result<CorpDecision>> + Send {
        let _ = corp;
        ready(Ok(CorpDecision::Approve))
    }

    /// A corp is authorized, or came back: its members can log in. Called after 重新获取secret too.
    ///
    /// # Errors
    /// The hook is called again.
    fn corp_authorized(&self, corp: &CorpInfo) -> impl Future<Output = Result<()>> + Send {
        let _ = corp;
        ready(Ok(()))
    }

    /// A corp cancelled: the sessions of its members are revoked.
    ///
    /// # Errors
    /// The hook is called again.
    fn corp_cancelled(&self, corp: &CorpInfo) -> impl Future<Output = Result<()>> + Send {
        let _ = corp;
        ready(Ok(()))
    }

    /// A member left the corp: the sessions are revoked, and the binding has ended. The same userid later is another
    /// person.
    ///
    /// # Errors
    /// The hook is called again.
    fn member_left(&self, member: &Principal) -> impl Future<Output = Result<()>> + Send {
        let _ = member;
        ready(Ok(()))
    }

    /// A member logged in. Not stored: called once, for 10 s at most, and the login does not wait for it.
    fn logged_in(&self, user: &CurrentUser) -> impl Future<Output = ()> + Send {
        let _ = user;
        ready(())
    }

    /// A login was refused, a limit was reached, an administrator was refused, or another site's page sent a request. Not stored,
    /// and nothing waits for it. It is called for the first refusal of a kind and client, and a minute later, for as long as
    /// there are more, with their number. Under a flood from many clients some calls are left out.
    fn login_refused(&self, refusal: &LoginRefusal) -> impl Future<Output = ()> + Send {
        let _ = refusal;
        ready(())
    }

    /// Whether [`unhandled_event`](Self::unhandled_event) is to be called. Only then such events are kept until it takes
    /// them, sealed, for a day at most, and the newest [`Retention::max_ignored`](field@crate::Retention::max_ignored) of
    /// a suite. Asked once, when the handle is built. `false` by default.
    fn handles_unhandled_events(&self) -> bool {
        false
    }

    /// A callback arrived that this library does not act on: a message to the app, a change of the contacts, an order,
    /// anything about a corp that did not authorize the suite. Called only if
    /// [`handles_unhandled_events`](Self::handles_unhandled_events) says so.
    ///
    /// # Errors
    /// The hook is called again.
    fn unhandled_event(&self, event: UnhandledEvent) -> impl Future<Output = Result<()>> + Send {
        let _ = event;
        ready(Ok(()))
    }
}

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
