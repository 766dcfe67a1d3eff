//! All routes, behind the check of Host and Origin.

use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use axum::routing::any;
use axum::{Router, middleware};

use crate::engine::Engine;
use crate::problem::Problem;
use crate::{api, control, guard, pages};

/// All routes of the sandbox.
pub(crate) fn router(engine: &Arc<Engine>) -> Router {
    Router::new()
        .route(
            "/cgi-bin/{*path}",
            any(api::serve).layer(DefaultBodyLimit::max(api::MAX_BODY_BYTES)),
        )
        .merge(control::routes())
        .merge(pages::routes())
        .fallback(async || Problem::not_found("no such path"))
        .layer(middleware::from_fn_with_state(
            Arc::clone(engine),
            guard::require_local_host,
        ))
        .with_state(Arc::clone(engine))
}
