//! getLoginCode, then loginByCode.

use std::time::Duration;

use serde_json::{Value, json};

use super::Stage;
use super::rows::has_fields;
use crate::auths::{COMPANY_A, SUITE};
use crate::client::{Ask, Reply};
use crate::setup::Setup;
use crate::world::World;

/// `getLoginCode` of an instance for a new code of a person.
async fn login_code(world: &World, instance: &str, corp: &str, person: &str) -> Value {
    let body = json!({"corpId": corp, "code": world.code(corp, person)});
    world
        .ours(Ask::post(format!("/{instance}/getLoginCode")).json(&body))
        .await
        .success()
}

async fn exchange(world: &World, body: &Value) -> Reply {
    world.ours(Ask::post("/loginByCode").json(body)).await
}

pub(super) async fn a_code_becomes_a_session(stage: Stage) {
    let world = stage.world(Setup::new()).await;
    let corp = world.open_corp();
    let person = world.person(&corp);
    let code = login_code(&world, "QywxProxyDefault", &corp, &person).await;
    has_fields(&code, &["loginCode", "corpList", "userId"]);
    assert_eq!(code["corpList"].as_array().unwrap().len(), 1);
    has_fields(&code["corpList"][0], &["corpId", "corpName"]);
    assert_eq!(code["corpList"][0]["corpId"], corp);
    assert!(!code["corpList"][0]["corpName"].as_str().unwrap().is_empty());

    let result = exchange(&world, &json!({"loginCode": code["loginCode"]})).await;
    assert_eq!(
        result.header("set-cookie"),
        None,
        "JSON logins set no cookies"
    );
    let result = result.success();
    has_fields(
        &result,
        &[
            "success",
            "token",
            "tokenType",
            "expiresIn",
            "platform",
            "userId",
            "corpId",
            "user",
            "corpList",
        ],
    );
    assert_eq!(result["success"], true);
    assert_eq!(result["tokenType"], "Bearer");
    assert_eq!(result["expiresIn"], 24 * 60 * 60);
    assert_eq!(result["platform"], "app");
    assert_eq!(result["corpId"], corp);
    assert_eq!(result["userId"], code["userId"]);
    assert_eq!(result["corpList"], code["corpList"]);
    let user = &result["user"];
    assert_eq!(
        (&user["userId"], &user["thirdUserId"]),
        (&code["userId"], &json!(person))
    );
    assert_eq!(user["corpId"], corp);
    assert!(
        user["name"].as_str().is_some_and(|name| !name.is_empty()),
        "{user}"
    );
    for field in user.as_object().unwrap().keys() {
        let known = [
            "userId",
            "thirdUserId",
            "corpId",
            "name",
            "avatar",
            "email",
            "mobile",
        ];
        assert!(known.contains(&field.as_str()), "{field}");
    }
    let token = result["token"].as_str().unwrap();
    assert!(token.starts_with("wl_"));
    let hello = world
        .host(Ask::get("/api/hello").bearer(token))
        .await
        .json();
    let expected = json!({
        "userId": code["userId"],
        "thirdUserId": person,
        "corpId": corp,
        "suiteId": SUITE,
        "platform": "app",
    });
    assert_eq!(hello, expected);
    let again = world.log_in(&corp, &person).await;
    assert_eq!(
        again["userId"], code["userId"],
        "the same person is the same user"
    );
    world.end().await;
}

pub(super) async fn a_code_is_used_once(stage: Stage) {
    let world = stage.world(Setup::new()).await;
    let person = world.person(COMPANY_A);
    let code = login_code(&world, "QywxProxyCompanyA", COMPANY_A, &person).await;
    let body = json!({"loginCode": code["loginCode"]});
    // However many try at once, one gets in.
    let mut got_in = 0;
    let tries = tokio::join!(
        exchange(&world, &body),
        exchange(&world, &body),
        exchange(&world, &body)
    );
    for reply in <[Reply; 3]>::from(tries) {
        match reply.status {
            200 => got_in += 1,
            _ => reply.is_problem(401, "LOGIN_CODE_INVALID"),
        }
    }
    assert_eq!(got_in, 1);
    exchange(&world, &body)
        .await
        .is_problem(401, "LOGIN_CODE_INVALID");
    world.end().await;
}

pub(super) async fn a_code_lives_five_minutes(stage: Stage) {
    let world = stage.world(Setup::new()).await;
    let person = world.person(COMPANY_A);
    let first = login_code(&world, "QywxProxyDefault", COMPANY_A, &person).await;
    world.advance(Duration::from_millis(299_999));
    let second = login_code(&world, "QywxProxyDefault", COMPANY_A, &person).await;
    let _ = exchange(&world, &json!({"loginCode": first["loginCode"]}))
        .await
        .success();
    world.advance(Duration::from_secs(300));
    let late = exchange(&world, &json!({"loginCode": second["loginCode"]})).await;
    late.is_problem(401, "LOGIN_CODE_INVALID");
    world.end().await;
}

pub(super) async fn a_wrong_company_spends_the_code(stage: Stage) {
    let world = stage.world(Setup::new()).await;
    let (corp, person) = (world.open_corp(), world.person(COMPANY_A));
    let code = login_code(&world, "QywxProxyCompanyA", COMPANY_A, &person).await;
    let wrong = exchange(
        &world,
        &json!({"loginCode": code["loginCode"], "corpId": corp}),
    )
    .await;
    wrong.is_problem(403, "CORP_NOT_IN_LIST");
    let right = exchange(
        &world,
        &json!({"loginCode": code["loginCode"], "corpId": COMPANY_A}),
    )
    .await;
    right.is_problem(401, "LOGIN_CODE_INVALID");
    let code = login_code(&world, "QywxProxyCompanyA", COMPANY_A, &person).await;
    let named = exchange(
        &world,
        &json!({"loginCode": code["loginCode"], "corpId": COMPANY_A}),
    )
    .await;
    assert_eq!(named.success()["corpId"], COMPANY_A);
    world.end().await;
}

pub(super) async fn words_are_kept_on_the_session(stage: Stage) {
    let world = stage.world(Setup::new()).await;
    let person = world.person(COMPANY_A);
    for (login_type, platform) in [("qr", "web"), ("workbench", "mobile"), ("qr", "app")] {
        let body = json!({"corpId": COMPANY_A, "code": world.code(COMPANY_A, &person), "loginType": login_type});
        let code = world
            .ours(Ask::post("/QywxProxyDefault/getLoginCode").json(&body))
            .await
            .success();
        let unknown = exchange(
            &world,
            &json!({"loginCode": code["loginCode"], "platform": "tv"}),
        )
        .await;
        unknown.is_problem(400, "PLATFORM_UNKNOWN");
        let body = json!({"loginCode": code["loginCode"], "platform": platform});
        let result = exchange(&world, &body).await.success();
        assert_eq!(result["platform"], platform, "a wrong word burnt nothing");
        let me = world
            .ours(Ask::get("/me").bearer(result["token"].as_str().unwrap()))
            .await
            .success();
        let session = &me["session"];
        assert_eq!(
            (&session["loginType"], &session["platform"]),
            (&json!(login_type), &json!(platform))
        );
        assert_eq!(session["instance"], "auths.QywxProxyDefault");
    }
    world.end().await;
}
