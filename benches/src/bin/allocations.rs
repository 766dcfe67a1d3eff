//! Allocations of one request, by an allocator that counts: for each contestant the fewest of many requests.
#![allow(
    clippy::unwrap_used,
    reason = "a program that measures stops where something is wrong"
)]

use std::convert::Infallible;
use std::hint::black_box;

use actix_web::dev::{Service as ActixService, ServiceRequest, ServiceResponse};
use axum::body::Body;
use dhat::{HeapStats, Profiler};
use http::{Request, Response, StatusCode, header};
use tower::{Layer as _, Service};
use wecom_login_benches::axum_race::{
    Foreign, Requests, bare_router, bare_stack, limited_router, our_router, our_router_with_user,
    serve,
};
use wecom_login_benches::callback_race::{Limit, Ours, Push};
use wecom_login_benches::peers::wecom_callbacks::{WechatCrypto, WechatWorkCrypto, WecomCrypto};
use wecom_login_benches::peers::{actix_httpauth, actix_identity, axum_login, jwt, tower_sessions};
use wecom_login_benches::report::Targets;
use wecom_login_benches::{actix_race, limit, login};
use wecom_login_tower::AuthLayer;

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

const SESSIONS: usize = 10;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let (login, tokens) = runtime.block_on(login::with_sessions(SESSIONS));
    let sessions = limit::moka_sessions(&tokens);
    let system = actix_web::rt::System::new();
    let _profiler = Profiler::builder().testing().build();

    println!(
        "\n## allocations of a request\n\n| contestant | allocations | added |\n|---|--:|--:|"
    );
    let map = limit::map_sessions(&tokens);
    let bearer = || Requests::with_tokens(&tokens);
    let (cookie_of, authorization) = (header::COOKIE, header::AUTHORIZATION);
    let mut table = Table::new("axum: ");
    let mut ask =
        |name: &str, mut router: axum::Router, mut requests: Requests, status: StatusCode| {
            let serve = |request| {
                let response = serve(&mut router, request);
                assert_eq!(response.status(), status);
                response
            };
            table.row(name, fewest(|| requests.next(), serve))
        };
    let ok = StatusCode::OK;
    ask("bare handler", bare_router(), bearer(), ok);
    ask(
        "no-op layer",
        bare_router().route_layer(limit::NoLayer),
        bearer(),
        ok,
    );
    ask("limit, map", limited_router(map.clone()), bearer(), ok);
    ask(
        "limit, moka",
        limited_router(sessions.clone()),
        bearer(),
        ok,
    );
    let added = ask("wecom-login", our_router(&login), bearer(), ok);
    ask(
        "wecom-login, cookie",
        our_router(&login),
        Requests::with_cookies(&tokens),
        ok,
    );
    ask(
        "wecom-login, `User` in the handler",
        our_router_with_user(&login),
        bearer(),
        ok,
    );
    let (router, values) = jwt::router(SESSIONS);
    ask(
        "HS256 JWT middleware",
        router,
        Requests::with(authorization, values),
        ok,
    );
    let (router, values) = runtime.block_on(tower_sessions::router(SESSIONS));
    ask(
        "tower-sessions",
        router,
        Requests::with(cookie_of.clone(), values),
        ok,
    );
    let (router, values) = runtime.block_on(axum_login::router(SESSIONS));
    ask("axum-login", router, Requests::with(cookie_of, values), ok);
    let foreign = Foreign::new(&tokens);
    let refused = || Requests::with_tokens(&foreign.random);
    ask(
        "limit, moka: empty 401",
        limited_router(sessions.clone()),
        refused(),
        StatusCode::UNAUTHORIZED,
    );
    ask(
        "wecom-login: 401",
        our_router(&login),
        refused(),
        StatusCode::UNAUTHORIZED,
    );

    let mut table = Table::new("tower: ");
    table.row("bare service", of_stack(bare_stack(), bearer()));
    table.row(
        "no-op layer",
        of_stack(limit::NoLayer.layer(bare_stack()), bearer()),
    );
    table.row(
        "limit, map",
        of_stack(limit::LimitLayer(map.clone()).layer(bare_stack()), bearer()),
    );
    table.row(
        "limit, moka",
        of_stack(
            limit::LimitLayer(sessions.clone()).layer(bare_stack()),
            bearer(),
        ),
    );
    table.row(
        "wecom-login",
        of_stack(AuthLayer::required(&login).layer(bare_stack()), bearer()),
    );

    let mut table = Table::new("actix: ");
    let bearer = || actix_race::Requests::with_tokens(&tokens);
    system.block_on(async {
        let ok = actix_web::http::StatusCode::OK;
        table.row(
            "bare service",
            of_actix(&actix_race::leaf().await, bearer(), ok),
        );
        let no_op = actix_race::limit(None::<limit::MapSessions>).await;
        table.row("no-op middleware", of_actix(&no_op, bearer(), ok));
        table.row(
            "limit, map",
            of_actix(&actix_race::limit(Some(map)).await, bearer(), ok),
        );
        let limit = actix_race::limit(Some(sessions.clone())).await;
        table.row("limit, moka", of_actix(&limit, bearer(), ok));
        let ours = actix_race::ours(&login).await;
        table.row("wecom-login", of_actix(&ours, bearer(), ok));
        let cookies = actix_race::Requests::with_cookies(&tokens);
        table.row("wecom-login, cookie", of_actix(&ours, cookies, ok));
        let httpauth = actix_httpauth::service(actix_race::leaf().await, sessions.clone()).await;
        table.row("actix-web-httpauth", of_actix(&httpauth, bearer(), ok));
        let (identity, cookies) = actix_identity::service(SESSIONS).await;
        let cookies = actix_race::Requests::with("cookie", &cookies);
        table.row(
            "actix-session + actix-identity",
            of_actix(&identity, cookies, ok),
        );
        let (no, refused) = (actix_web::http::StatusCode::UNAUTHORIZED, || {
            actix_race::Requests::with_tokens(&foreign.random)
        });
        table.row("limit, moka: empty 401", of_actix(&limit, refused(), no));
        table.row("wecom-login: 401", of_actix(&ours, refused(), no));
    });

    let (push, ours, least) = (Push::new(), Ours::new(), Limit::new());
    let (first, second) = (WecomCrypto::new(), WechatCrypto::new());
    let third = WechatWorkCrypto::new(&push.receive_id);
    let mut table = Table::new("callback: ");
    table.bare = Some(0);
    table.row(
        "limit, message not read",
        fewest(|| (), |()| least.read(&push)),
    );
    table.row("wecom-login", fewest(|| (), |()| ours.read(&push)));
    table.row("wecom-crypto", fewest(|| (), |()| first.read(&push)));
    table.row("wechat-crypto", fewest(|| (), |()| second.read(&push)));
    table.row("wechat_work_crypto", fewest(|| (), |()| third.read(&push)));
    Targets::default()
        .at_most(
            "axum hit: added allocations, of which 3 are axum's",
            added,
            6.0,
        )
        .print();
    runtime.block_on(login.shutdown());
}

fn of_stack<S, R>(mut service: S, mut requests: Requests) -> u64
where
    S: Service<Request<Body>, Response = Response<R>, Error = Infallible>,
{
    fewest(|| requests.next(), |request| serve(&mut service, request))
}

fn of_actix<S, B>(
    service: &S,
    mut requests: actix_race::Requests,
    status: actix_web::http::StatusCode,
) -> u64
where
    S: ActixService<ServiceRequest, Response = ServiceResponse<B>, Error = actix_web::Error>,
{
    fewest(|| (), |()| requests.serve(service, status))
}

/// The fewest allocations of a call: what runs beside it is not counted in every round.
fn fewest<Q, R>(mut prepare: impl FnMut() -> Q, mut call: impl FnMut(Q) -> R) -> u64 {
    let rounds = (0..200).map(|_| {
        let request = prepare();
        let before = HeapStats::get().total_blocks;
        let response = call(request);
        let after = HeapStats::get().total_blocks;
        black_box(response);
        after - before
    });
    rounds.min().unwrap()
}

/// Rows of which the first is what the others are compared with.
struct Table {
    prefix: &'static str,
    bare: Option<u64>,
}

impl Table {
    const fn new(prefix: &'static str) -> Self {
        Self { prefix, bare: None }
    }

    /// Prints a row and gives what it adds.
    fn row(&mut self, name: &str, count: u64) -> u64 {
        let added = count - *self.bare.get_or_insert(count);
        println!("| {}{name} | {count} | {added} |", self.prefix);
        added
    }
}
