//! [wecom-login] for actix-web: the login routes, the middleware that lets only people through who are logged in, and
//! the user as an argument of handlers.
//!
//! ```no_run
//! use actix_web::{App, HttpServer, web};
//! use wecom_login::WecomLogin;
//! use wecom_login_actix::{AuthMiddleware, User, login_routes};
//!
//! async fn hello(user: User) -> String {
//!     format!("hello {} of {}", user.user_id(), user.corp_id())
//! }
//!
//! async fn serve(login: WecomLogin) -> std::io::Result<()> {
//!     HttpServer::new(move || {
//!         App::new()
//!             .service(login_routes("/auth", &login))
//!             .service(web::scope("/api").wrap(AuthMiddleware::required(&login)).route("/hello", web::get().to(hello)))
//!     })
//!     .bind("127.0.0.1:3000")?
//!     .run()
//!     .await
//! }
//! ```
//!
//! - The handle is built once, outside the closure of `HttpServer::new`, and is cheap to clone into it. Its database
//!   and its calls to WeCom stay on the runtime that it was built on, whichever worker asks.
//! - The path in [`login_routes`] is the `mount` that the handle was built with; at the root it is
//!   `.configure(configure("/", &login))`. It is no `actix_web::Scope`: other paths below it stay the host app's.
//! - [`AuthMiddleware::optional`] lets people through who sent nothing; handlers then take [`MaybeUser`]. A bad
//!   credential is 401 in both.
//! - A rejection is a response, not an error, so that CORS, compression and logging around the middleware see it.
//! - A request pays a hash, a look into memory and one entry in its extensions: no box, no future of ours.
//!
//! [wecom-login]: wecom_login
#![cfg_attr(docsrs, feature(doc_cfg))]

mod auth_middleware;
mod finish_login;
mod future;
mod headers;
mod login_routes;
mod notify;
mod payload;
mod problem;
mod respond;
mod service;
mod trace;
mod user;

pub use self::auth_middleware::AuthMiddleware;
pub use self::finish_login::finish_login;
pub use self::future::ResponseFuture;
pub use self::login_routes::{LoginRoutes, configure, login_routes};
pub use self::notify::notify_response;
pub use self::problem::Problem;
pub use self::service::AuthMiddlewareService;
pub use self::trace::{logger, request_span};
pub use self::user::{MaybeUser, User, UserRejection};
pub use wecom_login::web::Rejection;

/// The README, compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
