//! [wecom-login] for actix-web: the login routes, the middleware that lets only people through who are logged in, and
//! the user as an argument of handlers.
//!
//! ```no_run
//! use actix_web::{App, HttpServer, web};
//! use wecom_login::WecomLogin;
//! use wecom_login_actix::{RequireLogin, User, scope};
//!
//! async fn hello(user: User) -> String {
//!     format!("hello {} of {}", user.user_id(), user.corp_id())
//! }
//!
//! async fn serve(login: WecomLogin) -> std::io::Result<()> {
//!     HttpServer::new(move || {
//!         App::new()
//!             .service(scope("/auth", &login))
//!             .service(web::scope("/api").wrap(RequireLogin::new(&login)).route("/hello", web::get().to(hello)))
//!     })
//!     .bind("127.0.0.1:3000")?
//!     .run()
//!     .await
//! }
//! ```
//!
//! - The handle is built once, outside the closure of `HttpServer::new`, and is cheap to clone into it. Its database
//!   and its calls to WeCom stay on the runtime that it was built on, whichever worker asks.
//! - The path in [`scope`] is the `mount` that the handle was built with; at the root it is
//!   `.configure(configure("/", &login))`. It is no `actix_web::Scope`: other paths below it stay the host app's.
//! - [`RequireLogin::optional`] lets people through who sent nothing; handlers then take [`MaybeUser`]. A bad
//!   credential is 401 in both.
//! - A rejection is a response, not an error, so that CORS, compression and logging around the middleware see it.
//! - A request pays a hash, a look into memory and one entry in its extensions: no box, no future of ours.
//!
//! [wecom-login]: wecom_login

mod future;
mod headers;
mod middleware;
mod require_login;
mod respond;
mod scope;
mod user;

pub use self::future::ResponseFuture;
pub use self::middleware::RequireLoginMiddleware;
pub use self::require_login::RequireLogin;
pub use self::scope::{LoginScope, configure, scope};
pub use self::user::{MaybeUser, User, UserRejection};
pub use wecom_login::web::Rejection;
