//! The hooks of the host app: what it decides, and what it is notified of.
//!
//! # Notifications
//!
//! What the host app is notified of is stored by the transaction that it is about (`Notifications::append`), and
//! delivered by a background task (`delivery`) until the hook returns `Ok`: at least once, also over a crash.
//!
//! - One node at a time delivers a notification: the one that moved its due time on, for the length of a lease. A hook
//!   has 10 s; after an error it is called again, first after 1 s, then with growing waits of up to 10 minutes.
//! - The notifications of a corp's authorization are delivered in their order. A corp whose hook fails delays no other.
//! - Reviews, notifications, and unhandled events each have permits of their own, and none of the inbox's.
//! - An event that this library does not act on is kept only if the host app
//!   [handles such events](Hooks::handles_unhandled_events), for a day at most.
//!
//! Of refusals (`Refusals`) nothing is stored: one line and one call a minute for each kind and client.
//!
//! A review (`Hooks::review_authorization`) is stored and repeated in the same way. `authorization` asks it, and stores
//! the decision.

mod delivery;
mod dyn_hooks;
#[allow(
    clippy::module_inception,
    reason = "it holds Hooks, what the module is about"
)]
mod hooks;
mod notification;
mod notifications;
mod refusal;
mod time_limit;

pub(crate) use delivery::{Deliver, call_hook};
pub(crate) use dyn_hooks::{DynHooks, NoHooks};
pub use hooks::{CorpDecision, CorpInfo, Hooks, UnhandledEvent};
pub(crate) use notification::Notification;
pub(crate) use notifications::{Notifications, NotificationsDeps};
pub(crate) use refusal::Refusals;
pub use refusal::{LoginRefusal, RefusedRequest};
pub(crate) use time_limit::within_hook_timeout;
