//! The host app in axum.

use std::convert::Infallible;
use std::net::{SocketAddr, TcpListener};
use std::pin::pin;
use std::thread;

use ::axum::body::{Body, Bytes};
use ::axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use ::axum::extract::{DefaultBodyLimit, RawQuery, State};
use ::axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use ::axum::response::IntoResponse;
use ::axum::response::sse::{Event, Sse};
use ::axum::routing::{any, get, post};
use ::axum::{Json, Router};
use futures_util::stream::{self, Stream, StreamExt as _};
use serde_json::{Value, json};
use tokio::sync::oneshot;
use wecom_login::web::Rejection;
use wecom_login::{CorpId, CurrentUser, WecomLogin};
use wecom_login_tower::{AuthLayer, User, finish_login, login_routes};

use super::{
    Adapter, HOST_404, HOST_BODY_LIMIT, Layout, RunningApp, asked, describe, link_parameters,
};
use crate::auths::COMPANY_A;

/// axum, by `wecom-login-tower`.
#[derive(Clone, Copy, Debug)]
pub struct AxumAdapter;

impl Adapter for AxumAdapter {
    fn name(&self) -> &'static str {
        "axum"
    }

    fn serve(&self, login: &WecomLogin, layout: Layout, listener: TcpListener) -> RunningApp {
        let app = app(login, layout);
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async move {
                listener.set_nonblocking(true).unwrap();
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                let service = app.into_make_service_with_connect_info::<SocketAddr>();
                tokio::select! {
                    served = async { ::axum::serve(listener, service).await } => served.unwrap(),
                    _ = stopped => {}
                }
            });
        });
        RunningApp::new(move || {
            drop(stop);
            let ended = thread.join();
            assert!(ended.is_ok() || thread::panicking(), "the app panicked");
        })
    }
}

fn app(login: &WecomLogin, layout: Layout) -> Router {
    let company_a = CorpId::new(COMPANY_A).unwrap();
    let corp_page = AuthLayer::required(login)
        .redirect_to_login()
        .redirect_on_other_corp();
    let host = Router::new()
        .route("/api/hello", any(hello).layer(AuthLayer::required(login)))
        .route(
            "/api/member",
            get(member)
                .with_state(login.clone())
                .layer(AuthLayer::required(login)),
        )
        .route("/api/public", any(public).layer(AuthLayer::optional(login)))
        .route(
            "/api/only-corp",
            get(hello).route_layer(AuthLayer::required(login).require_corp(company_a.clone())),
        )
        .route(
            "/api/only-instance",
            get(hello)
                .route_layer(AuthLayer::required(login).require_instance("QywxProxyCompanyA")),
        )
        .route(
            "/api/attributes",
            get(attributes).route_layer(AuthLayer::required(login)),
        )
        .route(
            "/api/asked",
            get(hello).route_layer(AuthLayer::required(login).require_async(asked)),
        )
        .route("/api/link", post(link).with_state(login.clone()))
        .route(
            "/api/for-machines",
            get(hello).route_layer(AuthLayer::required(login).allow_machines("orders:read")),
        )
        .route(
            "/api/only-machines",
            get(hello).route_layer(
                AuthLayer::required(login)
                    .require_scope("orders:read")
                    .require_scope("orders:write"),
            ),
        )
        .route(
            "/api/page",
            get(hello).route_layer(AuthLayer::required(login).redirect_to_login()),
        )
        .route(
            "/api/company-a-page",
            get(hello).route_layer(corp_page.clone().login_corp(company_a)),
        )
        .route("/api/corp-page", get(hello).route_layer(corp_page))
        .route(
            "/api/replaced",
            get(hello).route_layer(AuthLayer::required(login).on_rejection(teapot)),
        )
        .route(
            "/api/replaced-page",
            get(hello).route_layer(
                AuthLayer::required(login)
                    .redirect_to_login()
                    .on_rejection(teapot),
            ),
        )
        .merge(streams(login))
        .route("/api/unguarded", get(hello))
        .route(
            "/api/echo-method",
            any(echo_method).layer(AuthLayer::required(login)),
        )
        .route(
            "/api/upload",
            post(async |body: Bytes| body.len().to_string()),
        );
    let app = match layout {
        Layout::Root => host.merge(login_routes(login)),
        Layout::Auth => host.nest("/auth", login_routes(login)),
        Layout::Nested => host.nest("/a/b", Router::new().nest("/auth", login_routes(login))),
    };
    app.fallback(async || (StatusCode::NOT_FOUND, HOST_404))
        .layer(DefaultBodyLimit::max(HOST_BODY_LIMIT))
}

fn streams(login: &WecomLogin) -> Router {
    Router::new()
        .route(
            "/api/guarded-upload",
            post(async |body: Bytes| body.len().to_string()),
        )
        .route("/api/cached", get(cached))
        .route("/api/ws", get(websocket))
        .route("/api/ws-naive", get(naive_websocket))
        .route("/api/events", get(events))
        .route_layer(AuthLayer::required(login))
}

async fn cached(User(user): User) -> impl IntoResponse {
    let headers = [("cache-control", "public, max-age=60"), ("vary", "Origin")];
    (headers, user.corp_id().to_string())
}

async fn websocket(upgrade: WebSocketUpgrade, User(user): User) -> Response<Body> {
    upgrade
        .protocols(["echo"])
        .on_upgrade(|socket| echo(socket, user))
}

async fn naive_websocket(
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
    User(user): User,
) -> Response<Body> {
    let offered = headers["sec-websocket-protocol"].to_str().unwrap();
    let first = offered.split(',').next().unwrap().trim().to_owned();
    upgrade
        .protocols([first])
        .on_upgrade(|socket| echo(socket, user))
}

async fn echo(mut socket: WebSocket, user: CurrentUser) {
    let mut ended = pin!(user.ended());
    loop {
        tokio::select! {
            () = &mut ended => {
                let frame = CloseFrame { code: close_code::POLICY, reason: "".into() };
                let _ = socket.send(Message::Close(Some(frame))).await;
                return;
            }
            message = socket.recv() => match message {
                Some(Ok(Message::Text(text))) => drop(socket.send(Message::Text(text)).await),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return,
            },
        }
    }
}

async fn events(User(user): User) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let hello = stream::iter([Ok(Event::default().data("hello"))]);
    let ended = user.ended();
    Sse::new(hello.chain(stream::once(async {
        ended.await;
        Ok(Event::default().data("ended"))
    })))
}

async fn hello(user: User) -> Json<Value> {
    Json(describe(&user))
}

async fn link(
    State(login): State<WecomLogin>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response<Body> {
    let (ticket, user_id) = link_parameters(&query.unwrap_or_default());
    finish_login(&login, &headers, &ticket, &user_id).await
}

async fn attributes(user: User) -> Json<Value> {
    Json(Value::Object(user.attributes().as_map().clone()))
}

async fn member(State(login): State<WecomLogin>, user: User) -> Result<Json<Value>, StatusCode> {
    let query = [("userid", user.third_user_id())];
    let member = login.corp_of(&user).get("user/get", &query).await;
    member.map(Json).map_err(|_| StatusCode::BAD_GATEWAY)
}

async fn public(user: Option<User>) -> Json<Value> {
    Json(user.map_or_else(|| json!({}), |user| describe(&user)))
}

async fn echo_method(method: Method, _: User) -> String {
    method.to_string()
}

fn teapot(rejection: &Rejection) -> Response<Body> {
    let mut response = Response::new(Body::from(rejection.kind().code()));
    *response.status_mut() = StatusCode::IM_A_TEAPOT;
    response
        .headers_mut()
        .insert("cache-control", HeaderValue::from_static("public"));
    response
}
