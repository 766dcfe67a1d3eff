//! `/me` and `/sessions`, and how sessions end.

use std::time::Duration;

use serde_json::json;
use wecom_login::SessionConfig;

use super::Target;
use super::rows::has_fields;
use crate::TestRequest;
use crate::app::TestApp;
use crate::auths::{COMPANY_A, SUITE};

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

pub(super) async fn ids(app: &TestApp, token: &str) -> Vec<String> {
    let sessions = app
        .send(TestRequest::get("/sessions").bearer(token))
        .await
        .success();
    let sessions = sessions["sessions"].as_array().unwrap().clone();
    sessions
        .iter()
        .map(|session| session["id"].as_str().unwrap().to_owned())
        .collect()
}

pub(super) async fn me_and_sessions_show_the_sessions_of_the_user(target: Target) {
    let app = target.app().start().await;
    let member = app.member(COMPANY_A);
    let began = app.now_millis();
    let first = app.log_in(COMPANY_A, &member).await;
    app.advance(Duration::from_secs(5));
    let second = app.token(COMPANY_A, &member).await;
    let token = first["token"].as_str().unwrap();
    let me = app
        .send(TestRequest::get("/me").bearer(token))
        .await
        .success();
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
    assert_eq!(app.hello_status(session["id"].as_str().unwrap()).await, 401);

    let sessions = app
        .send(TestRequest::get("/sessions").bearer(token))
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
    assert_eq!(ids(&app, token).await, ids(&app, &second).await);
    app.stop().await;
}

pub(super) async fn logout_ends_one_session_and_logout_all_every_one(target: Target) {
    let app = target.app().start().await;
    let member = app.member(COMPANY_A);
    let stranger = app.sandbox.user_ids(COMPANY_A).remove(1);
    let mut tokens = Vec::new();
    for _ in 0..4 {
        tokens.push(app.token(COMPANY_A, &member).await);
        app.advance(Duration::from_secs(1));
    }
    let other = app.token(COMPANY_A, &stranger).await;
    let delete = |id: &str, token: &str| {
        app.send(TestRequest::new("DELETE", format!("/sessions/{id}")).bearer(token))
    };
    let theirs = ids(&app, &other).await.remove(0);
    delete(&theirs, &tokens[0])
        .await
        .assert_problem(404, "SESSION_NOT_FOUND");
    assert_eq!(
        app.hello_status(&other).await,
        200,
        "the session of another member stays valid"
    );

    // Newest first: the session of tokens[0] is the last.
    let mine = ids(&app, &tokens[0]).await;
    assert_eq!(mine.len(), 4);
    delete(&mine[2], &tokens[0]).await.assert_no_content();
    assert_eq!(app.hello_status(&tokens[1]).await, 401);
    delete(&mine[2], &tokens[0])
        .await
        .assert_problem(404, "SESSION_NOT_FOUND");
    delete(&mine[3], &tokens[0]).await.assert_no_content();
    assert_eq!(
        app.hello_status(&tokens[0]).await,
        401,
        "the session that asks may end itself"
    );
    app.send(TestRequest::post("/logout").bearer(&tokens[2]))
        .await
        .assert_no_content();
    assert_eq!(
        (
            app.hello_status(&tokens[2]).await,
            app.hello_status(&tokens[3]).await
        ),
        (401, 200)
    );
    app.send(TestRequest::post("/logout").bearer(&tokens[2]))
        .await
        .assert_problem(401, "TOKEN_INVALID");

    let last = app.token(COMPANY_A, &member).await;
    let elsewhere = app.open_corp();
    let elsewhere = app.token(&elsewhere, &app.member(&elsewhere)).await;
    let by_cookie = TestRequest::post("/logoutAll")
        .cookie(&last)
        .header("sec-fetch-site", "same-origin");
    let reply = app.send(by_cookie).await;
    reply.assert_no_content();
    let cleared = reply
        .header_values("set-cookie")
        .any(|cookie| cookie.starts_with("wecom_login=; Max-Age=0;"));
    assert!(cleared, "the browser forgets the session that it sent");
    for token in [&last, &tokens[3]] {
        assert_eq!(app.hello_status(token).await, 401);
    }
    assert_eq!(
        (
            app.hello_status(&other).await,
            app.hello_status(&elsewhere).await
        ),
        (200, 200)
    );
    let back = app.token(COMPANY_A, &member).await;
    assert_eq!(ids(&app, &back).await.len(), 1);
    app.stop().await;
}

pub(super) async fn idle_session_ends(target: Target) {
    let app = target.app().start().await;
    let member = app.member(COMPANY_A);
    let (used, unused) = (
        app.token(COMPANY_A, &member).await,
        app.token(COMPANY_A, &member).await,
    );
    app.advance(24 * HOUR - Duration::from_millis(1));
    assert_eq!(app.hello_status(&used).await, 200);
    app.wait_until_touched().await;
    app.advance(Duration::from_millis(1));
    assert_eq!(
        (
            app.hello_status(&used).await,
            app.hello_status(&unused).await
        ),
        (200, 401)
    );
    assert_eq!(ids(&app, &used).await.len(), 1, "what is over is not shown");
    app.advance(24 * HOUR);
    assert_eq!(app.hello_status(&used).await, 401);
    app.stop().await;
}

pub(super) async fn session_ends_at_its_absolute_timeout(target: Target) {
    let app = target.app().start().await;
    let token = app.token(COMPANY_A, &app.member(COMPANY_A)).await;
    for _ in 0..35 {
        app.advance(20 * HOUR);
        assert_eq!(app.hello_status(&token).await, 200);
        app.wait_until_touched().await;
    }
    app.advance(20 * HOUR - Duration::from_millis(1));
    assert_eq!(
        app.hello_status(&token).await,
        200,
        "a millisecond before thirty days"
    );
    app.advance(Duration::from_millis(1));
    assert_eq!(app.hello_status(&token).await, 401);
    app.stop().await;
}

pub(super) async fn session_timeouts_are_configurable(target: Target) {
    let setup = target
        .app()
        .configure(|builder| builder.sessions(SessionConfig::strict()));
    let app = setup.start().await;
    let result = app.log_in(COMPANY_A, &app.member(COMPANY_A)).await;
    assert_eq!(result["expiresIn"], 3600);
    let token = result["token"].as_str().unwrap();
    for _ in 0..24 {
        assert_eq!(app.hello_status(token).await, 200);
        app.wait_until_touched().await;
        app.advance(HOUR - Duration::from_secs(1));
    }
    assert_eq!(app.hello_status(token).await, 200);
    app.advance(Duration::from_secs(24));
    assert_eq!(app.hello_status(token).await, 401, "24 hours in all");
    let token = app.token(COMPANY_A, &app.member(COMPANY_A)).await;
    app.advance(HOUR);
    assert_eq!(app.hello_status(&token).await, 401);
    app.stop().await;
}
