//! The login routes, for every place where actix takes services.

use actix_web::dev::{AppService, HttpServiceFactory};
use actix_web::guard::fn_guard;
use actix_web::web::{Payload, ServiceConfig, resource};
use actix_web::{HttpRequest, HttpResponse};
use wecom_login::WecomLogin;
use wecom_login::web::Route;

use crate::respond::respond;

/// The login routes below this path: for `App::service`, `Scope::service` and `ServiceConfig::service`.
///
/// The path is the `mount` of the handle, or what remains of it inside another scope; `/` or nothing is the root.
/// Bodies are read by limits of their own, whatever the host app's `PayloadConfig` says. Paths that are none of ours
/// go on to the services that come after.
///
/// ```
/// # fn app(login: &wecom_login::WecomLogin) {
/// use actix_web::{App, web};
/// use wecom_login_actix::login_routes;
///
/// // Built with `.mount("/auth")`:
/// let app = App::new().service(login_routes("/auth", login));
/// // Built with `.mount("/portal/auth")`:
/// let app = App::new().service(web::scope("/portal").service(login_routes("/auth", login)));
/// # }
/// ```
#[must_use]
pub fn login_routes(path: &str, login: &WecomLogin) -> LoginRoutes {
    let path = path.trim_matches('/');
    let prefix = if path.is_empty() {
        String::new()
    } else {
        format!("/{path}")
    };
    LoginRoutes {
        prefix: prefix.into(),
        login: login.clone(),
    }
}

/// The same for `App::configure` and `Scope::configure`.
///
/// At the root, services that were registered before go first: an app with a path like `/{x}/notify` of its own
/// registers it before ours.
///
/// ```
/// # fn app(login: &wecom_login::WecomLogin) {
/// use actix_web::{App, web};
/// use wecom_login_actix::configure;
///
/// async fn home() -> &'static str {
///     "welcome"
/// }
///
/// // Built with `.mount("/")`:
/// let app = App::new().route("/", web::get().to(home)).configure(configure("/", login));
/// # }
/// ```
pub fn configure(path: &str, login: &WecomLogin) -> impl FnOnce(&mut ServiceConfig) + use<> {
    let routes = login_routes(path, login);
    move |config| {
        config.service(routes);
    }
}

/// The login routes; made by [`login_routes`].
#[derive(Clone, Debug)]
pub struct LoginRoutes {
    prefix: Box<str>,
    login: WecomLogin,
}

impl HttpServiceFactory for LoginRoutes {
    /// One resource for each path. A `Scope` would take every path below it away from the host app.
    fn register(self, config: &mut AppService) {
        for route in self.login.mount_routes() {
            let pattern = format!("{}{}", self.prefix, route.path);
            // A slash at the end is the same path.
            let below = if route.below { "/{below:.*}" } else { "/" };
            let patterns = vec![format!("{pattern}{below}"), pattern];
            let (guarded, served) = (self.clone(), self.clone());
            resource(patterns)
                .guard(fn_guard(move |context| {
                    let path = guarded.path_below_mount(context.head().uri.path(), route);
                    path.is_some_and(|path| guarded.login.route(path).is_some())
                }))
                .to(move |request: HttpRequest, payload: Payload| {
                    let routes = served.clone();
                    async move { routes.answer(&request, payload, route).await }
                })
                .register(config);
        }
    }
}

impl LoginRoutes {
    async fn answer(&self, request: &HttpRequest, payload: Payload, route: &Route) -> HttpResponse {
        let response = match self.path_below_mount(request.uri().path(), route) {
            Some(path) => {
                self.login.check_mount(request.uri().path(), path);
                respond(&self.login, request, payload, path).await
            }
            None => None,
        };
        response.unwrap_or_else(|| HttpResponse::NotFound().finish())
    }

    /// The path below the mount, as it was sent: actix decodes before it compares, and would take `/%6De` for `/me`.
    /// What stands before our last segments, or before a path that takes everything below it, is the scopes' around us.
    fn path_below_mount<'a>(&self, path: &'a str, route: &Route) -> Option<&'a str> {
        let pattern = format!("{}{}", self.prefix, route.path);
        if route.below {
            let mut found = path.match_indices(&*pattern);
            let (start, _) = found.find(|(start, _)| {
                let rest = &path[start + pattern.len()..];
                rest.is_empty() || rest.starts_with('/')
            })?;
            return Some(&path[start + self.prefix.len()..]);
        }
        let segments = pattern.matches('/').count();
        let unslashed = path.strip_suffix('/').unwrap_or(path);
        let (start, _) = unslashed
            .rmatch_indices('/')
            .nth(segments.checked_sub(1)?)?;
        path[start..].strip_prefix(&*self.prefix)
    }
}
