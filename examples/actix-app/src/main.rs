//! An app behind a WeCom login. Run `cargo run -p actix-app` and open what it prints.

use std::error::Error;

use actix_web::web::{Html, Json, get};
use actix_web::{App, HttpServer};
use serde_json::{Value, json};
use wecom_login::WecomLogin;
use wecom_login_actix::{AuthMiddleware, MaybeUser, User, login_routes};
use wecom_login_demo::{DRAIN_TIMEOUT, Demo, LinkedAccountsBinder};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (demo, listener) = Demo::start("actix-app").await?;

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

    let shared = login.clone();
    let app = move || {
        App::new()
            .route(
                "/api/hello",
                get().to(hello).wrap(AuthMiddleware::required(&shared)),
            )
            .route(
                "/api/public",
                get().to(public).wrap(AuthMiddleware::optional(&shared)),
            )
            .route(
                "/account",
                get().to(account).wrap(
                    AuthMiddleware::required(&shared)
                        .redirect_to_login()
                        .redirect_on_other_corp(),
                ),
            )
            .route("/", get().to(home))
            .service(login_routes("/auth", &shared))
    };

    demo.announce(&login);
    let server = HttpServer::new(app).listen(listener.into_std()?)?;
    server
        .shutdown_timeout(DRAIN_TIMEOUT.as_secs())
        .shutdown_signal(Demo::shutdown_signal())
        .run()
        .await?;
    login.shutdown().await;
    Ok(())
}

async fn hello(user: User) -> Json<Value> {
    Json(Demo::describe(&user))
}

async fn public(MaybeUser(user): MaybeUser) -> Json<Value> {
    Json(user.map_or_else(|| json!({}), |user| Demo::describe(&user)))
}

async fn account(user: User) -> Html {
    Html::new(Demo::account_page(&user))
}

async fn home() -> Html {
    Html::new(Demo::home_page())
}
