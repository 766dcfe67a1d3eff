//! What only axum has: routers and extractors.

mod routes;
mod user;

pub use routes::login_routes;
pub use user::{User, UserRejection};
