//! The pages: WeCom's login pages, the authorization page, and the console. Their HTML is in
//! `templates/`.

mod authorization;
mod console;
mod js_sdk;
mod layout;
mod login;
mod oauth;
mod qr;
mod query;

use std::sync::Arc;

use axum::Router;
use axum::response::Redirect;
use axum::routing::get;

use crate::engine::Engine;

/// All pages.
pub(crate) fn routes() -> Router<Arc<Engine>> {
    Router::new()
        .route("/", get(async || Redirect::to("/sandbox")))
        .route("/sandbox", get(console::page))
        .route("/sandbox/jssdk", get(js_sdk::page))
        .route("/connect/oauth2/authorize", get(oauth::page))
        .route("/wwlogin/sso/login", get(qr::page))
        .route("/wwopen/sso/qrConnect", get(qr::page))
        .route(
            "/wwopen/customApp/authorize",
            get(authorization::page).post(authorization::submit),
        )
}
