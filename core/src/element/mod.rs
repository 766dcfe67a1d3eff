//! Login Types, their instances, and the configuration files of both.
//!
//! An instance is a directory with two files, `e.json` and `<Name>.json`:
//!
//! ```text
//! auths/
//! └── QywxProxyTemp/
//!     ├── e.json
//!     └── QywxProxyTemp.json
//! ```
//!
//! [`read_instances`] reads all of them below one root and checks them, each alone and all together. A login Type of
//! your own is a [`LoginProvider`]; the official one is [`QywxProxyType`].

mod auth_config;
mod check;
mod config;
mod environment;
mod fields;
mod files;
mod instances;
mod meta;
mod name;
mod problem;
mod provider;
mod qywx_proxy;
mod read;

pub use auth_config::AuthConfig;
pub use check::check_instances;
pub(crate) use config::WrappingProvider;
pub use config::{CodeLogin, InstanceConfig};
pub use environment::{Environment, process_environment};
pub use files::{ElementFiles, read_elements, read_elements_with};
pub(crate) use instances::{InstanceKind, Instances, Pin};
pub use meta::{LoginTypeElement, META, Meta, QYWX_PROXY_AUTH_MODEL, QYWX_PROXY_SERVICE};
pub use name::{InstanceName, InvalidInstanceName};
pub use problem::{ConfigError, Warning};
pub(crate) use provider::{DynLoginProviderInstance, WecomAuthentication};
pub use provider::{LoginAttempt, LoginProvider, LoginProviderInstance};
pub use qywx_proxy::{QywxProxyInstance, QywxProxyType};
pub(crate) use read::load_instances;
pub use read::{QYWX_PROXY_TYPE, read_instances, read_instances_with};
