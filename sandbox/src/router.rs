//! All routes, behind the guard.

use std::sync::Arc;

use axum::routing::any;
use axum::{Router, middleware};

use crate::engine::Engine;
use crate::problem::Problem;
use crate::{api, control, guard, pages};

/// What the sandbox answers.
pub(crate) fn router(engine: &Arc<Engine>) -> Router {
    Router::new()
        .route("/cgi-bin/{*path}", any(api::serve))
        .merge(control::routes())
        .merge(pages::routes())
        .fallback(async || Problem::unknown("there is nothing here"))
        .layer(middleware::from_fn_with_state(Arc::clone(engine), guard::check))
        .with_state(Arc::clone(engine))
}
