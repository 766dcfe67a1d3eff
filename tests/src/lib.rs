//! What the tests of the whole product share: apps on sockets, a WeCom in a box beside them, and the conformance
//! suite that every adapter passes unchanged.
#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(
    clippy::exhaustive_structs,
    clippy::exhaustive_enums,
    reason = "nothing outside this crate builds on it"
)]

pub mod adapter;
pub mod auths;
pub mod browser;
pub mod client;
pub mod conformance;
pub mod database;
pub mod figures;
pub mod forge;
pub mod lines;
pub mod node;
pub mod proxy;
pub mod push;
pub mod scenarios;
pub mod setup;
pub mod told;
pub mod until;
pub mod world;

pub use adapter::{Adapter, Layout, RunningApp};
pub use client::{Ask, Reply, send};
pub use push::Push;
pub use setup::Setup;
pub use until::until;
pub use world::World;
