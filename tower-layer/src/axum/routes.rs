//! The login routes as an axum router.

use axum::Router;
use axum::body::Body;
use axum::extract::{OriginalUri, Request};
use axum::response::{IntoResponse as _, Response};
use axum::routing::any;
use http::StatusCode;
use wecom_login::WecomLogin;

use crate::respond::respond;

/// The login routes: to `nest` at the mount of the handle, or to `merge` where that is the root. They need no state
/// of the host app, read bodies by limits of their own, and leave unknown paths to it.
///
/// ```
/// # fn app(login: &wecom_login::WecomLogin) {
/// use axum::Router;
/// use wecom_login_tower::login_routes;
///
/// let app: Router = Router::new().nest("/auth", login_routes(login));
/// # }
/// ```
pub fn login_routes<S>(login: &WecomLogin) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    login
        .mount_routes()
        .iter()
        .fold(Router::new(), |router, route| {
            let login = login.clone();
            let answer = move |original, request: Request| answer(login.clone(), original, request);
            // A slash at the end is the same path.
            let slashed = format!("{}/", route.path);
            let router = router
                .route(route.path, any(answer.clone()))
                .route(&slashed, any(answer.clone()));
            if !route.below {
                return router;
            }
            router.route(&format!("{slashed}{{*below}}"), any(answer))
        })
}

/// `nest` strips what stands before our own path, and of two slashes one more: `/auth//me` would be `/me`, which a
/// rule of a proxy in front does not see. So the path is taken from what was sent.
async fn answer(
    login: WecomLogin,
    OriginalUri(sent): OriginalUri,
    request: Request<Body>,
) -> Response {
    let below = sent
        .path()
        .strip_prefix(login.mount())
        .filter(|below| below.starts_with('/'));
    let path = below.unwrap_or_else(|| request.uri().path()).to_owned();
    login.check_mount(sent.path(), &path);
    let response = respond(&login, request, &path).await;
    response.unwrap_or_else(|| StatusCode::NOT_FOUND.into_response())
}
