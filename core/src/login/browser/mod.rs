//! The login of a browser: the app that it is sent to, the callback, the choice of a corp.
//!
//! # Repeats
//!
//! In-app browsers, service workers and reloads ask for the callback more than once, and a connection breaks before the
//! answer arrives. So for a minute the same state, code and cookie lead to the same session, on any node, and the code
//! is sent to WeCom once:
//!
//! 1. The token of the session is derived from the code and from a secret that is sealed in the cookie. Whoever has
//!    both derives the same token; nothing else is kept of it.
//! 2. A request claims the state before it sends the code, with the hash of the token to be (`UsedStates::claim`).
//! 3. A request that finds the state claimed under the hash of its own token waits until that session is there, and
//!    gets it. It gets nothing if the session has ended meanwhile, and nothing after a minute.
//! 4. A code that WeCom does not accept releases the state.
//!
//! The choice of a corp repeats in the same way: its login code is the secret, and is claimed when it is used up.

mod callback;
mod choice;
mod repetition;
mod service;

pub(crate) use callback::{CallbackOutcome, OAuthCallback};
pub(crate) use repetition::FormerUse;
pub(crate) use service::{BrowserLoginDeps, BrowserLoginService, LoginTarget};
