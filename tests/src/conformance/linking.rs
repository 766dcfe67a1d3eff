//! Logins in JSON that the host app finishes, because its binder did not know the user.

use std::time::Duration;

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};
use serde_json::json;
use wecom_login::{
    CorpId, ErrorKind, FinishLoginRequest, LinkTicket, LoginCodeRequest, LoginResult, OAuthCode,
};

use super::Target;
use crate::app::principal;
use crate::auths::{COMPANY_A, SUITE};
use crate::linking::{HOST_COOKIE, LINK_PAGE, LinkingBinder};
use crate::{TestApp, TestRequest, TestResponse};

async fn start(target: Target, binder: &LinkingBinder) -> TestApp {
    let given = binder.clone();
    target
        .app()
        .configure(|builder| builder.binder(given))
        .start()
        .await
}

fn ticket(refused: &TestResponse) -> LinkTicket {
    refused.assert_problem(403, "USER_AUTH_MISS");
    let problem = refused.json();
    assert_eq!(problem["url"], LINK_PAGE);
    LinkTicket::new(problem["ticket"].as_str().unwrap())
}

async fn finish(
    app: &TestApp,
    ticket: &LinkTicket,
    user_id: &str,
) -> Result<LoginResult, ErrorKind> {
    let request = FinishLoginRequest::new(ticket.clone(), user_id);
    let finished = app.login.service().finish_login(request).await;
    finished.map_err(|error| error.kind())
}

pub(super) async fn login_in_json_gets_a_ticket_and_is_finished_once(target: Target) {
    let binder = LinkingBinder::default();
    let app = start(target, &binder).await;
    let member = app.member(COMPANY_A);
    let ticket_of_login = ticket(&app.try_log_in(COMPANY_A, &member).await);
    let other_ticket = ticket(&app.try_log_in(COMPANY_A, &member).await);
    assert_eq!(binder.bound(), 0);
    let result = finish(&app, &ticket_of_login, "7").await.unwrap();
    assert_eq!((result.user_id.as_str(), binder.bound()), ("7", 1));
    assert_eq!(app.hello_status(result.token.expose()).await, 200);
    let again = finish(&app, &ticket_of_login, "7").await;
    assert_eq!(again.unwrap_err(), ErrorKind::LoginCodeInvalid);

    // The person is bound by now: another ticket of theirs makes nobody else of them.
    let other = finish(&app, &other_ticket, "8").await;
    assert_eq!(other.unwrap_err(), ErrorKind::UserAuthMiss);
    assert_eq!(finish(&app, &other_ticket, "7").await.unwrap().user_id, "7");
    assert_eq!(app.log_in(COMPANY_A, &member).await["userId"], "7");

    // By a login code, too.
    let open = app.open_corp();
    let member = app.member(&open);
    let body = json!({"corpId": open, "code": app.code(&open, &member), "loginType": "qr"});
    let refused = app
        .send(TestRequest::post("/QywxProxyDefault/getLoginCode").json(&body))
        .await;
    let result = finish(&app, &ticket(&refused), "9").await.unwrap();
    assert_eq!(result.user_id, "9");
    app.stop().await;
}

/// The attacker's code in the browser of a user who is logged in to the app: the user's account would be theirs.
pub(super) async fn binder_sees_the_session_of_the_host_app_only_with_a_verified_state(
    target: Target,
) {
    let binder = LinkingBinder::default();
    let app = start(target, &binder).await;
    let cookie = format!("a=b; {HOST_COOKIE}=7");
    let open = app.open_corp();
    let [member, other] = [COMPANY_A, &*open].map(|corp| app.member(corp));
    let body = |corp: &str, member: &str| json!({"corpId": corp, "code": app.code(corp, member)});
    for (path, corp, member) in [
        ("/loginByWorkbench", COMPANY_A, &member),
        ("/QywxProxyDefault/getLoginCode", &open, &other),
    ] {
        let login = TestRequest::post(path)
            .header("cookie", &cookie)
            .json(&body(corp, member));
        ticket(&app.send(login).await);
    }
    assert_eq!(binder.bound(), 0, "nobody was bound");

    let headers = HeaderMap::from_iter([(COOKIE, HeaderValue::from_str(&cookie).unwrap())]);
    let corp_id = CorpId::new(&*open).unwrap();
    let request = LoginCodeRequest::new(corp_id, OAuthCode::new(app.code(&open, &other)))
        .with_headers(headers)
        .with_verified_state();
    let instance = app.login.instance("QywxProxyDefault").unwrap();
    assert_eq!(instance.login_code(request).await.unwrap().user_id, "7");
    app.stop().await;
}

pub(super) async fn ticket_of_a_login_that_is_over_is_refused(target: Target) {
    let binder = LinkingBinder::default();
    let app = start(target, &binder).await;
    let member = app.member(COMPANY_A);
    let refused = async |ticket: &LinkTicket| finish(&app, ticket, "7").await.unwrap_err();
    let new_ticket = async || ticket(&app.try_log_in(COMPANY_A, &member).await);

    for forged in ["", "nonsense", &"A".repeat(5000)] {
        let forged = LinkTicket::new(forged);
        assert_eq!(refused(&forged).await, ErrorKind::LoginCodeInvalid);
    }
    let late = new_ticket().await;
    for user_id in ["", " ", &"7".repeat(256)] {
        let refused = finish(&app, &late, user_id).await;
        assert_eq!(refused.unwrap_err(), ErrorKind::ApiParams);
    }
    assert_eq!(binder.bound(), 0);
    let shown = app.login.service().member_of(&late).await.unwrap();
    assert_eq!(shown.principal, principal(SUITE, COMPANY_A, &member));
    assert_eq!(shown.profile.name.as_deref(), Some("张伟"));
    app.advance(Duration::from_mins(10));
    assert_eq!(refused(&late).await, ErrorKind::LoginCodeInvalid);
    let shown = app.login.service().member_of(&late).await;
    assert_eq!(shown.unwrap_err().kind(), ErrorKind::LoginCodeInvalid);

    let of_leaver = new_ticket().await;
    assert!(
        app.sandbox
            .leave(COMPANY_A, &member)
            .await
            .unwrap()
            .succeeded()
    );
    app.settled_records().await;
    assert_eq!(refused(&of_leaver).await, ErrorKind::LoginCodeInvalid);

    let open = app.open_corp();
    let there = app.member(&open);
    let of_corp = ticket(&app.try_log_in(&open, &there).await);
    assert!(app.sandbox.cancel(&open).await.unwrap().succeeded());
    app.settled_records().await;
    assert_eq!(refused(&of_corp).await, ErrorKind::CorpNotAuthorized);
    assert_eq!(binder.bound(), 0, "nobody was bound");
    app.stop().await;
}
