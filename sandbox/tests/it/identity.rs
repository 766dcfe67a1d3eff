//! Login codes, user_tickets and personal data.

use std::time::Duration;

use serde_json::json;

use crate::harness::{Harness, text};
use crate::mock_app::{MockApp, SUITE, suite};

#[tokio::test]
async fn login_code_works_once_within_five_minutes() {
    let harness = Harness::start().await;
    let token = harness.app_token().await;
    let code = harness
        .sandbox
        .code(&harness.corp(0), &harness.user(0))
        .unwrap();
    let answer = harness.userinfo(&token, &code).await;
    assert_eq!(
        answer,
        json!({"errcode": 0, "errmsg": "ok", "userid": harness.user(0)})
    );
    assert_eq!(harness.userinfo(&token, &code).await["errcode"], 40029);
    assert_eq!(harness.userinfo(&token, "wrong").await["errcode"], 40029);
    let late = harness
        .sandbox
        .code(&harness.corp(0), &harness.user(0))
        .unwrap();
    harness.sandbox.advance(Duration::from_secs(300));
    assert_eq!(harness.userinfo(&token, &late).await["errcode"], 40029);
    harness
        .sandbox
        .change_settings(json!({"usedCode": 42022, "expiredCode": 42003}))
        .await
        .unwrap();
    assert_eq!(harness.userinfo(&token, &code).await["errcode"], 42022);
    assert_eq!(harness.userinfo(&token, &late).await["errcode"], 42003);
}

#[tokio::test]
async fn login_code_works_only_for_its_corp_and_app() {
    let app = MockApp::start().await;
    let suites = [suite(SUITE), suite("dkSecond")];
    let sandbox = wecom_sandbox::Sandbox::builder()
        .suites(suites)
        .notify(app.notify_url())
        .start()
        .await
        .unwrap();
    app.wait_for("suite_ticket", 2).await;
    let harness = Harness { sandbox, app };
    let (first, second) = (harness.corp(0), harness.corp(1));
    let mut tokens = Vec::new();
    for (corp, suite) in [(&first, SUITE), (&first, "dkSecond"), (&second, SUITE)] {
        harness.sandbox.install_suite(corp, suite).await.unwrap();
        let secret = harness.sandbox.permanent_code(corp, suite).unwrap();
        let answer = harness
            .call(&format!("gettoken?corpid={corp}&corpsecret={secret}"))
            .await;
        tokens.push(text(&answer, "access_token"));
    }
    let code = harness
        .sandbox
        .code_for_suite(&first, &harness.user(0), SUITE)
        .unwrap();
    assert_eq!(harness.userinfo(&tokens[1], &code).await["errcode"], 40029);
    assert_eq!(harness.userinfo(&tokens[2], &code).await["errcode"], 40029);
    assert_eq!(
        harness.userinfo(&tokens[0], &code).await["errcode"],
        0,
        "a failed attempt does not consume the code"
    );
}

#[tokio::test]
async fn getuserinfo_distinguishes_linked_non_member_and_invisible() {
    let harness = Harness::start().await;
    let token = harness.app_token().await;
    let corp = harness.corp(0);
    let ask = async |index: usize| {
        let code = harness.sandbox.code(&corp, &harness.user(index)).unwrap();
        harness.userinfo(&token, &code).await
    };
    let user = async |id: &str| {
        harness
            .call(&format!("user/get?access_token={token}&userid={id}"))
            .await
    };

    let ordinary = user(&harness.user(0)).await;
    assert_eq!(
        (&ordinary["errcode"], &ordinary["status"], &ordinary["name"]),
        (&json!(0), &json!(1), &json!("张伟"))
    );
    assert!(ordinary.get("mobile").is_none() && ordinary.get("avatar").is_none());

    let linked = text(&ask(2).await, "userid");
    assert!(
        linked.contains('/') && linked.ends_with(&harness.user(2)),
        "{linked}"
    );
    assert_eq!(user(&linked).await["errcode"], 0);
    for errcode in [60111, 60011] {
        harness
            .sandbox
            .change_settings(json!({"linked": errcode}))
            .await
            .unwrap();
        assert_eq!(user(&linked).await["errcode"], errcode);
    }

    let non_member = ask(3).await;
    assert!(
        non_member.get("userid").is_none() && non_member["openid"].is_string(),
        "{non_member}"
    );
    assert_eq!(user(&harness.user(3)).await["errcode"], 60111);

    assert_eq!(ask(4).await["userid"], harness.user(4));
    assert_eq!(user(&harness.user(4)).await["errcode"], 60111);
    harness
        .sandbox
        .change_settings(json!({"invisible": 50002}))
        .await
        .unwrap();
    assert_eq!(user(&harness.user(4)).await["errcode"], 50002);
    assert_eq!(user("nobody").await["errcode"], 60111);
}

#[tokio::test]
async fn privateinfo_gives_user_ticket_for_details() {
    let harness = Harness::start().await;
    let token = harness.app_token().await;
    let code = async |index: usize| {
        let path = format!(
            "/sandbox/corps/{}/members/{}/code",
            harness.corp(0),
            harness.user(index)
        );
        text(
            &harness
                .post(&path, json!({"scope": "snsapi_privateinfo"}))
                .await
                .json(),
            "code",
        )
    };
    let ticket = text(
        &harness.userinfo(&token, &code(0).await).await,
        "user_ticket",
    );
    for index in [2, 4] {
        let answer = harness.userinfo(&token, &code(index).await).await;
        assert!(answer["userid"].is_string(), "{answer}");
        assert!(answer.get("user_ticket").is_none(), "{answer}");
    }
    let api = format!("auth/getuserdetail?access_token={token}");
    let detail = harness
        .call_with(&api, json!({"user_ticket": ticket}))
        .await;
    assert_eq!(
        (&detail["errcode"], &detail["mobile"]),
        (&json!(0), &json!("13800000000"))
    );
    assert!(detail.get("address").is_none(), "not granted: {detail}");
    assert_eq!(
        harness.call_with(&api, json!({"user_ticket": "x"})).await["errcode"],
        84015
    );
    harness.sandbox.advance(Duration::from_secs(1800));
    assert_eq!(
        harness
            .call_with(&api, json!({"user_ticket": ticket}))
            .await["errcode"],
        84014
    );
}

#[tokio::test]
async fn calls_without_license_are_701008() {
    let harness = Harness::start().await;
    let token = harness.app_token().await;
    harness
        .sandbox
        .change_settings(json!({"licence": "missing"}))
        .await
        .unwrap();
    let code = harness
        .sandbox
        .code(&harness.corp(0), &harness.user(0))
        .unwrap();
    assert_eq!(harness.userinfo(&token, &code).await["errcode"], 701_008);
    let user = harness
        .call(&format!(
            "user/get?access_token={token}&userid={}",
            harness.user(0)
        ))
        .await;
    assert_eq!(user["errcode"], 701_008);
    harness
        .sandbox
        .change_settings(json!({"licence": true}))
        .await
        .unwrap();
    assert_eq!(harness.userinfo(&token, &code).await["errcode"], 0);
}

#[tokio::test]
async fn fields_of_user_get_require_permissions() {
    let harness = Harness::start().await;
    let token = harness.app_token().await;
    let grants = harness
        .call(&format!("agent/get_permissions?access_token={token}"))
        .await;
    assert!(
        grants["app_permissions"]
            .as_array()
            .unwrap()
            .contains(&json!("contact:sensitive:user_name"))
    );
    harness
        .sandbox
        .change_settings(json!({"permissions": []}))
        .await
        .unwrap();
    let user = harness
        .call(&format!(
            "user/get?access_token={token}&userid={}",
            harness.user(0)
        ))
        .await;
    assert_eq!(
        user,
        json!({
            "errcode": 0, "errmsg": "ok", "userid": harness.user(0), "department": [1], "order": [0],
            "status": 1, "alias": "", "is_leader_in_dept": [0], "direct_leader": [],
            "main_department": 1,
        })
    );
    harness
        .sandbox
        .change_settings(json!({"permissions": ["contact:sensitive:position"]}))
        .await
        .unwrap();
    let api = format!("user/get?access_token={token}&userid={}", harness.user(0));
    let user = harness.call(api).await;
    assert!(
        user["position"] == "" && user.get("name").is_none(),
        "{user}"
    );
    let admins = harness
        .call_with(
            &format!("agent/get_admin_list?access_token={token}"),
            json!({}),
        )
        .await;
    assert_eq!(
        admins["admin"][0],
        json!({"userid": harness.user(0), "auth_type": 1})
    );
    let agent = |id: i64| harness.call(format!("agent/get?access_token={token}&agentid={id}"));
    let own = agent(1_000_002).await;
    assert_eq!(
        (&own["errcode"], &own["redirect_domain"]),
        (&json!(0), &json!(harness.app.authority))
    );
    assert_eq!(agent(5).await["errcode"], 40056);
    for api in ["getcallbackip", "get_api_domain_ip"] {
        assert_eq!(
            harness.call(&format!("{api}?access_token={token}")).await["ip_list"],
            json!(["127.0.0.1"])
        );
    }
}

#[tokio::test]
async fn legacy_getuserinfo_has_capital_names() {
    let harness = Harness::start().await;
    let token = harness.app_token().await;
    let ask = async |code: &str| {
        let api = format!("user/getuserinfo?access_token={token}&code={code}");
        harness.call(&api).await
    };
    let code = |index: usize| {
        harness
            .sandbox
            .code(&harness.corp(0), &harness.user(index))
            .unwrap()
    };
    let member = code(0);
    assert_eq!(
        ask(&member).await,
        json!({"errcode": 0, "errmsg": "ok", "UserId": harness.user(0), "DeviceId": ""})
    );
    assert_eq!(ask(&member).await["errcode"], 40029);
    let guest = ask(&code(3)).await;
    assert!(
        guest["OpenId"].is_string() && guest.get("UserId").is_none(),
        "{guest}"
    );
    let path = format!(
        "/sandbox/corps/{}/members/{}/code",
        harness.corp(0),
        harness.user(0)
    );
    let body = json!({"scope": "snsapi_privateinfo"});
    let code = text(&harness.post(&path, body).await.json(), "code");
    let consenting = ask(&code).await;
    assert!(
        consenting["user_ticket"].is_string() && consenting["expires_in"] == 1800,
        "{consenting}"
    );
}
