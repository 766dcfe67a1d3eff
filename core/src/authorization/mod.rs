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
//! WeCom is the source of truth, because callbacks can be lost. Every authorization is read again once a day. A re-read
//! that fails is made again after a minute, ten minutes, an hour, six hours, then daily (`reread_schedule`); one without
//! an agentId begins with five seconds. Each node makes ten a second, settable. An API that WeCom refuses with 45009,
//! 45033, 60020 or -1 is paused for all corps of the suite and all nodes, until a single probe gets through
//! (`api_pauses`).
//!
//! A call that WeCom refuses with an errcode of `Errcode::breaks_authorization` breaks the authorization: logins stop,
//! and it is re-read at once. A broken authorization is healed by a re-read, `change_auth`, a reset or a new
//! authorization; its sessions are revoked after a day. A corp whose permanent code gets no token (40001) while WeCom
//! confirms its authorization has switched the app off: its secret is not sent again before one of these events.
//!
//! # The ids of a corp
//!
//! WeCom knows a corp by a plain id and by one encrypted for the provider. An authorization is stored under the id that
//! it came in with, and so is everything about the corp; every other id is an alias of it. `CorpAliases` holds the pairs
//! in memory, `wecom_corp_alias` keeps them.
//!
//! 1. Whatever brings an id from outside resolves it first (`Authorizations::resolve`): requests, pins, events, imports,
//!    principals of the host app. Everything further inside has the stored id, so that sessions and the tables know
//!    nothing of aliases. Other nodes are told of a new pair by the revocation log.
//! 2. Pairs come from WeCom (`alias_learning`: `service/corpid_to_opencorpid`) and from an administrator. At the start
//!    WeCom is asked about each pin and each authorization that it was never asked about, before a new authorization is
//!    stored about each pin and authorization that is not resolved, and about a corp whose event nobody knows. An answer
//!    that there is no other id is kept as an alias of the id to itself.
//! 3. A pin that forbids what an unpinned instance allows has to be resolved before the start is done. If its corp has
//!    authorized no app of the provider, it is asked about again before any new authorization is stored: the record waits
//!    until WeCom answers.
//! 4. Two authorizations that turn out to be of one corp are joined (`join`): the older row stays.
//! 5. An event of a corp that no authorization bears stays `waiting` for a day, and is due when a pair is stored or a
//!    corp authorizes.
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

mod alias_learning;
mod alias_rows;
mod aliases;
mod api_pauses;
mod app_client;
mod auth_code;
#[allow(
    clippy::module_inception,
    reason = "it holds Authorization, what the module is about"
)]
mod authorization;
mod authorizations;
mod cache;
mod departed;
mod departed_restore;
mod details;
mod end;
mod erase;
mod events;
mod exchange;
mod export;
mod import;
mod join;
mod persist;
mod reread;
mod reread_schedule;
mod review;
mod revoke;
mod rows;
mod search;
mod summary;

pub(crate) use app_client::AppClient;
pub(crate) use auth_code::{AuthCodeEvent, SendGuard};
pub(crate) use authorization::{Authorization, not_authorized};
pub(crate) use authorizations::{Authorizations, Deps};
pub(crate) use departed::DepartedCorps;
pub(crate) use export::ExportedAuthorization;
pub(crate) use import::ImportedAuthorization;

pub use details::CorpDetails;
pub use search::CorpQuery;
pub use summary::CorpSummary;
