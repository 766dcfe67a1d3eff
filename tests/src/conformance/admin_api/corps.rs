//! Corps in the operator's API.

use std::time::Duration;

use serde_json::{Value, json};
use wecom_sandbox::Fault;

use super::{all_pages, delete, field, get, of_suite, post, post_nothing};
use crate::auths::{COMPANY_A, SECOND_SUITE, SUITE};
use crate::conformance::Target;
use crate::conformance::rows::has_fields;
use crate::{TestApp, TestRequest};

async fn corp(app: &TestApp, corp_id: &str) -> Value {
    get(app, &format!("corps/{corp_id}")).await.success()
}

pub(in crate::conformance) async fn admin_lists_and_shows_corps(target: Target) {
    let app = target.app().start().await;
    let open = app.open_corp();
    let third = app.open_corps()[1].clone();
    app.install_corp(SUITE, &third).await;
    app.set_organization_code(COMPANY_A, "Acme-01").await;
    let token = app.token(COMPANY_A, &app.member(COMPANY_A)).await;
    app.token(COMPANY_A, &app.member(COMPANY_A)).await;
    app.token(COMPANY_A, &app.sandbox.user_ids(COMPANY_A)[1])
        .await;

    let all = all_pages(&app, "corps", "").await;
    let mut ids = vec![COMPANY_A.to_owned(), open.clone(), third.clone()];
    ids.sort();
    assert_eq!(field(&all, "corpId"), ids);
    assert!(all.iter().all(|corp| corp["status"] == "active"));
    let found = async |query: &str| {
        let page = get(&app, &format!("corps?{query}")).await.success();
        field(page["corps"].as_array().unwrap(), "corpId")
    };
    let name = all.iter().find(|corp| corp["corpId"] == *open).unwrap()["corpName"].clone();
    let name = percent_encode(name.as_str().unwrap());
    assert_eq!(found(&format!("q={name}")).await, [open.as_str()]);
    assert_eq!(found(&format!("q={}", &COMPANY_A[..12])).await, [COMPANY_A]);
    assert_eq!(found("q=acme-01").await, [COMPANY_A]);
    assert_eq!(found("q=acme-0").await, Vec::<Value>::new());
    assert_eq!(found("q=%25").await, Vec::<Value>::new(), "no wildcard");
    assert_eq!(found("status=active").await.len(), 3);
    assert_eq!(found("status=held").await.len(), 0);
    assert_eq!(found(&format!("suiteId={SECOND_SUITE}")).await.len(), 0);

    let shown = corp(&app, COMPANY_A).await;
    has_fields(
        &shown,
        &[
            "suiteId",
            "corpId",
            "corpName",
            "agentId",
            "status",
            "orgCode",
            "aliases",
            "since",
            "lastReadAt",
            "nextReadAt",
            "people",
            "sessions",
            "machines",
            "installedBy",
        ],
    );
    assert_eq!(shown["orgCode"], "Acme-01");
    assert_eq!(
        (&shown["people"], &shown["sessions"]),
        (&json!(2), &json!(3))
    );
    assert!(shown["nextReadAt"].as_i64() > shown["lastReadAt"].as_i64());
    // WeCom named the encrypted id.
    let aliases = shown["aliases"].as_array().unwrap();
    assert_eq!(aliases.len(), 1);
    assert_eq!(corp(&app, aliases[0].as_str().unwrap()).await, shown);
    let logout = TestRequest::post("/logout").bearer(&token);
    app.send(logout).await.assert_no_content();
    assert_eq!(corp(&app, COMPANY_A).await["sessions"], 2);
    get(&app, "corps/wwnobody")
        .await
        .assert_problem(404, "CORP_NOT_FOUND");
    app.stop().await;
}

pub(in crate::conformance) async fn admin_acts_on_corps(target: Target) {
    let app = target.app().start().await;
    let open = app.open_corp();
    let path = |action: &str| format!("corps/{COMPANY_A}/{action}");

    let before = corp(&app, COMPANY_A).await["lastReadAt"].as_i64();
    app.advance(Duration::from_secs(60));
    let calls = app.sandbox.calls("service/v2/get_auth_info");
    post_nothing(&app, &path("read")).await.assert_no_content();
    assert!(app.sandbox.calls("service/v2/get_auth_info") > calls);
    assert!(corp(&app, COMPANY_A).await["lastReadAt"].as_i64() > before);

    let token = app.token(COMPANY_A, &app.member(COMPANY_A)).await;
    let other = app.token(&open, &app.member(&open)).await;
    post(&app, &path("endSessions"), json!({}))
        .await
        .assert_no_content();
    assert_eq!(app.hello_status(&token).await, 401);
    assert_eq!(app.hello_status(&other).await, 200);

    let token = app.token(COMPANY_A, &app.member(COMPANY_A)).await;
    for (decision, status, live) in [
        ("hold", "held", 401),
        ("deny", "refused", 401),
        ("approve", "active", 401),
    ] {
        post(&app, &path("decide"), json!({"decision": decision}))
            .await
            .assert_no_content();
        assert_eq!(corp(&app, COMPANY_A).await["status"], status);
        assert_eq!(app.hello_status(&token).await, live);
    }
    app.token(COMPANY_A, &app.member(COMPANY_A)).await;

    post(&app, &path("setCode"), json!({"code": "Acme"}))
        .await
        .assert_no_content();
    assert_eq!(corp(&app, COMPANY_A).await["orgCode"], "Acme");
    post(
        &app,
        &format!("corps/{open}/setCode"),
        json!({"code": "ACME"}),
    )
    .await
    .assert_problem(409, "ORG_CODE_CONFLICT");
    for _ in 0..2 {
        delete(&app, &path("code")).await.assert_no_content();
        assert_eq!(corp(&app, COMPANY_A).await.get("orgCode"), None);
    }

    let alias = "wpAAAAencryptedidofthecompany0001";
    post(&app, &path("alias"), json!({"corpId": alias}))
        .await
        .assert_no_content();
    assert_eq!(corp(&app, alias).await["corpId"], COMPANY_A);
    let aliases = corp(&app, COMPANY_A).await["aliases"].clone();
    assert!(aliases.as_array().unwrap().contains(&json!(alias)));
    let found = get(&app, &format!("corps?q={alias}")).await.success();
    assert_eq!(found["corps"][0]["corpId"], COMPANY_A);
    for action in ["read", "endSessions", "decide", "alias", "setCode"] {
        let body = match action {
            "decide" => json!({"decision": "deny"}),
            "alias" => json!({"corpId": "wpx"}),
            "setCode" => json!({"code": "x"}),
            _ => json!({}),
        };
        post(&app, &format!("corps/wwnobody/{action}"), body)
            .await
            .assert_problem(404, "CORP_NOT_FOUND");
    }
    delete(&app, "corps/wwnobody/code")
        .await
        .assert_problem(404, "CORP_NOT_FOUND");
    app.stop().await;
}

pub(in crate::conformance) async fn admin_names_the_suite_of_a_corp_with_two(target: Target) {
    let app = target.app().authorized(&[]).start().await;
    let open = app.open_corp();
    for suite in [SUITE, SECOND_SUITE] {
        app.install_corp(suite, &open).await;
    }
    let path = format!("corps/{open}");
    super::names_field(&get(&app, &path).await, "suiteId");
    super::names_field(
        &post_nothing(&app, &format!("{path}/read")).await,
        "suiteId",
    );
    super::names_field(
        &get(&app, &format!("people?corpId={open}")).await,
        "suiteId",
    );
    for suite in [SUITE, SECOND_SUITE] {
        let shown = get(&app, &format!("{path}?suiteId={suite}"))
            .await
            .success();
        assert_eq!(shown["suiteId"], suite);
        post_nothing(&app, &format!("{path}/endSessions?suiteId={suite}"))
            .await
            .assert_no_content();
        post(&app, &format!("{path}/endSessions"), of_suite(suite))
            .await
            .assert_no_content();
        let query = format!("suiteId={suite}");
        let listed = get(&app, &format!("corps?{query}")).await.success();
        assert_eq!(
            field(listed["corps"].as_array().unwrap(), "suiteId"),
            [suite]
        );
    }
    let both = format!("{path}/endSessions?suiteId={SUITE}");
    super::names_field(&post(&app, &both, of_suite(SECOND_SUITE)).await, "suiteId");
    app.stop().await;
}

pub(in crate::conformance) async fn admin_sees_why_a_corp_is_broken(target: Target) {
    let app = target.app().start().await;
    let refusal = Fault::for_api("service/v2/get_auth_info").errcode(40084);
    app.sandbox.fault(refusal).unwrap();
    post_nothing(&app, &format!("corps/{COMPANY_A}/read"))
        .await
        .assert_no_content();
    let shown = corp(&app, COMPANY_A).await;
    assert_eq!(
        (&shown["status"], &shown["brokenBy"]),
        (&json!("broken"), &json!(40084))
    );
    assert_eq!(shown["since"], app.now_millis());
    assert!(shown["hint"].as_str().unwrap().contains("重新获取secret"));
    let listed = get(&app, "corps?status=broken").await.success();
    assert_eq!(
        field(listed["corps"].as_array().unwrap(), "corpId"),
        [COMPANY_A]
    );
    app.stop().await;
}

fn percent_encode(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
