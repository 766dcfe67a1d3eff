//! What a person sees of their sessions, and how sessions end.

use std::time::Duration;

use serde_json::json;
use wecom_login::SessionConfig;

use super::Stage;
use super::rows::has_fields;
use crate::auths::{COMPANY_A, SUITE};
use crate::client::Ask;
use crate::setup::Setup;
use crate::world::World;

const HOUR: Duration = Duration::from_hours(1);
const FIELDS: &[&str] = &[
    "id",
    "suiteId",
    "corpId",
    "instance",
    "platform",
    "loginType",
    "createdAt",
    "lastSeenAt",
    "expiresAt",
    "current",
];

async fn ids(world: &World, token: &str) -> Vec<String> {
    let sessions = world
        .ours(Ask::get("/sessions").bearer(token))
        .await
        .success();
    let sessions = sessions["sessions"].as_array().unwrap().clone();
    sessions
        .iter()
        .map(|session| session["id"].as_str().unwrap().to_owned())
        .collect()
}

pub(super) async fn what_me_and_sessions_show(stage: Stage) {
    let world = stage.world(Setup::new()).await;
    let person = world.person(COMPANY_A);
    let began = world.now_millis();
    let first = world.log_in(COMPANY_A, &person).await;
    world.advance(Duration::from_secs(5));
    let second = world.token(COMPANY_A, &person).await;
    let token = first["token"].as_str().unwrap();
    let me = world.ours(Ask::get("/me").bearer(token)).await.success();
    has_fields(&me, &["user", "session"]);
    assert_eq!(me["user"], first["user"]);
    let session = &me["session"];
    has_fields(session, FIELDS);
    assert_eq!(
        (&session["suiteId"], &session["corpId"]),
        (&json!(SUITE), &json!(COMPANY_A))
    );
    assert_eq!(session["instance"], "auths.QywxProxyCompanyA");
    assert_eq!(session["createdAt"], began);
    assert_eq!(session["expiresAt"], began + 30 * 24 * 3_600_000);
    assert_eq!(session["current"], true);
    assert!(
        !token.contains(session["id"].as_str().unwrap()),
        "an id is no credential"
    );
    assert_eq!(world.hello(session["id"].as_str().unwrap()).await, 401);

    let sessions = world
        .ours(Ask::get("/sessions").bearer(token))
        .await
        .success();
    let sessions = sessions["sessions"].as_array().unwrap();
    assert_eq!(sessions.len(), 2);
    for session in sessions {
        has_fields(session, FIELDS);
    }
    assert_eq!(
        (&sessions[0]["current"], &sessions[1]["current"]),
        (&json!(false), &json!(true))
    );
    assert_eq!(sessions[1]["id"], session["id"], "newest first");
    assert_eq!(ids(&world, token).await, ids(&world, &second).await);
    world.end().await;
}

pub(super) async fn ending_sessions(stage: Stage) {
    let world = stage.world(Setup::new()).await;
    let person = world.person(COMPANY_A);
    let stranger = world.sandbox.user_ids(COMPANY_A).remove(1);
    let mut tokens = Vec::new();
    for _ in 0..4 {
        tokens.push(world.token(COMPANY_A, &person).await);
        world.advance(Duration::from_secs(1));
    }
    let other = world.token(COMPANY_A, &stranger).await;
    let delete = |id: &str, token: &str| {
        world.ours(Ask::new("DELETE", format!("/sessions/{id}")).bearer(token))
    };
    let theirs = ids(&world, &other).await.remove(0);
    delete(&theirs, &tokens[0])
        .await
        .is_problem(404, "SESSION_NOT_FOUND");
    assert_eq!(
        world.hello(&other).await,
        200,
        "another person's session goes on"
    );

    // Newest first: the session of tokens[0] is the last.
    let mine = ids(&world, &tokens[0]).await;
    assert_eq!(mine.len(), 4);
    delete(&mine[2], &tokens[0]).await.no_content();
    assert_eq!(world.hello(&tokens[1]).await, 401);
    delete(&mine[2], &tokens[0])
        .await
        .is_problem(404, "SESSION_NOT_FOUND");
    delete(&mine[3], &tokens[0]).await.no_content();
    assert_eq!(
        world.hello(&tokens[0]).await,
        401,
        "the session that asks may end itself"
    );
    world
        .ours(Ask::post("/logout").bearer(&tokens[2]))
        .await
        .no_content();
    assert_eq!(
        (world.hello(&tokens[2]).await, world.hello(&tokens[3]).await),
        (401, 200)
    );
    world
        .ours(Ask::post("/logout").bearer(&tokens[2]))
        .await
        .is_problem(401, "TOKEN_INVALID");

    let last = world.token(COMPANY_A, &person).await;
    let elsewhere = world.open_corp();
    let elsewhere = world.token(&elsewhere, &world.person(&elsewhere)).await;
    let by_cookie = Ask::post("/logoutAll")
        .cookie(&last)
        .header("sec-fetch-site", "same-origin");
    let reply = world.ours(by_cookie).await;
    reply.no_content();
    let cleared = reply
        .all("set-cookie")
        .any(|cookie| cookie.starts_with("wecom_login=; Max-Age=0;"));
    assert!(cleared, "the browser forgets the session that it sent");
    for token in [&last, &tokens[3]] {
        assert_eq!(world.hello(token).await, 401);
    }
    assert_eq!(
        (world.hello(&other).await, world.hello(&elsewhere).await),
        (200, 200)
    );
    let back = world.token(COMPANY_A, &person).await;
    assert_eq!(ids(&world, &back).await.len(), 1);
    world.end().await;
}

pub(super) async fn idle_sessions_end(stage: Stage) {
    let world = stage.world(Setup::new()).await;
    let person = world.person(COMPANY_A);
    let (used, unused) = (
        world.token(COMPANY_A, &person).await,
        world.token(COMPANY_A, &person).await,
    );
    world.advance(24 * HOUR - Duration::from_millis(1));
    assert_eq!(world.hello(&used).await, 200);
    world.use_is_written().await;
    world.advance(Duration::from_millis(1));
    assert_eq!(
        (world.hello(&used).await, world.hello(&unused).await),
        (200, 401)
    );
    assert_eq!(
        ids(&world, &used).await.len(),
        1,
        "what is over is not shown"
    );
    world.advance(24 * HOUR);
    assert_eq!(world.hello(&used).await, 401);
    world.end().await;
}

pub(super) async fn sessions_end_in_any_case(stage: Stage) {
    let world = stage.world(Setup::new()).await;
    let token = world.token(COMPANY_A, &world.person(COMPANY_A)).await;
    for _ in 0..35 {
        world.advance(20 * HOUR);
        assert_eq!(world.hello(&token).await, 200);
        world.use_is_written().await;
    }
    world.advance(20 * HOUR - Duration::from_millis(1));
    assert_eq!(
        world.hello(&token).await,
        200,
        "a millisecond before thirty days"
    );
    world.advance(Duration::from_millis(1));
    assert_eq!(world.hello(&token).await, 401);
    world.end().await;
}

pub(super) async fn lifetimes_are_settable(stage: Stage) {
    let setup = Setup::new().configure(|builder| builder.sessions(SessionConfig::strict()));
    let world = stage.world(setup).await;
    let result = world.log_in(COMPANY_A, &world.person(COMPANY_A)).await;
    assert_eq!(result["expiresIn"], 3600);
    let token = result["token"].as_str().unwrap();
    for _ in 0..24 {
        assert_eq!(world.hello(token).await, 200);
        world.use_is_written().await;
        world.advance(HOUR - Duration::from_secs(1));
    }
    assert_eq!(world.hello(token).await, 200);
    world.advance(Duration::from_secs(24));
    assert_eq!(world.hello(token).await, 401, "24 hours in all");
    let token = world.token(COMPANY_A, &world.person(COMPANY_A)).await;
    world.advance(HOUR);
    assert_eq!(world.hello(&token).await, 401);
    world.end().await;
}
