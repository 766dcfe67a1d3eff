//! Access tokens of corps, suites and the provider: cached, persisted, fetched once for the cluster; the suite ticket.

mod breaker;
mod credential;
mod lease;
mod rows;
pub(crate) mod ticket;
mod tokens;

pub(crate) use credential::AppCredential;
pub(crate) use tokens::Tokens;
