//! Wrong ids, cursors, filters and bodies of the operator's API: each is a 400 that names the field; and who may.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use wecom_login::web::AdminAction;

use super::{get, names_field, post};
use crate::TestRequest;
use crate::auths::COMPANY_A;
use crate::conformance::Target;

pub(in crate::conformance) async fn admin_params_are_named_when_wrong(target: Target) {
    let app = target.app().start().await;
    for (path, name) in [
        ("corps?status=done", "status"),
        ("corps?status=", "status"),
        ("corps?limit=0", "limit"),
        ("corps?limit=x", "limit"),
        ("corps?after=x", "after"),
        ("corps?after=", "after"),
        ("corps?after=WyJhIl0", "after"),
        ("corps?suiteId=a%20b", "suiteId"),
        ("corps?suiteId=dkunknown", "suiteId"),
        ("corps?nonsense=1", "nonsense"),
        ("corps?q=", "q"),
        ("corps/a%20b", "corpId"),
        ("corps/%E4%BC%81", "corpId"),
        ("corps/wwx?suiteId=dkunknown", "suiteId"),
        ("corps/wwx?nonsense=1", "nonsense"),
        ("records?status=done", "status"),
        ("records?since=yesterday", "since"),
        ("records?since=-1", "since"),
        ("records?since=1.5", "since"),
        ("records?since=99999999999999999999", "since"),
        ("records?after=WyJhIl0", "after"),
        ("records?after=WyJhIiwiYiJd", "after"),
        ("records?corpId=a%20b", "corpId"),
        ("records?limit=", "limit"),
        ("records/0", "id"),
        ("records/x", "id"),
        ("records/1?x=1", "x"),
        ("audit?action=walk", "action"),
        ("audit?who=", "who"),
        ("audit?since=x", "since"),
        ("audit?corpId=a%20b", "corpId"),
        ("audit?after=WyJhIl0", "after"),
        ("audit?status=active", "status"),
        ("people?corpId=%2F", "corpId"),
        ("people?after=WyJhIl0", "after"),
        ("people?limit=01", "limit"),
        ("people?status=active", "status"),
        ("people/%20", "userId"),
        ("people/a?corpId=a%20b", "corpId"),
    ] {
        names_field(&get(&app, path).await, name);
    }
    for (action, body, name) in [
        ("decide", json!({}), "decision"),
        ("decide", json!({"decision": "maybe"}), "decision"),
        ("decide", json!({"decision": 1}), "decision"),
        ("decide", json!({"decision": "deny", "x": 1}), "x"),
        ("alias", json!({}), "corpId"),
        ("alias", json!({"corpId": "a b"}), "corpId"),
        ("alias", json!({"corpId": ["wwx"]}), "corpId"),
        ("setCode", json!({}), "code"),
        ("setCode", json!({"code": "a b"}), "code"),
        (
            "setCode",
            json!({"code": "abc", "corpId": COMPANY_A}),
            "corpId",
        ),
        ("read", json!({"suiteId": 1}), "suiteId"),
        ("read", json!({"force": true}), "force"),
        ("endSessions", json!({"suiteId": "a b"}), "suiteId"),
    ] {
        let path = format!("corps/{COMPANY_A}/{action}");
        names_field(&post(&app, &path, body).await, name);
    }
    for body in ["[]", "{", "1", "nonsense"] {
        let ask = TestRequest::post(format!("/admin/api/corps/{COMPANY_A}/decide")).body(body);
        let response = app.send_as_admin(ask).await;
        names_field(&response, "body");
    }
    app.stop().await;
}

pub(in crate::conformance) async fn admin_predicate_decides_for_the_admin_api(target: Target) {
    type Asked = (AdminAction, Option<String>);
    let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
    let seen = Arc::clone(&asked);
    let setup = target.app().without_admin_key().configure(move |builder| {
        builder.admin_predicate(move |user, action, corp| {
            let corp_id = corp.map(|corp| corp.as_str().to_owned());
            seen.lock().unwrap().push((action, corp_id));
            user.corp_id().as_str() == COMPANY_A && corp == Some(user.corp_id())
        })
    });
    let app = setup.start().await;
    let open = app.open_corp();
    let administrator = app.log_in(COMPANY_A, &app.member(COMPANY_A)).await;
    let stranger = app.log_in(&open, &app.member(&open)).await;
    let token = administrator["token"].as_str().unwrap();
    let ask = async |method: &str, path: &str, body: Value| {
        let mut request = TestRequest::new(method, format!("/admin/api/{path}")).bearer(token);
        if method == "POST" {
            request = request.json(&body);
        }
        app.send(request).await.status
    };
    let nothing = || json!({});
    let of_own = format!("corps/{COMPANY_A}");
    let of_other = format!("corps/{open}");
    asked.lock().unwrap().clear();
    assert_eq!(ask("GET", &of_own, nothing()).await, 200);
    assert_eq!(ask("GET", &of_other, nothing()).await, 403);
    assert_eq!(ask("GET", "corps/wwnobody", nothing()).await, 403);
    assert_eq!(ask("GET", "corps", nothing()).await, 403);
    assert_eq!(
        ask("POST", &format!("{of_own}/endSessions"), nothing()).await,
        204
    );
    let again = app.log_in(COMPANY_A, &app.member(COMPANY_A)).await;
    let token = again["token"].as_str().unwrap();
    let ask = async |method: &str, path: &str| {
        let request = TestRequest::new(method, format!("/admin/api/{path}")).bearer(token);
        app.send(request).await.status
    };
    let stranger = stranger["userId"].as_str().unwrap();
    let own = again["userId"].as_str().unwrap();
    assert_eq!(ask("GET", &format!("people/{own}")).await, 200);
    assert_eq!(ask("GET", &format!("people/{stranger}")).await, 403);
    assert_eq!(ask("DELETE", &format!("people/{stranger}")).await, 403);
    assert_eq!(ask("GET", "people/nobody").await, 403);
    assert_eq!(ask("POST", "endAllSessions").await, 403);
    let own_corp = || Some(COMPANY_A.to_owned());
    let expected = vec![
        (AdminAction::Corps, own_corp()),
        (AdminAction::Corps, Some(open.clone())),
        (AdminAction::Corps, Some("wwnobody".to_owned())),
        (AdminAction::Corps, None),
        (AdminAction::EndCorpSessions, own_corp()),
        (AdminAction::People, own_corp()),
        (AdminAction::People, Some(open.clone())),
        (AdminAction::ErasePerson, Some(open)),
        (AdminAction::People, None),
        (AdminAction::EndAllSessions, None),
    ];
    assert_eq!(*asked.lock().unwrap(), expected);
    app.stop().await;
}
