//! Members of the corps: what is stored of them, whether they see the app, how they leave, which user they are bound to.

mod binder;
mod departure;
#[allow(
    clippy::module_inception,
    reason = "it holds Members, what the module is about"
)]
pub(crate) mod members;
mod visibility;

pub(crate) use binder::DefaultUserBinder;
pub use binder::{BindingPolicy, UserBinder};
pub(crate) use members::Members;
pub(crate) use visibility::{Visibility, within_optional_time};
