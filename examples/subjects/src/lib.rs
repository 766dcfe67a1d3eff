//! Examples of one subject each. Every module is an app, or the part of one that is about its subject, with the tests that
//! such an app has. `axum-app` and `actix-app` are whole apps.
//!
//! | module | subject |
//! |---|---|
//! | [`spa`] | a front end on another origin: login by JSON, a bearer, CORS |
//! | [`streams`] | a WebSocket and server-sent events that end with the session of their user |
//! | [`plain_hyper`] | a hyper server without a web framework: `LoginService` and the guard as tower services |
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test may panic"))]

pub mod plain_hyper;
pub mod spa;
pub mod streams;
