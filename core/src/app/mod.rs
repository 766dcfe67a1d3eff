//! The handle and its Builder, and the work in the background.

mod assemble;
mod background;
mod build;
mod builder;
mod follower;
mod handle;
mod housekeeping;
mod http;
mod retention;

pub use builder::Builder;
pub use handle::{Element, WecomLogin};
pub use retention::Retention;
