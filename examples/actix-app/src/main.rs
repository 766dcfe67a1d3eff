//! An app behind a WeCom login. Run `cargo run -p actix-app` and open what it prints.

mod accounts;
mod echo;

use std::error::Error;
use std::process::ExitCode;

use actix_cors::Cors;
use actix_web::http::header::ContentType;
use actix_web::http::{StatusCode, header};
use actix_web::middleware::Compress;
use actix_web::web::{Data, Html, Json, get, post};
use actix_web::{App, HttpResponse, HttpServer};
use serde_json::{Value, json};
use wecom_login::WecomLogin;
use wecom_login_actix::{AuthMiddleware, MaybeUser, User, logger, login_routes};
use wecom_login_demo::{CONNECTION_TIMEOUT, DRAIN_TIMEOUT, Demo, METRICS_INTERVAL, Page};

const NAME: &str = "actix-app";

#[tokio::main]
async fn main() -> ExitCode {
    Demo::exit_code(NAME, serve().await)
}

async fn serve() -> Result<(), Box<dyn Error>> {
    let (demo, listener) = Demo::start(NAME).await?;

    let mut login = WecomLogin::builder()
        .auths_dir(demo.auths())
        .database_url(demo.database_url())
        .data_keys(demo.data_keys())
        .wrap_binder(demo.binder())
        .hooks(demo.hooks())
        .public_url(demo.public_url())
        .allowed_origins(demo.allowed_origins())
        .trusted_proxies(demo.trusted_proxies())
        .metrics_interval(METRICS_INTERVAL)
        .wecom_hosts(demo.wecom()?);
    if let Some(key) = demo.admin_key() {
        login = login.admin_key(key);
    }
    if demo.serves_access_tokens() {
        login = login.serve_access_tokens();
    }
    let login = login.build().await?;

    let shared = login.clone();
    let state = Data::new((login.clone(), demo.public_url()));
    let staff = demo.staff();
    let front_ends = demo.allowed_origins().to_vec();
    let app = move || {
        let cors = front_ends
            .iter()
            .fold(Cors::default(), |cors, origin| cors.allowed_origin(origin))
            .supports_credentials()
            .allowed_methods(["GET", "POST", "DELETE"])
            .allowed_headers([header::AUTHORIZATION, header::CONTENT_TYPE])
            // Without it a page of the app itself could not post: browsers send its origin, too.
            .block_on_origin_mismatch(false);
        // Around the guards, so that a preflight needs no login and a rejection can be read. The outermost comes last.
        App::new()
            .app_data(state.clone())
            .wrap(Compress::default())
            .wrap(cors)
            .wrap(logger())
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
            .route(
                "/workbench",
                get().to(workbench).wrap(
                    AuthMiddleware::required(&shared)
                        .redirect_to_login()
                        .redirect_on_other_corp(),
                ),
            )
            .route(
                "/api/message",
                post().to(message).wrap(AuthMiddleware::required(&shared)),
            )
            .route(
                "/api/ws",
                get()
                    .to(echo::websocket)
                    .wrap(AuthMiddleware::required(&shared)),
            )
            .configure(|config| accounts::routes(config, &shared, &staff))
            .route("/", get().to(home))
            .service(login_routes("/auth", &shared))
    };

    demo.announce(&login);
    let server = HttpServer::new(app).listen(listener.into_std()?)?;
    server
        .client_request_timeout(CONNECTION_TIMEOUT)
        .keep_alive(CONNECTION_TIMEOUT)
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

async fn account(user: User) -> HttpResponse {
    document(Demo::account_page(&user))
}

async fn workbench(user: User) -> HttpResponse {
    document(Demo::workbench_page(&user))
}

fn document(page: Page) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(ContentType::html())
        .insert_header((
            header::CONTENT_SECURITY_POLICY,
            page.content_security_policy,
        ))
        .body(page.html)
}

async fn message(state: Data<(WecomLogin, String)>, user: User) -> (Json<Value>, StatusCode) {
    let (login, public_url) = &**state;
    match Demo::send_hello(login, &user, public_url).await {
        Ok(answer) => (Json(answer), StatusCode::OK),
        Err(error) => {
            let (status, problem) = Demo::describe_error(&error);
            let status = StatusCode::from_u16(status);
            let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            (Json(problem), status)
        }
    }
}

async fn home() -> Html {
    Html::new(Demo::home_page())
}
