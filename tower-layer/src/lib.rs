//! [wecom-login] for axum and every other tower stack: the login routes, the layer that lets only people through who
//! are logged in, and the user as an argument of handlers.
//!
#![cfg_attr(feature = "axum", doc = "```no_run")]
#![cfg_attr(not(feature = "axum"), doc = "```ignore")]
//! use std::net::SocketAddr;
//!
//! use axum::{Router, routing::get};
//! use wecom_login::WecomLogin;
//! use wecom_login_tower::{AuthLayer, User, login_routes};
//!
//! async fn hello(user: User) -> String {
//!     format!("hello {} of {}", user.user_id(), user.corp_id())
//! }
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let login = WecomLogin::builder()
//!         .auths_dir("auths")                              // the login instances
//!         .database_url("sqlite://wecom-login.db")     // or .database(your sea-orm connection)
//!         .public_url("https://app.example.com")       // your app as browsers see it
//!         .build()                                     // reads WECOM_LOGIN_DATA_KEY
//!         .await?;
//!
//!     let app = Router::new()
//!         .route("/hello", get(hello))
//!         .route_layer(AuthLayer::required(&login))  // all routes above want a login
//!         .nest("/auth", login_routes(&login));
//!
//!     let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
//!     let app = app.into_make_service_with_connect_info::<SocketAddr>();
//!     let stopped = async { drop(tokio::signal::ctrl_c().await) };
//!     axum::serve(listener, app).with_graceful_shutdown(stopped).await?;
//!     login.shutdown().await;                          // finishes what cannot be done twice
//!     Ok(())
//! }
//! ```
//!
//! - `route_layer`, not `layer`: an unknown path stays 404.
//! - The path in `nest` is the `mount` that the handle was built with; at the root it is
//!   `.merge(login_routes(login))`.
//! - [`AuthLayer::optional`] lets people through who sent nothing; handlers then take `Option<User>`. A bad
//!   credential is 401 in both.
//! - A request pays a hash, a look into memory and one entry in its extensions: no box, no clone of the inner service.
//! - For limits by client, serve with `into_make_service_with_connect_info::<SocketAddr>()`: without it all clients
//!   are counted as one.
//! - Without axum (`default-features = false`), [`LoginService`] serves the login routes in any tower stack.
//!
//! [wecom-login]: wecom_login
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "axum")]
mod axum;
mod finish_login;
mod future;
mod layer;
mod login_service;
mod rejection;
mod respond;
mod service;
mod trace;

#[cfg(feature = "axum")]
pub use self::axum::{Problem, User, UserRejection, login_routes};
pub use self::finish_login::finish_login;
pub use self::future::ResponseFuture;
pub use self::layer::AuthLayer;
pub use self::login_service::{LoginFuture, LoginService};
pub use self::rejection::{ProblemResponse, ResponseForRejection};
pub use self::service::Auth;
pub use self::trace::{request_span, sensitive_headers};
pub use wecom_login::web::Rejection;

/// The README, compiled.
#[cfg(all(doctest, feature = "axum"))]
#[doc = include_str!("../README.md")]
struct Readme;
