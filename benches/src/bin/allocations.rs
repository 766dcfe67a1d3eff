//! Allocations of one request, by an allocator that counts: for each contestant the fewest of many requests.
#![allow(clippy::unwrap_used, reason = "a program that measures stops where something is wrong")]

use std::hint::black_box;

use dhat::{HeapStats, Profiler};
use http::{StatusCode, header};
use wecom_login_benches::actix_race;
use wecom_login_benches::axum_race::{Requests, bare_router, limited_router, our_router, serve};
use wecom_login_benches::callback_race::{Ours, Push};
use wecom_login_benches::peers::wecom_callbacks::{WechatCrypto, WechatWorkCrypto, WecomCrypto};
use wecom_login_benches::peers::{actix_httpauth, actix_identity, axum_login, jwt, tower_sessions};
use wecom_login_benches::{limit, login};

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

const SESSIONS: usize = 10;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let (login, tokens) = runtime.block_on(login::with_sessions(SESSIONS));
    let sessions = limit::moka_sessions(&tokens);
    let system = actix_web::rt::System::new();
    let _profiler = Profiler::builder().testing().build();

    println!("\n## allocations of a request\n\n| contestant | allocations | added |\n|---|--:|--:|");
    let bearer = || Requests::with_tokens(&tokens);
    let (cookie_of, authorization) = (header::COOKIE, header::AUTHORIZATION);
    let routers = [
        ("axum: bare handler", bare_router(), bearer()),
        ("axum: limit, moka", limited_router(sessions.clone()), bearer()),
        ("axum: wecom-login", our_router(&login), bearer()),
        {
            let (router, values) = jwt::router(SESSIONS);
            ("axum: HS256 JWT middleware", router, Requests::with(authorization, values))
        },
        {
            let (router, values) = runtime.block_on(tower_sessions::router(SESSIONS));
            ("axum: tower-sessions", router, Requests::with(cookie_of.clone(), values))
        },
        {
            let (router, values) = runtime.block_on(axum_login::router(SESSIONS));
            ("axum: axum-login", router, Requests::with(cookie_of, values))
        },
    ];
    let mut bare = None;
    for (name, mut router, mut requests) in routers {
        let count = fewest(
            || requests.next(),
            |request| {
                let response = serve(&mut router, request);
                assert_eq!(response.status(), StatusCode::OK);
                response
            },
        );
        print(name, count, &mut bare);
    }

    let mut bare = None;
    let tokens_of = || actix_race::Requests::with_tokens(&tokens);
    system.block_on(async {
        let leaf = actix_race::leaf().await;
        let mut requests = tokens_of();
        print("actix: bare service", fewest(|| (), |()| requests.serve(&leaf)), &mut bare);
        let ours = actix_race::ours(&login).await;
        let mut requests = tokens_of();
        print("actix: wecom-login", fewest(|| (), |()| requests.serve(&ours)), &mut bare);
        let httpauth = actix_httpauth::service(actix_race::leaf().await, sessions.clone()).await;
        let mut requests = tokens_of();
        print("actix: actix-web-httpauth", fewest(|| (), |()| requests.serve(&httpauth)), &mut bare);
        let (identity, cookies) = actix_identity::service(SESSIONS).await;
        let mut requests = actix_race::Requests::with("cookie", &cookies);
        let count = fewest(|| (), |()| requests.serve(&identity));
        print("actix: actix-session + actix-identity", count, &mut bare);
    });

    let (push, ours) = (Push::new(), Ours::new());
    let (first, second, third) =
        (WecomCrypto::new(), WechatCrypto::new(), WechatWorkCrypto::new(&push.receive_id));
    let mut bare = Some(0);
    print("callback: wecom-login", fewest(|| (), |()| ours.read(&push)), &mut bare);
    print("callback: wecom-crypto", fewest(|| (), |()| first.read(&push)), &mut bare);
    print("callback: wechat-crypto", fewest(|| (), |()| second.read(&push)), &mut bare);
    print("callback: wechat_work_crypto", fewest(|| (), |()| third.read(&push)), &mut bare);
    runtime.block_on(login.shutdown());
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

fn print(name: &str, count: u64, bare: &mut Option<u64>) {
    let bare = *bare.get_or_insert(count);
    println!("| {name} | {count} | {} |", count - bare);
}
