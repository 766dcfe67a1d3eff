//! What people see: WeCom's login pages, the authorization page, and the console.

mod authorization;
mod console;
mod login;
mod oauth;
mod qr;
mod record;
mod shell;

use std::sync::Arc;

use axum::Router;
use axum::response::Redirect;
use axum::routing::get;

use crate::engine::Engine;

/// Every page.
pub(crate) fn routes() -> Router<Arc<Engine>> {
    Router::new()
        .route("/", get(async || Redirect::to("/sandbox")))
        .route("/sandbox", get(console::page))
        .route("/connect/oauth2/authorize", get(oauth::page))
        .route("/wwlogin/sso/login", get(qr::page))
        .route("/wwopen/sso/qrConnect", get(qr::page))
        .route(
            "/wwopen/customApp/authorize",
            get(authorization::page).post(authorization::agree),
        )
}
