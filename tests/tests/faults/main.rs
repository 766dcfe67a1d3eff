//! Faults of WeCom: it hangs, it fails, it rejects its own tokens; and clients that disconnect.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod errors;
mod hanging;
mod tokens;
