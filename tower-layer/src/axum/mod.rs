//! What only axum has: routers and extractors.

mod problem;
mod routes;
mod user;

pub use problem::Problem;
pub use routes::login_routes;
pub use user::{User, UserRejection};
