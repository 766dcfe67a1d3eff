//! Callbacks as work: received, stored, claimed by a worker, handled.

mod delivery;
pub(crate) mod handlers;
mod ordering;
pub(crate) mod receive;
pub(crate) mod record;
pub(crate) mod store;
pub(crate) mod worker;

pub use receive::NotifyResponse;
pub use record::CallbackRecord;
