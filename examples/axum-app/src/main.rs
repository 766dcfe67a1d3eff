//! An app behind a WeCom login. Run `cargo run -p axum-app` and open what it prints.

mod accounts;
mod echo;
mod server;

use std::error::Error;
use std::process::ExitCode;

use axum::extract::State;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{Html, IntoResponse};
use axum::routing::{any, get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::cors::CorsLayer;
use tower_http::sensitive_headers::SetSensitiveHeadersLayer;
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::TraceLayer;
use wecom_login::WecomLogin;
use wecom_login_demo::{ANSWER_TIMEOUT, Demo, METRICS_INTERVAL, Page};
use wecom_login_tower::{AuthLayer, User, login_routes, request_span, sensitive_headers};

const NAME: &str = "axum-app";

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

    let front_ends: Vec<HeaderValue> = demo
        .allowed_origins()
        .iter()
        .map(|origin| origin.parse())
        .collect::<Result<_, _>>()?;
    let cors = CorsLayer::new()
        .allow_origin(front_ends)
        .allow_credentials(true)
        .allow_methods([Method::GET, Method::POST, Method::DELETE])
        .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE]);
    // Around the guards, so that a preflight needs no login and a rejection can be read. The outermost comes first.
    let layers = ServiceBuilder::new()
        .layer(SetSensitiveHeadersLayer::new(sensitive_headers()))
        .layer(TraceLayer::new_for_http().make_span_with(request_span))
        .layer(CatchPanicLayer::new())
        .layer(TimeoutLayer::with_status_code(
            StatusCode::GATEWAY_TIMEOUT,
            ANSWER_TIMEOUT,
        ))
        .layer(cors)
        .layer(CompressionLayer::new());

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
        .route(
            "/workbench",
            get(workbench).route_layer(
                AuthLayer::required(&login)
                    .redirect_to_login()
                    .redirect_on_other_corp(),
            ),
        )
        .route(
            "/api/message",
            post(message).route_layer(AuthLayer::required(&login)),
        )
        .route(
            "/api/ws",
            any(echo::websocket).layer(AuthLayer::required(&login)),
        )
        .merge(accounts::routes(&login, demo.staff()))
        .route("/", get(home))
        .nest("/auth", login_routes(&login))
        .layer(layers)
        .with_state((login.clone(), demo.public_url()));

    demo.announce(&login);
    Demo::drain(server::serve(listener, app, Demo::shutdown_signal())).await?;
    login.shutdown().await;
    Ok(())
}

async fn hello(user: User) -> Json<Value> {
    Json(Demo::describe(&user))
}

async fn public(user: Option<User>) -> Json<Value> {
    Json(user.map_or_else(|| json!({}), |user| Demo::describe(&user)))
}

async fn account(user: User) -> impl IntoResponse {
    document(Demo::account_page(&user))
}

async fn workbench(user: User) -> impl IntoResponse {
    document(Demo::workbench_page(&user))
}

fn document(page: Page) -> impl IntoResponse {
    let policy = page.content_security_policy;
    ([(header::CONTENT_SECURITY_POLICY, policy)], Html(page.html))
}

async fn message(
    State((login, public_url)): State<(WecomLogin, String)>,
    user: User,
) -> (StatusCode, Json<Value>) {
    match Demo::send_hello(&login, &user, &public_url).await {
        Ok(answer) => (StatusCode::OK, Json(answer)),
        Err(error) => {
            let (status, problem) = Demo::describe_error(&error);
            let status = StatusCode::from_u16(status);
            let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            (status, Json(problem))
        }
    }
}

async fn home() -> Html<&'static str> {
    Html(Demo::home_page())
}
