//! The audit: every login and refusal, every end of sessions, every action of an administrator.
//!
//! An entry is written by the transaction that does what it tells of, where there is one: a login, an end of sessions, a
//! decision, an organization code. What has no transaction of its own, such as a re-read or the retry of a callback, is
//! written before it begins. Refusals are written by `login`, at most one a minute of each code and client, with the
//! number of times.
//!
//! Entries hold ids, never names or secrets. They go after 180 days ([`Retention`](crate::Retention)), and those about a
//! person with the person.

mod action;
mod client_addresses;
mod entry;
mod figures;
mod login_origin;
mod refusals;
mod search;

pub use action::{AuditAction, InvalidAuditAction};
pub use client_addresses::ClientAddresses;
pub(crate) use entry::{Actor, NewAuditEntry, append, forget_corp, forget_person, remove_old};
pub(crate) use figures::count_by_step;
pub(crate) use login_origin::LoginOrigin;
pub(crate) use refusals::RefusalAudit;
pub(crate) use search::search;
pub use search::{AuditEntry, AuditQuery};
