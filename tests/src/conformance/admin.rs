//! Who may administer.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;
use wecom_login::web::AdminAction;

use super::Stage;
use crate::auths::COMPANY_A;
use crate::client::Ask;
use crate::setup::Setup;
use crate::world::ADMIN_KEY;

/// What a predicate was asked: for which action, on which company.
type Asked = (AdminAction, Option<String>);

fn admin_asks() -> [Ask; 4] {
    [
        Ask::get("/corps"),
        Ask::get("/callbackRecords"),
        Ask::post("/setCode").json(&json!({"corpId": COMPANY_A, "code": "abc"})),
        Ask::post("/retryCallBack").json(&json!({"recordId": 1})),
    ]
}

pub(super) async fn administration_is_off_without_a_key(stage: Stage) {
    let world = stage.world(Setup::new().no_admin_key()).await;
    let token = world.token(COMPANY_A, &world.person(COMPANY_A)).await;
    for ask in admin_asks() {
        for bearer in ["", ADMIN_KEY, token.as_str()] {
            world
                .ours(ask.clone().bearer(bearer))
                .await
                .is_problem(403, "FORBIDDEN");
        }
        world.ours(ask).await.is_problem(403, "FORBIDDEN");
    }
    world.end().await;
}

pub(super) async fn ten_wrong_keys_shut_a_client_out(stage: Stage) {
    let world = stage.world(Setup::new()).await;
    let (guesser, other) = ("203.0.113.1", "203.0.113.2");
    for (number, ask) in admin_asks().iter().cycle().take(10).enumerate() {
        let wrong = ask
            .clone()
            .bearer(&format!("conformance-admin-key-1{number:03}"));
        world
            .ours(wrong.from(guesser))
            .await
            .is_problem(403, "FORBIDDEN");
    }
    for key in ["another-wrong-key-for-the-limit", ADMIN_KEY] {
        let shut = world
            .ours(Ask::get("/corps").bearer(key).from(guesser))
            .await;
        shut.is_problem(429, "RATE_LIMITED");
        let wait: u64 = shut.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=60).contains(&wait));
    }
    // What stands further left in the header the client wrote itself.
    let forged = Ask::get("/corps")
        .bearer(ADMIN_KEY)
        .from(&format!("198.51.100.9, {guesser}"));
    world.ours(forged).await.is_problem(429, "RATE_LIMITED");
    let _ = world
        .ours(Ask::get("/corps").bearer(ADMIN_KEY).from(other))
        .await
        .success();
    world.advance(Duration::from_secs(60));
    let _ = world
        .ours(Ask::get("/corps").bearer(ADMIN_KEY).from(guesser))
        .await
        .success();
    world.end().await;
}

pub(super) async fn a_predicate_decides(stage: Stage) {
    let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
    let seen = Arc::clone(&asked);
    let setup = Setup::new().no_admin_key().configure(move |builder| {
        builder.admin_predicate(move |user, action, corp| {
            seen.lock()
                .unwrap()
                .push((action, corp.map(|corp| corp.as_str().to_owned())));
            user.corp_id().as_str() == COMPANY_A && corp.is_none_or(|corp| corp == user.corp_id())
        })
    });
    let world = stage.world(setup).await;
    let open = world.open_corp();
    let administrator = world.token(COMPANY_A, &world.person(COMPANY_A)).await;
    let other = world.token(&open, &world.person(&open)).await;
    for ask in admin_asks() {
        world
            .ours(ask.clone())
            .await
            .is_problem(401, "UNAUTHENTICATED");
        world
            .ours(ask.clone().bearer("nonsense"))
            .await
            .is_problem(401, "TOKEN_INVALID");
        world
            .ours(ask.bearer(&other))
            .await
            .is_problem(403, "FORBIDDEN");
    }
    asked.lock().unwrap().clear();
    let _ = world
        .ours(Ask::get("/corps").bearer(&administrator))
        .await
        .success();
    let _ = world
        .ours(Ask::get("/callbackRecords").cookie(&administrator))
        .await
        .success();
    let set = |corp: &str| Ask::post("/setCode").json(&json!({"corpId": corp, "code": "abc"}));
    world
        .ours(set(COMPANY_A).bearer(&administrator))
        .await
        .no_content();
    world
        .ours(set(&open).bearer(&administrator))
        .await
        .is_problem(403, "FORBIDDEN");
    world
        .ours(set(COMPANY_A).cookie(&administrator))
        .await
        .is_problem(403, "CROSS_SITE");
    let retry = Ask::post("/retryCallBack")
        .json(&json!({"recordId": 4_000_000}))
        .bearer(&administrator);
    world.ours(retry).await.is_problem(404, "RECORD_NOT_FOUND");
    let expected = vec![
        (AdminAction::Corps, None),
        (AdminAction::CallbackRecords, None),
        (AdminAction::SetCode, Some(COMPANY_A.to_owned())),
        (AdminAction::SetCode, Some(open)),
        (AdminAction::RetryCallback, None),
    ];
    assert_eq!(*asked.lock().unwrap(), expected);
    world.end().await;
}
