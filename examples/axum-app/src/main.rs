//! An app behind a WeCom login. Run `cargo run -p axum-app` and open what it prints.

use std::error::Error;
use std::net::SocketAddr;

use axum::response::Html;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};
use wecom_login::WecomLogin;
use wecom_login_demo::{Demo, LinkedAccountsBinder};
use wecom_login_tower::{AuthLayer, User, login_routes};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (demo, listener) = Demo::start("axum-app").await?;

    let mut login = WecomLogin::builder()
        .auths_dir(demo.auths())
        .database_url(demo.database_url())
        .data_keys(demo.data_keys())
        .wrap_binder(LinkedAccountsBinder::new)
        .hooks(demo.hooks())
        .public_url(demo.public_url())
        .wecom_hosts(demo.wecom()?);
    if let Some(key) = demo.admin_key() {
        login = login.admin_key(key);
    }
    if demo.serves_access_tokens() {
        login = login.serve_access_tokens();
    }
    let login = login.build().await?;

    let app = Router::new()
        .route(
            "/api/hello",
            get(hello).route_layer(AuthLayer::required(&login)),
        )
        .route(
            "/api/public",
            get(public).route_layer(AuthLayer::optional(&login)),
        )
        .route(
            "/account",
            get(account).route_layer(
                AuthLayer::required(&login)
                    .redirect_to_login()
                    .redirect_on_other_corp(),
            ),
        )
        .route("/", get(home))
        .nest("/auth", login_routes(&login))
        .into_make_service_with_connect_info::<SocketAddr>();

    demo.announce(&login);
    Demo::drain(axum::serve(listener, app).with_graceful_shutdown(Demo::shutdown_signal())).await?;
    login.shutdown().await;
    Ok(())
}

async fn hello(user: User) -> Json<Value> {
    Json(Demo::describe(&user))
}

async fn public(user: Option<User>) -> Json<Value> {
    Json(user.map_or_else(|| json!({}), |user| Demo::describe(&user)))
}

async fn account(user: User) -> Html<String> {
    Html(Demo::account_page(&user))
}

async fn home() -> Html<&'static str> {
    Html(Demo::home_page())
}
