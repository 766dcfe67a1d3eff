//! sea-orm entities of the tables.
#![allow(
    unreachable_pub,
    reason = "the derive generates public items in this private module"
)]

pub(crate) mod access_token;
pub(crate) mod api_pause;
pub(crate) mod audit;
pub(crate) mod authorization;
pub(crate) mod callback_record;
pub(crate) mod callback_seen;
pub(crate) mod corp_alias;
pub(crate) mod counter;
pub(crate) mod data_key;
pub(crate) mod departed_corp;
pub(crate) mod departed_member;
pub(crate) mod hash_key;
pub(crate) mod housekeeping;
pub(crate) mod login_code;
pub(crate) mod member;
pub(crate) mod member_alias;
pub(crate) mod node;
pub(crate) mod notification;
pub(crate) mod organization_code;
pub(crate) mod revocation;
pub(crate) mod secret_attempt;
pub(crate) mod session;
pub(crate) mod suite;
pub(crate) mod token_lease;
pub(crate) mod used_state;
pub(crate) mod user;

#[cfg(all(test, feature = "sqlite"))]
mod tests;
