//! The host app in actix-web.

use std::convert::Infallible;
use std::net::TcpListener;
use std::pin::pin;
use std::thread;

use actix_web::error::{Error, ErrorBadGateway};
use actix_web::http::Method;
use actix_web::rt::System;
use actix_web::web::{
    self, Bytes, Data, Json, Payload, PayloadConfig, ServiceConfig, get, post, resource, route,
};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, Route};
use actix_ws::{CloseCode, Message, MessageStream, Session};
use futures_util::stream::{self, StreamExt as _};
use serde_json::{Value, json};
use wecom_login::web::Rejection;
use wecom_login::{CorpId, CurrentUser, WecomLogin};
use wecom_login_actix::{AuthMiddleware, MaybeUser, User, configure, finish_login, login_routes};

use super::{
    Adapter, HOST_404, HOST_BODY_LIMIT, Layout, RunningApp, asked, describe, link_parameters,
};
use crate::auths::COMPANY_A;

/// actix-web, by `wecom-login-actix`.
#[derive(Clone, Copy, Debug)]
pub struct ActixAdapter;

impl Adapter for ActixAdapter {
    fn name(&self) -> &'static str {
        "actix"
    }

    fn serve(&self, login: &WecomLogin, layout: Layout, listener: TcpListener) -> RunningApp {
        let login = login.clone();
        let app = move || {
            App::new()
                .app_data(PayloadConfig::new(HOST_BODY_LIMIT))
                .configure(|config| app(config, &login, layout))
                .default_service(web::to(async || HttpResponse::NotFound().body(HOST_404)))
        };
        let (started, handle) = std::sync::mpsc::channel();
        let thread = thread::spawn(move || {
            System::new().block_on(async move {
                let server = HttpServer::new(app).workers(2).disable_signals();
                let server = server.listen(listener).unwrap().run();
                started.send(server.handle()).unwrap();
                server.await.unwrap();
            });
        });
        let handle = handle.recv().unwrap();
        RunningApp::new(move || {
            // The command is sent at once; joining the thread waits for its end.
            drop(handle.stop(false));
            let ended = thread.join();
            assert!(ended.is_ok() || thread::panicking(), "the app panicked");
        })
    }
}

fn app(config: &mut ServiceConfig, login: &WecomLogin, layout: Layout) {
    let company_a = CorpId::new(COMPANY_A).unwrap();
    let required = AuthMiddleware::required(login);
    let mut guarded = |path: &str, guard: AuthMiddleware| {
        config.service(resource(path).wrap(guard).route(get().to(hello)));
    };
    guarded(
        "/api/only-corp",
        required.clone().require_corp(company_a.clone()),
    );
    guarded(
        "/api/only-instance",
        required.clone().require_instance("QywxProxyCompanyA"),
    );
    let mut stream = |path: &str, route: Route| {
        config.service(resource(path).wrap(required.clone()).route(route));
    };
    stream("/api/cached", get().to(cached));
    stream("/api/ws", get().to(websocket));
    stream("/api/ws-naive", get().to(naive_websocket));
    stream("/api/events", get().to(events));
    let mut guarded = |path: &str, guard: AuthMiddleware| {
        config.service(resource(path).wrap(guard).route(get().to(hello)));
    };
    guarded("/api/asked", required.clone().require_async(asked));
    guarded(
        "/api/for-machines",
        required.clone().allow_machines("orders:read"),
    );
    let only_machines = required.clone().require_scope("orders:read");
    guarded(
        "/api/only-machines",
        only_machines.require_scope("orders:write"),
    );
    guarded("/api/page", required.clone().redirect_to_login());
    let corp_page = required
        .clone()
        .redirect_to_login()
        .redirect_on_other_corp();
    guarded(
        "/api/company-a-page",
        corp_page.clone().login_corp(company_a),
    );
    guarded("/api/corp-page", corp_page);
    guarded("/api/replaced", required.clone().on_rejection(teapot));
    guarded(
        "/api/replaced-page",
        required.clone().redirect_to_login().on_rejection(teapot),
    );
    config
        .service(
            resource("/api/link")
                .app_data(Data::new(login.clone()))
                .route(post().to(link)),
        )
        .service(
            resource("/api/attributes")
                .wrap(required.clone())
                .route(get().to(attributes)),
        )
        .service(
            resource("/api/guarded-upload")
                .wrap(required.clone())
                .route(post().to(async |body: Bytes| body.len().to_string())),
        )
        .service(
            resource("/api/hello")
                .wrap(required.clone())
                .route(route().to(hello)),
        )
        .service(
            resource("/api/member")
                .app_data(Data::new(login.clone()))
                .wrap(required.clone())
                .route(get().to(member)),
        )
        .service(
            resource("/api/public")
                .wrap(AuthMiddleware::optional(login))
                .route(route().to(public)),
        )
        .service(
            resource("/api/echo-method")
                .wrap(required)
                .route(route().to(echo_method)),
        )
        .route("/api/unguarded", get().to(hello))
        .route(
            "/api/upload",
            post().to(async |body: Bytes| body.len().to_string()),
        );
    match layout {
        Layout::Root => config.configure(configure("/", login)),
        Layout::Auth => config.service(login_routes("/auth", login)),
        Layout::Nested => config.service(web::scope("/a/b").service(login_routes("/auth", login))),
    };
}

async fn cached(User(user): User) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header(("cache-control", "public, max-age=60"))
        .insert_header(("vary", "Origin"))
        .body(user.corp_id().to_string())
}

async fn websocket(
    request: HttpRequest,
    body: Payload,
    User(user): User,
) -> actix_web::Result<HttpResponse> {
    upgrade(&request, body, user, "echo")
}

async fn naive_websocket(
    request: HttpRequest,
    body: Payload,
    User(user): User,
) -> actix_web::Result<HttpResponse> {
    let offered = request.headers().get("sec-websocket-protocol").unwrap();
    let first = offered.to_str().unwrap().split(',').next().unwrap();
    upgrade(&request, body, user, first.trim())
}

fn upgrade(
    request: &HttpRequest,
    body: Payload,
    user: CurrentUser,
    protocol: &str,
) -> actix_web::Result<HttpResponse> {
    let (response, session, messages) =
        actix_ws::handle_with_protocols(request, body, &[protocol])?;
    actix_web::rt::spawn(echo(session, messages, user));
    Ok(response)
}

async fn echo(mut session: Session, mut messages: MessageStream, user: CurrentUser) {
    let mut ended = pin!(user.ended());
    loop {
        tokio::select! {
            () = &mut ended => {
                let _ = session.close(Some(CloseCode::Policy.into())).await;
                return;
            }
            message = messages.recv() => match message {
                Some(Ok(Message::Text(text))) => drop(session.text(text).await),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return,
            },
        }
    }
}

async fn events(User(user): User) -> HttpResponse {
    let hello = stream::iter([Ok::<_, Infallible>(Bytes::from("data: hello\n\n"))]);
    let ended = user.ended();
    let events = hello.chain(stream::once(async {
        ended.await;
        Ok(Bytes::from("data: ended\n\n"))
    }));
    HttpResponse::Ok()
        .content_type("text/event-stream")
        .streaming(events)
}

async fn hello(user: User) -> Json<Value> {
    Json(describe(&user))
}

async fn link(login: Data<WecomLogin>, request: HttpRequest) -> HttpResponse {
    let (ticket, user_id) = link_parameters(request.query_string());
    finish_login(&login, &request, &ticket, &user_id).await
}

async fn attributes(user: User) -> Json<Value> {
    Json(Value::Object(user.attributes().as_map().clone()))
}

async fn member(login: Data<WecomLogin>, user: User) -> Result<Json<Value>, Error> {
    let query = [("userid", user.third_user_id())];
    let member = login.corp_of(&user).get("user/get", &query).await;
    member.map(Json).map_err(ErrorBadGateway)
}

async fn public(MaybeUser(user): MaybeUser) -> Json<Value> {
    Json(user.map_or_else(|| json!({}), |user| describe(&user)))
}

async fn echo_method(method: Method, _: User) -> String {
    method.to_string()
}

fn teapot(rejection: &Rejection) -> HttpResponse {
    HttpResponse::ImATeapot()
        .insert_header(("cache-control", "public"))
        .body(rejection.kind().code())
}
