//! An app behind a WeCom login.

use std::env;
use std::error::Error;
use std::net::SocketAddr;

use axum::Router;
use axum::response::Html;
use axum::routing::get;
use tokio::net::TcpListener;
use wecom_login::{DataKeys, WecomLogin};
use wecom_login_tower::{AuthLayer, User, login_routes};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut login = WecomLogin::builder()
        .auths_dir("auths")
        .database_url("sqlite://wecom-login.db")
        .data_keys(DataKeys::from_file("wecom-login.key"))
        .public_url(env::var("APP_URL")?);
    if let Ok(key) = env::var("WECOM_LOGIN_ADMIN_KEY")
        && !key.is_empty()
    {
        login = login.admin_key(key);
    }
    let login = login.build().await?;

    let app = Router::new()
        .route(
            "/account",
            get(account).route_layer(AuthLayer::required(&login).redirect_to_login()),
        )
        .route("/", get(home))
        .nest("/auth", login_routes(&login));

    let listener = TcpListener::bind("127.0.0.1:3000").await?;
    // The limits count by the client's address.
    let service = app.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service)
        .with_graceful_shutdown(stop())
        .await?;
    login.shutdown().await;
    Ok(())
}

async fn home() -> Html<&'static str> {
    Html("<a href=\"/account\">Log in</a>")
}

/// Only for people who are logged in.
async fn account(user: User) -> String {
    format!("You are {} of {}.", user.user_id(), user.corp_id())
}

async fn stop() {
    // Without a signal handler the app runs until it is killed.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
