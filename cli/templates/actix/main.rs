//! An app behind a WeCom login.

use std::env;
use std::error::Error;

use actix_web::web::{Html, get};
use actix_web::{App, HttpServer};
use wecom_login::{DataKeys, WecomLogin};
use wecom_login_actix::{AuthMiddleware, User, login_routes};

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

    let shared = login.clone();
    HttpServer::new(move || {
        App::new()
            .route(
                "/account",
                get()
                    .to(account)
                    .wrap(AuthMiddleware::required(&shared).redirect_to_login()),
            )
            .route("/", get().to(home))
            .service(login_routes("/auth", &shared))
    })
    .bind("127.0.0.1:3000")?
    .run()
    .await?;
    login.shutdown().await;
    Ok(())
}

async fn home() -> Html {
    Html::new("<a href=\"/account\">Log in</a>")
}

/// Only for people who are logged in.
async fn account(user: User) -> String {
    format!("You are {} of {}.", user.user_id(), user.corp_id())
}
