//! Members of the corps: what is stored of them, whether they see the app, how they leave, which user they are bound to.

mod binder;
mod default_binder;
mod departure;
#[allow(
    clippy::module_inception,
    reason = "it holds Members, what the module is about"
)]
mod members;
mod visibility;

pub(crate) use binder::DynUserBinder;
pub use binder::UserBinder;
pub use default_binder::{BindingPolicy, DefaultUserBinder};
pub(crate) use members::Members;
pub(crate) use visibility::{Visibility, within_optional_time};
