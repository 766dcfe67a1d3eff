//! What a host app calls beside the login: mini programs, licences, ids; and the tokens of all its calls.

use axum::http::Method;
use serde_json::{Value, json};

use crate::harness::{Harness, send, text};
use crate::mock_app::SUITE;

const AGENT_ID: i64 = 1_000_002;

/// The calls with an app's access token.
const APP_CALLS: [(Method, &str); 18] = [
    (Method::GET, "get_jsapi_ticket"),
    (Method::GET, "ticket/get?type=agent_config"),
    (Method::POST, "message/send"),
    (Method::POST, "media/upload?type=file"),
    (Method::GET, "media/get?media_id=x"),
    (Method::GET, "department/list"),
    (Method::GET, "department/simplelist"),
    (Method::GET, "user/simplelist?department_id=1"),
    (Method::GET, "user/list?department_id=1"),
    (Method::POST, "user/list_id"),
    (Method::GET, "user/get?userid=x"),
    (Method::GET, "user/getuserinfo?code=x"),
    (Method::GET, "agent/get?agentid=1000002"),
    (Method::GET, "agent/list"),
    (
        Method::GET,
        "miniprogram/jscode2session?js_code=x&grant_type=authorization_code",
    ),
    (Method::POST, "batch/userid_to_openuserid"),
    (Method::POST, "batch/openuserid_to_userid"),
    (Method::GET, "auth/getuserinfo?code=x"),
];

/// The calls with the provider's access token.
const PROVIDER_CALLS: [&str; 3] = [
    "license/get_app_license_info",
    "license/get_active_info_by_user",
    "service/corpid_to_opencorpid",
];

async fn errcode(
    harness: &Harness,
    method: &Method,
    api: &str,
    token: Option<(&str, &str)>,
) -> Value {
    let separator = if api.contains('?') { '&' } else { '?' };
    let token = token.map(|(name, token)| format!("{separator}{name}={token}"));
    let url = format!(
        "{}/cgi-bin/{api}{}",
        harness.sandbox.url(),
        token.unwrap_or_default()
    );
    send(method.clone(), &url, &[], String::new()).await.json()["errcode"].clone()
}

#[tokio::test]
async fn every_call_of_an_app_refuses_other_tokens() {
    let harness = Harness::start().await;
    let token = harness.app_token().await;
    let suite = harness.suite_token().await;
    let all = async |expected: i64, token: Option<&str>| {
        for (method, api) in APP_CALLS {
            let token = token.map(|token| ("access_token", token));
            let answer = errcode(&harness, &method, api, token).await;
            assert_eq!(answer, expected, "{api}");
        }
    };
    all(41001, None).await;
    all(40014, Some("nonsense")).await;
    all(40014, Some(&suite)).await;
    harness.sandbox.disable(&harness.corp(0)).await.unwrap();
    all(50003, Some(&token)).await;
    harness.sandbox.enable(&harness.corp(0)).await.unwrap();
    harness.sandbox.cancel(&harness.corp(0)).await.unwrap();
    all(48004, Some(&token)).await;
    harness
        .post("/sandbox/clock", json!({"advanceMs": 7_200_000}))
        .await;
    all(42001, Some(&token)).await;
}

#[tokio::test]
async fn every_call_of_the_provider_refuses_other_tokens() {
    let harness = Harness::start().await;
    let app = harness.app_token().await;
    for api in PROVIDER_CALLS {
        for (token, expected) in [
            (None, 41022),
            (Some("nonsense"), 40082),
            (Some(&*app), 40082),
        ] {
            let token = token.map(|token| ("provider_access_token", token));
            let answer = errcode(&harness, &Method::POST, api, token).await;
            assert_eq!(answer, expected, "{api}");
        }
    }
}

#[tokio::test]
async fn every_call_refuses_the_other_method() {
    let harness = Harness::start().await;
    let token = harness.app_token().await;
    for (method, api) in APP_CALLS {
        let (other, expected) = if method == Method::GET {
            (Method::POST, 43001)
        } else {
            (Method::GET, 43002)
        };
        let token = Some(("access_token", &*token));
        assert_eq!(
            errcode(&harness, &other, api, token).await,
            expected,
            "{api}"
        );
    }
}

#[tokio::test]
async fn js_code_works_once_and_only_for_mini_programs() {
    let harness = Harness::start().await;
    let token = harness.app_token().await;
    let (corp, user) = (harness.corp(0), harness.user(0));
    let path = format!("/sandbox/corps/{corp}/members/{user}/jsCode");
    let code = text(&harness.post(&path, json!({})).await.json(), "jsCode");
    let session = async |code: &str| {
        let grant = "grant_type=authorization_code";
        let api = format!("miniprogram/jscode2session?access_token={token}&js_code={code}&{grant}");
        harness.call(&api).await
    };
    assert_eq!(harness.userinfo(&token, &code).await["errcode"], 40029);
    let answer = session(&code).await;
    assert_eq!(
        (&answer["corpid"], &answer["userid"]),
        (&json!(corp), &json!(user))
    );
    assert!(answer["session_key"].is_string(), "{answer}");
    assert_eq!(session(&code).await["errcode"], 40029);
    let web = harness.sandbox.code(&corp, &user).unwrap();
    assert_eq!(session(&web).await["errcode"], 40029);
}

#[tokio::test]
async fn js_code_session_checks_its_parameters() {
    let harness = Harness::start().await;
    let token = harness.app_token().await;
    for (query, expected) in [
        ("grant_type=authorization_code", 40029),
        ("js_code=x", 40035),
        ("js_code=x&grant_type=password", 40035),
        ("js_code=x&grant_type=authorization_code", 40029),
    ] {
        let api = format!("miniprogram/jscode2session?access_token={token}&{query}");
        assert_eq!(harness.call(&api).await["errcode"], expected, "{query}");
    }
}

#[tokio::test]
async fn licences_follow_the_setting() {
    let harness = Harness::start().await;
    harness.authorize().await;
    let provider = harness.provider_token().await;
    let now = harness.get("/sandbox/clock").await.json()["now"]
        .as_i64()
        .unwrap()
        / 1000;
    let ask = async |api: &str, body: Value| {
        let api = format!("license/{api}?provider_access_token={provider}");
        harness.call_with(&api, body).await
    };
    let app = json!({"corpid": harness.corp(0), "suite_id": SUITE});
    let user = json!({"corpid": harness.corp(0), "userid": harness.user(0)});
    for (licence, status) in [(true, 1), (false, 0)] {
        harness
            .sandbox
            .change_settings(json!({"licence": licence}))
            .await
            .unwrap();
        let info = ask("get_app_license_info", app.clone()).await;
        assert_eq!(info["license_status"], 1);
        let end = info["trail_info"]["end_time"].as_i64().unwrap();
        assert_eq!(end > now, licence, "{info}");
        let active = ask("get_active_info_by_user", user.clone()).await;
        assert_eq!(active["active_status"], status, "{active}");
    }
    let other = json!({"corpid": harness.corp(1), "suite_id": SUITE});
    assert_eq!(ask("get_app_license_info", other).await["errcode"], 48004);
    let other_user = json!({"corpid": harness.corp(0), "userid": "nobody"});
    assert_eq!(
        ask("get_active_info_by_user", other_user).await["errcode"],
        60111
    );
    for (body, expected) in [
        (json!({"suite_id": SUITE}), 41002),
        (json!({"corpid": "nobody", "suite_id": SUITE}), 40013),
        (json!({"corpid": harness.corp(0)}), 41021),
        (
            json!({"corpid": harness.corp(0), "suite_id": "dkOther"}),
            40083,
        ),
    ] {
        let answer = ask("get_app_license_info", body.clone()).await;
        assert_eq!(answer["errcode"], expected, "{body}");
    }
}

#[tokio::test]
async fn licence_status_tells_trial_from_paid_and_unchecked() {
    let harness = Harness::start().await;
    harness.authorize().await;
    let provider = harness.provider_token().await;
    let body = json!({"corpid": harness.corp(0), "suite_id": SUITE});
    for (status, expected) in [
        ("trial", json!(1)),
        ("paid", json!(1)),
        ("unchecked", json!(0)),
    ] {
        harness
            .sandbox
            .change_settings(json!({"licenceStatus": status}))
            .await
            .unwrap();
        let api = format!("license/get_app_license_info?provider_access_token={provider}");
        let info = harness.call_with(api, body.clone()).await;
        assert_eq!(info["license_status"], expected, "{status}");
        let now = harness.get("/sandbox/clock").await.json()["now"]
            .as_i64()
            .unwrap()
            / 1000;
        let end = info["trail_info"]["end_time"].as_i64();
        assert_eq!(
            end.map(|end| end > now),
            match status {
                "trial" => Some(true),
                "paid" => Some(false),
                _ => None,
            }
        );
    }
}

#[tokio::test]
async fn encrypted_userids_are_converted_back() {
    let harness = Harness::start().await;
    let token = harness.app_token().await;
    let open = harness.user(0);
    let back = harness
        .call_with(
            format!("batch/openuserid_to_userid?access_token={token}"),
            json!({"open_userid_list": [open, "zhangwei"], "source_agentid": AGENT_ID}),
        )
        .await;
    assert_eq!(
        back["userid_list"],
        json!([{"userid": "zhangwei", "open_userid": open}])
    );
    assert_eq!(back["invalid_open_userid_list"], json!(["zhangwei"]));
    let hidden = harness.user(4);
    for (api, body, expected) in [
        ("batch/openuserid_to_userid", json!({}), 40058),
        (
            "batch/openuserid_to_userid",
            json!({"open_userid_list": []}),
            40058,
        ),
        (
            "batch/openuserid_to_userid",
            json!({"open_userid_list": vec!["x"; 1_001]}),
            40058,
        ),
        (
            "batch/userid_to_openuserid",
            json!({"userid_list": "zhangwei"}),
            40058,
        ),
        (
            "batch/openuserid_to_userid",
            json!({"open_userid_list": [hidden, 7]}),
            0,
        ),
    ] {
        let answer = harness
            .call_with(format!("{api}?access_token={token}"), body)
            .await;
        assert_eq!(answer["errcode"], expected, "{api}: {answer}");
        if expected == 0 {
            assert_eq!(answer["invalid_open_userid_list"], json!([hidden, 7]));
        }
    }
}
