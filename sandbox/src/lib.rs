//! A WeCom (企业微信) in a box: what WeCom is to the provider of a 代开发 app, without WeCom.
//!
//! It answers the server API, shows the login pages, and pushes encrypted callbacks, with faults on demand, so
//! that a whole login can be run, seen and tested on one machine. **Anyone who reaches it can log in as anyone:**
//! it is for development and tests.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let sandbox = wecom_sandbox::Sandbox::builder().auths("auths").start().await?;
//! // The app starts, with `sandbox.url()` as the address of all of WeCom's hosts …
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
//! The same as a program is `wecom-sandbox`; its flags and its control API are in the README of this crate.
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test may panic"))]

mod acts;
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
mod world;

pub use builder::{Builder, StartError};
pub use delivery::{Delivery, Outcome};
pub use problem::Problem;
pub use sandbox::Sandbox;
pub use world::{Fault, Format, IdForm, Kind, ReceiveId, Settings, Which, Whose};

/// What every program that starts a sandbox has to print.
pub const WARNING: &str = "This is a WeCom sandbox: anyone who reaches it can log in as anyone.";
