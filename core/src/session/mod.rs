//! Our sessions: tokens, issue, verification (the hot path), touch, revocation.
//!
//! # Verification
//!
//! [`Sessions::verify`] is the hot path of every protected route.
//!
//! 1. A text without the format of a token (`wl_` and 43 characters) is rejected without hashing it.
//! 2. The token's SHA-256 is looked up in `SessionCache`. A hit takes one read lock of one of 64 shards, for the time of
//!    a hash table look-up.
//! 3. A hit is valid if it was not revoked, is not expired, and both its epochs (of the member and of the authorization)
//!    are current. Nothing is allocated and no future is made.
//! 4. On a miss, the HMAC in the token is checked first: a token that this service never issued causes no query. Then
//!    `load` reads the session from the database, once however many callers wait, within 2 s, otherwise 503. A token that
//!    was issued but has no session is remembered for 2 s (`NEGATIVE_TTL`).
//!
//! A cached session that looks idle counts as a miss, because another node may have been used meanwhile.
//!
//! # Touch
//!
//! Activity is written in the background, at most every 1/96 of the idle timeout, never on the request path. Once a day
//! per member the background asks WeCom whether the app is still visible to the member.
//!
//! # Revocation
//!
//! Revoking one session deletes its row. Revoking many adds one to an epoch in one row: the member's or the
//! authorization's. Cached sessions hold a cell of each epoch and are invalid at the next comparison. A login in progress
//! carries the epochs it began with, and is refused if they are not the stored ones when its session is inserted.
//!
//! The cache is ordered without a common lock: `revoke` sets `revoked` before it evicts, and `cache` inserts before it
//! checks, so one of them always sees the other. Loads that started before a flush of the cache are discarded (generation
//! counter in [`revocation`](crate::revocation)).
//!
//! A member has 100 sessions at most: `surplus` ends the oldest when a new one is one too many.
//!
//! # Machines
//!
//! A program has a session like a person's, without an idle timeout and outside of that limit: `machine`.
//!
//! # Streams
//!
//! A handler may ask whether the session of its user lives, and wait for its end ([`CurrentUser::ended`]): `watch`.
//!
//! # Attributes
//!
//! What the host app's binder says of a user is stored with the member, and read with the session. All sessions of a
//! member share one cell of it in memory (`attributes`), which a refresh replaces.
//!
//! How other nodes learn of it: [`revocation`](crate::revocation).

mod attributes;
mod config;
mod count;
mod current_user;
mod cursor;
#[cfg(all(test, feature = "sqlite"))]
pub(crate) mod fixture;
mod interner;
mod issue;
mod list;
mod load;
mod machine;
mod mini_program_key;
mod revoke;
mod rows;
mod session_cache;
mod sessions;
mod summary;
mod surplus;
mod token;
mod verify;
mod watch;

pub use config::SessionConfig;
pub use current_user::CurrentUser;
pub use issue::IssuedSession;
pub use machine::{MachineSessionRequest, MachineSummary};
pub use summary::{SessionPage, SessionSummary, UserSummary};
pub use token::SessionToken;
pub use verify::{Verification, Verified};

pub(crate) use attributes::StoredAttributes;
pub(crate) use issue::{FormerIssue, NewSession};
pub(crate) use machine::NewMachineSession;
pub(crate) use rows::{SessionRow, delete_expired, touch};
pub(crate) use sessions::{BackgroundTask, Sessions};
pub(crate) use token::TokenSeed;
