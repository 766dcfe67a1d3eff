//! WeCom's server API as a 代开发 provider uses it.

mod scope;

pub use scope::{InvalidScope, Scope};
