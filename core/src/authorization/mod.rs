//! A corp's authorization of a suite: exchanged, reviewed, re-read, cancelled, erased.
//!
//! # An authorization
//!
//! 1. `create_auth` brings an AuthCode that WeCom exchanges once. `exchange` sends it only while the worker holds the
//!    record's lease. It tries the v2 API, then v1 only after a definite refusal other than 40078.
//! 2. `persist` stores WeCom's answer at once, in the record itself, by one statement that goes before all others
//!    (`ConnectionClass::Critical`) and is retried until it succeeds. Until then a crash loses the code; nothing else
//!    can be lost. If a failover removed the record, the answer gets a new record.
//! 3. The answer becomes an authorization, in one transaction that also empties the record. A newer authorization's
//!    code is never replaced by an older one.
//! 4. `admit` reads the rest from WeCom (agentId, name). Unless the corp is already active, the transaction of step 3
//!    stored a review: `hooks` delivers it, `review` asks `Hooks::review_authorization` until there is a decision, and
//!    the decision stores the notification for `Hooks::corp_authorized`. The inbox waits for none of these.
//!
//! `reset_permanent_code` takes the same way, without a new epoch and without the review.
//!
//! # Re-reads
//!
//! WeCom is the source of truth, because callbacks can be lost. Every authorization is read again once a day, a
//! broken or ending one every ten minutes, and one without an agentId every five seconds. A call that WeCom refuses
//! with an errcode of `Errcode::breaks_authorization` breaks the authorization: logins stop, and it is re-read at
//! once. A broken authorization is healed by a re-read, `change_auth`, a reset or a new authorization; its sessions
//! are revoked after a day.
//!
//! # The end of an authorization
//!
//! `cancel_auth` stops logins and revokes all sessions of the corp at once, by one new epoch. The permanent code and
//! all data of the corp are deleted when WeCom confirms the end: `end` says how often WeCom has to, with and without a
//! `cancel_auth`. Two contrary answers a minute apart undo the end. A row with the ids stays, so that old sessions stay
//! revoked. A cancellation that is older than the newest authorization only causes a re-read. The handlers of
//! `cancel_auth` and `change_auth` call nobody: they mark the authorization as due, and the re-reads do the rest.
//!
//! A corp that comes back within 30 days finds its organization code and the users of its members: `departed` keeps them
//! under keyed hashes.

mod app_client;
#[allow(
    clippy::module_inception,
    reason = "it holds Authorization, what the module is about"
)]
mod authorization;
mod authorizations;
mod cache;
mod departed;
mod end;
mod erase;
mod events;
mod exchange;
mod import;
mod persist;
mod reread;
mod reread_schedule;
mod review;
mod revoke;
mod rows;
mod summary;

pub(crate) use app_client::AppClient;
pub(crate) use authorization::{Authorization, not_authorized};
pub(crate) use authorizations::{Authorizations, Deps};
pub(crate) use departed::DepartedCorps;
pub(crate) use exchange::{AuthCodeEvent, SendGuard};
pub use summary::CorpSummary;
