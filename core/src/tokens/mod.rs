//! Access tokens of corps' apps, suites and the provider, and the tickets of the JS-SDK: cached, persisted, fetched once for
//! the cluster; the suite_ticket.
//!
//! # An access token for several nodes
//!
//! 1. A token in use is cached; one fetch per key however many callers wait.
//! 2. A node without the token looks for it in the database. A stored token is used unless it expires within 5 s.
//! 3. Otherwise the node takes a lease on the token's row (3 s, renewed every second), fetches the token and stores it,
//!    sealed. The other nodes poll for the row, every 50 ms at first and every 500 ms at most, for 12 s.
//! 4. A token in use is refreshed in the background 10 minutes before it expires.
//!
//! Two fetches at once are harmless, because WeCom returns the same token twice. A token that WeCom calls invalid is
//! removed by its value, so that a late error cannot remove a newer token. The version of the permanent code is part of
//! the key: nobody gets a token of an older secret.
//!
//! A call with a token goes through [`Tokens::call`], which repeats it once after a token error.
//!
//! A ticket of the JS-SDK is a token that is fetched with another one: the app's access token.
//!
//! # Wrong secrets
//!
//! WeCom blocks an address for an hour after many wrong secrets. `CircuitBreaker` lets all nodes together send at most 9
//! wrong secrets in 10 minutes, those of corps, suites and providers together. Of these, 1 is left to secrets that WeCom
//! accepted before, and those of broken corps may use 2. The authorization has whether WeCom accepted or rejected its
//! permanent code: a rejected one is not sent again before `change_auth`, a reset or a new authorization. A rejected secret
//! of a suite or a provider is not sent again for 10 minutes, then for an hour; another secret is sent at once.
//!
//! # Refusals
//!
//! What WeCom refuses and an operator can mend is one WARN a minute (`refusal_log`).
//!
//! # The suite_ticket
//!
//! WeCom pushes one every ten minutes. An older ticket never replaces a newer one; at equal seconds the later record
//! wins. After WeCom rejected the stored ticket, the next one is taken whatever its time.

mod app_secret;
mod call;
mod circuit_breaker;
mod credential;
mod fetch;
mod fetch_lease;
mod health;
mod invalidate;
mod other_corp_id;
mod refresh;
mod refusal_log;
mod rows;
pub(crate) mod suite_ticket;
mod ticket_watch;
mod token_cache;

pub(crate) use call::CallFailure;
pub(crate) use credential::{AppCredential, JsTicket, JsTicketKind, ProviderCredential};
pub(crate) use health::TokenHealth;
pub(crate) use other_corp_id::with_either_id;
pub(crate) use ticket_watch::TicketWatch;
pub(crate) use token_cache::{TimedToken, Tokens};
