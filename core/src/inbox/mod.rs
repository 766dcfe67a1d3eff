//! Callbacks as work: received, stored, claimed by a worker, handled.
//!
//! # A push of WeCom
//!
//! 1. `receiver`: the signature is checked in constant time, then the envelope is decrypted, then the receiveid decides
//!    what the message may do: the suite's own id allows events of the suite, a corp's id allows events of that corp.
//! 2. The event is stored, sealed, as a callback record. Only then WeCom is answered `success`. WeCom may not push
//!    again after a 500, so storing is retried until its five seconds are nearly over, and only then it is answered
//!    500; storing goes on in the background for ten minutes. Messages that this library does not act on are recorded
//!    as `ignored`, without their content. If the host app handles such events, the same transaction stores the content
//!    as a notification for `Hooks::unhandled_event`.
//! 3. The worker claims the record under a lease of 6 s, which it renews every 2 s. One statement decides which node
//!    has it: the update that finds the old status. A lease or a due time that lies further ahead than any can be, set
//!    while a clock was wrong, counts as over. An attempt that takes over a minute is given up.
//! 4. The handlers execute the event through `authorization` and `members`. Executing an event twice is harmless;
//!    what may happen only once is recorded in the record, by the same transaction that does it.
//! 5. A failed attempt is retried with growing waits, from 1 s up to 10 minutes, for 24 hours; an event that revokes
//!    sessions gets at least 150 attempts (`MIN_REVOCATION_ATTEMPTS`). A record with an AuthCode is retried every 30
//!    s at most, for the code's ten minutes. A spent AuthCode (40078) fails at once, unless an earlier holder of the
//!    lease may still store its answer: then after 90 s. A record that is given up is `failed`, with a hint. A failed
//!    AuthCode is settled when a newer authorization of its corp is known (`worker/superseded.rs`).
//!
//! A record keeps the corp id that WeCom sent; the handlers resolve it. An event of a corp that no authorization bears
//! waits for a day, with the growing waits of a failed attempt, and is ignored then.
//!
//! The status of a record and its transitions are documented at [`RecordStatus`](crate::RecordStatus). When a handle
//! shuts down, it releases its records at once; only an AuthCode that is on its way is waited for.
//!
//! # Lanes
//!
//! What needs no call to WeCom (the ticket, and every event that revokes sessions), AuthCodes, and the rest each have
//! a lane with permits and a query of its own (`lane.rs`). `change_auth` marks the authorization as due for a re-read,
//! and is done: its handler waits for nothing but the database. Where only WeCom can say which member an event is about,
//! it is asked in the background, and the record waits without a permit (`member_lookup.rs`).
//!
//! # Redelivery
//!
//! The same event again is answered `success` and counted. A failed record is retried by it. `change_auth` asks for an
//! idempotent re-read: it runs again on every redelivery.
//!
//! # Order
//!
//! A member who leaves and a member who gets another userid may be the same. An event about a member is executed only
//! after the earlier ones about that member: `require_no_earlier` fails the attempt, and the worker retries it.
//! Sessions are revoked at once all the same.

mod classify;
mod delivery;
mod handlers;
#[allow(
    clippy::module_inception,
    reason = "it holds Inbox, what the module is about"
)]
mod inbox;
mod lane;
mod member_events;
mod member_lookup;
mod ordering;
mod receive_id;
mod receiver;
mod recent;
mod record;
mod record_figures;
mod record_search;
mod request;
mod response;
mod url_check;
mod worker;

pub(crate) use handlers::{EventHandlerDeps, EventHandlers};
pub(crate) use inbox::Inbox;
pub(crate) use lane::LaneWaker;
pub(crate) use receiver::{CallbackReceiver, ReceiverDeps};
pub(crate) use recent::Redelivery;
pub use record::CallbackRecord;
pub(crate) use record::list_records;
pub(crate) use record_figures::count_records_by_step;
pub use record_search::{CallbackRecordDetails, RecordQuery};
pub(crate) use record_search::{find_record, search_records};
pub use request::NotifyRequest;
pub use response::NotifyResponse;
pub(crate) use worker::{Worker, WorkerDeps};
