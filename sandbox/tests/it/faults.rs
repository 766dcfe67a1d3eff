//! Faults on demand.

use std::time::{Duration, Instant};

use axum::http::Method;
use serde_json::json;
use wecom_sandbox::Fault;

use crate::client::{World, send};

#[tokio::test]
async fn a_fault_spoils_so_many_calls_and_they_count() {
    let world = World::start().await;
    let secret = world.authorise().await;
    let before = world.sandbox.calls("gettoken");
    let fault = json!({"api": "gettoken", "times": 2, "errcode": 45009});
    assert_eq!(world.post("/sandbox/faults", fault).await.status, 200);
    for _ in 0..2 {
        assert_eq!(world.gettoken(&secret).await["errcode"], 45009);
    }
    assert_eq!(world.gettoken(&secret).await["errcode"], 0);
    assert_eq!(world.sandbox.calls("gettoken"), before + 3);
    assert_eq!(world.get("/sandbox/state").await.json()["calls"]["gettoken"], before + 3);
}

#[tokio::test]
async fn a_fault_stays_until_it_is_cleared() {
    let world = World::start().await;
    world.sandbox.fault(Fault::of("/cgi-bin/gettoken").http_status(502)).unwrap();
    for _ in 0..3 {
        assert_eq!(world.get("/cgi-bin/gettoken").await.status, 502);
    }
    assert_eq!(world.call("getcallbackip").await["errcode"], 41001, "another call is sound");
    let faults = format!("{}/sandbox/faults", world.sandbox.url());
    assert_eq!(send(Method::DELETE, &faults, &[], String::new()).await.status, 200);
    assert_eq!(world.call("gettoken").await["errcode"], 41002);
}

#[tokio::test]
async fn a_delay_delays_and_a_star_is_every_call() {
    let world = World::start().await;
    world.sandbox.fault(Fault::of("*").delay_ms(50).times(1)).unwrap();
    let started = Instant::now();
    assert_eq!(world.call("gettoken").await["errcode"], 41002);
    assert!(started.elapsed() >= Duration::from_millis(50));
}

#[tokio::test]
async fn a_spoiled_call_spends_no_code_unless_only_its_answer_is_spoiled() {
    let world = World::start().await;
    let token = world.app_token().await;
    let code = world.sandbox.code(&world.corp(0), &world.user(0)).unwrap();
    world.sandbox.fault(Fault::of("auth/getuserinfo").errcode(-1).times(1)).unwrap();
    assert_eq!(world.userinfo(&token, &code).await["errcode"], -1);
    assert_eq!(world.userinfo(&token, &code).await["errcode"], 0);
    let code = world.sandbox.code(&world.corp(0), &world.user(0)).unwrap();
    world.sandbox.fault(Fault::of("auth/getuserinfo").errcode(-1).times(1).after()).unwrap();
    assert_eq!(world.userinfo(&token, &code).await["errcode"], -1);
    assert_eq!(world.userinfo(&token, &code).await["errcode"], 40029);
}

#[tokio::test]
async fn an_address_that_is_not_on_the_list_is_60020() {
    let world = World::start().await;
    world.sandbox.change_settings(json!({"ipAllowList": ["10.0.0.1"]})).await.unwrap();
    assert_eq!(world.call("gettoken").await["errcode"], 60020);
    world.sandbox.change_settings(json!({"ipAllowList": ["127.0.0.1"]})).await.unwrap();
    assert_eq!(world.call("gettoken").await["errcode"], 41002);
}
