//! A sandbox that stands in for WeCom (企业微信) towards the provider of a 代开发 app.
//!
//! It answers the server API, shows the login pages, pushes encrypted callbacks, and injects faults
//! on demand, so that a complete login runs and can be tested on one machine. **Anyone who reaches
//! it can log in as anyone:** use it for development and tests only.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let sandbox = wecom_sandbox::Sandbox::builder().auths_dir("auths").start().await?;
//! // Start the app, with `sandbox.url()` in place of all of WeCom's hosts …
//! sandbox.set_notify("http://127.0.0.1:3000/auth/notify")?;
//! let corp = &sandbox.corp_ids()[0];
//! let delivery = sandbox.install(corp).await?;
//! assert!(delivery.succeeded());
//! let code = sandbox.code(corp, &sandbox.user_ids(corp)[0])?;
//! # let _ = code;
//! sandbox.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! The program `wecom-sandbox` runs the same sandbox; the README of this crate lists its flags and
//! its control API.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test may panic"))]

mod actions;
mod api;
mod builder;
mod control;
mod delivery;
mod engine;
mod guard;
mod pages;
mod problem;
mod random;
mod router;
mod sandbox;
mod store;

pub use builder::{Builder, StartError};
pub use problem::Problem;
pub use sandbox::Sandbox;
pub use store::{
    CallLimits, CallbackFormat, CorpSelector, CorpTokenAccess, Delivery, EventSelector, Fault,
    FrequencyLimits, IdForm, LicenceStatus, MemberKind, Outcome, ReceiveId, Settings,
};

/// The warning that every program that starts a sandbox must print.
pub const WARNING: &str = "This is a WeCom sandbox: anyone who reaches it can log in as anyone.";
