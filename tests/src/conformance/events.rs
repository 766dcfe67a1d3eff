//! What happens to companies and people while others are logged in.

use serde_json::json;

use super::Stage;
use crate::auths::{COMPANY_A, SUITE};
use crate::client::{Ask, send};
use crate::setup::Setup;
use crate::until::until;
use crate::world::World;

/// Ends within moments: the work comes after the answer to WeCom.
async fn ends(world: &World, token: &str) {
    until("the session has ended", async || {
        world.hello(token).await == 401
    })
    .await;
    let reply = world.host(Ask::get("/api/hello").bearer(token)).await;
    reply.is_problem(401, "TOKEN_INVALID");
}

pub(super) async fn cancel_ends_every_session_of_the_company(stage: Stage) {
    let world = stage.world(Setup::new()).await;
    let open = world.open_corp();
    let mut tokens = Vec::new();
    for person in world.sandbox.user_ids(COMPANY_A).iter().take(2) {
        tokens.push(world.token(COMPANY_A, person).await);
        tokens.push(world.token(COMPANY_A, person).await);
    }
    let other = world.token(&open, &world.person(&open)).await;
    let person = world.person(COMPANY_A);
    let code = world.code(COMPANY_A, &person);
    assert!(world.sandbox.cancel(COMPANY_A).await.unwrap().succeeded());
    for token in &tokens {
        ends(&world, token).await;
    }
    world.settled_records().await;
    let body = json!({"corpId": COMPANY_A, "code": code});
    world
        .ours(Ask::post("/loginByWorkbench").json(&body))
        .await
        .is_problem(403, "CORP_NOT_AUTHORIZED");
    assert_eq!(
        world.hello(&other).await,
        200,
        "another company's people stay"
    );
    let corps = world.admin(Ask::get("/corps")).await.success();
    let gone = corps["corps"]
        .as_array()
        .unwrap()
        .iter()
        .find(|corp| corp["corpId"] == COMPANY_A)
        .unwrap();
    assert_eq!(gone["status"], "cancelled");
    assert!(gone.get("agentId").is_none(), "its data is gone: {gone}");

    world.install(SUITE, COMPANY_A).await;
    let back = world.token(COMPANY_A, &person).await;
    assert_eq!(world.hello(&back).await, 200);
    for token in &tokens {
        assert_eq!(
            world.hello(token).await,
            401,
            "a new authorisation revives no session"
        );
    }
    world.end().await;
}

pub(super) async fn a_login_code_from_before_a_cancel_is_dead(stage: Stage) {
    let world = stage.world(Setup::new()).await;
    let person = world.person(COMPANY_A);
    let mut codes = Vec::new();
    for _ in 0..2 {
        let body = json!({"corpId": COMPANY_A, "code": world.code(COMPANY_A, &person)});
        let code = world
            .ours(Ask::post("/QywxProxyCompanyA/getLoginCode").json(&body))
            .await
            .success();
        codes.push(code["loginCode"].clone());
    }
    let exchange = |code| world.ours(Ask::post("/loginByCode").json(&json!({"loginCode": code})));
    assert!(world.sandbox.cancel(COMPANY_A).await.unwrap().succeeded());
    world.settled_records().await;
    let during = exchange(codes[0].clone()).await;
    assert!(
        matches!(
            during.problem().1.as_str(),
            "LOGIN_CODE_INVALID" | "CORP_NOT_AUTHORIZED"
        ),
        "{during:?}"
    );
    world.install(SUITE, COMPANY_A).await;
    exchange(codes[1].clone())
        .await
        .is_problem(401, "LOGIN_CODE_INVALID");
    // The same for a person who was logged out everywhere meanwhile.
    let token = world.token(COMPANY_A, &person).await;
    let body = json!({"corpId": COMPANY_A, "code": world.code(COMPANY_A, &person)});
    let code = world
        .ours(Ask::post("/QywxProxyCompanyA/getLoginCode").json(&body))
        .await
        .success();
    world
        .ours(Ask::post("/logoutAll").bearer(&token))
        .await
        .no_content();
    exchange(code["loginCode"].clone())
        .await
        .is_problem(401, "LOGIN_CODE_INVALID");
    world.end().await;
}

pub(super) async fn people_who_leave_lose_session_and_binding(stage: Stage) {
    let world = stage.world(Setup::new()).await;
    let people = world.sandbox.user_ids(COMPANY_A);
    let before = world.log_in(COMPANY_A, &people[0]).await;
    let colleague = world.token(COMPANY_A, &people[1]).await;
    let code = world.code(COMPANY_A, &people[0]);
    assert!(
        world
            .sandbox
            .leave(COMPANY_A, &people[0])
            .await
            .unwrap()
            .succeeded()
    );
    ends(&world, before["token"].as_str().unwrap()).await;
    assert_eq!(world.hello(&colleague).await, 200);
    let body = json!({"corpId": COMPANY_A, "code": code});
    let gone = world.ours(Ask::post("/loginByWorkbench").json(&body)).await;
    assert_ne!(gone.status, 200, "who left cannot log in");
    // The userid comes back: it is a new person.
    let join = format!("/sandbox/corps/{COMPANY_A}/members/{}/join", people[0]);
    let joined = send(world.sandbox.addr(), &Ask::post(join).json(&json!({}))).await;
    assert_eq!(joined.status, 200, "{joined:?}");
    let after = world.log_in(COMPANY_A, &people[0]).await;
    assert_ne!(
        after["userId"], before["userId"],
        "a recycled userid inherits nothing"
    );
    assert_eq!(world.hello(before["token"].as_str().unwrap()).await, 401);
    world.end().await;
}

pub(super) async fn a_renamed_person_stays_the_same_user(stage: Stage) {
    let world = stage.world(Setup::new()).await;
    let people = world.sandbox.user_ids(COMPANY_A);
    let before = world.log_in(COMPANY_A, &people[0]).await;
    let colleague = world.token(COMPANY_A, &people[1]).await;
    assert!(
        world
            .sandbox
            .rename(COMPANY_A, &people[0], "renamed-01")
            .await
            .unwrap()
            .succeeded()
    );
    ends(&world, before["token"].as_str().unwrap()).await;
    world.settled_records().await;
    let after = world.log_in(COMPANY_A, "renamed-01").await;
    assert_eq!(after["user"]["thirdUserId"], "renamed-01");
    assert_eq!(after["userId"], before["userId"]);
    assert_eq!(world.hello(&colleague).await, 200);
    world.end().await;
}

pub(super) async fn unsubscribing_ends_sessions(stage: Stage) {
    let world = stage.world(Setup::new()).await;
    let people = world.sandbox.user_ids(COMPANY_A);
    let token = world.token(COMPANY_A, &people[0]).await;
    let colleague = world.token(COMPANY_A, &people[1]).await;
    assert!(
        world
            .sandbox
            .unsubscribe(COMPANY_A, &people[0])
            .await
            .unwrap()
            .succeeded()
    );
    ends(&world, &token).await;
    assert_eq!(world.hello(&colleague).await, 200);
    world.end().await;
}

pub(super) async fn a_hidden_person_may_not_come_back(stage: Stage) {
    let world = stage.world(Setup::new()).await;
    let people = world.sandbox.user_ids(COMPANY_A);
    let token = world.token(COMPANY_A, &people[0]).await;
    // Later than the login: its visibility is asked anew after the change.
    world.advance(std::time::Duration::from_secs(1));
    assert!(
        world
            .sandbox
            .hide(COMPANY_A, &people[0])
            .await
            .unwrap()
            .succeeded()
    );
    world.settled_records().await;
    world
        .try_log_in(COMPANY_A, &people[0])
        .await
        .is_problem(403, "USER_NOT_VISIBLE");
    assert_eq!(
        world.hello(&token).await,
        401,
        "and the sessions that were there end"
    );
    let _ = world.log_in(COMPANY_A, &people[1]).await;
    assert!(
        world
            .sandbox
            .show(COMPANY_A, &people[0])
            .await
            .unwrap()
            .succeeded()
    );
    world.settled_records().await;
    let _ = world.log_in(COMPANY_A, &people[0]).await;
    world.end().await;
}

pub(super) async fn a_reset_secret_changes_nothing_for_people(stage: Stage) {
    let world = stage.world(Setup::new()).await;
    let person = world.person(COMPANY_A);
    let token = world.token(COMPANY_A, &person).await;
    assert!(
        world
            .sandbox
            .reset_secret(COMPANY_A)
            .await
            .unwrap()
            .succeeded()
    );
    let records = world.settled_records().await;
    assert!(
        records.iter().all(|record| record["status"] == "succeeded"),
        "{records:?}"
    );
    assert_eq!(world.hello(&token).await, 200);
    world.sandbox.expire_tokens();
    let _ = world.log_in(COMPANY_A, &person).await;
    assert!(world.sandbox.change(COMPANY_A).await.unwrap().succeeded());
    world.settled_records().await;
    assert_eq!(world.hello(&token).await, 200);
    world.end().await;
}
