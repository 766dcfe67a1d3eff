//! How many sessions a person has, and how they are listed.

use std::time::Duration;

use serde_json::json;

use super::Target;
use super::rows::has_fields;
use super::sessions::ids;
use crate::TestRequest;
use crate::auths::{COMPANY_A, SUITE};

pub(super) async fn a_person_has_a_hundred_sessions_at_most(target: Target) {
    let app = target.app().start().await;
    let member = app.member(COMPANY_A);
    let (first, second) = (
        app.token(COMPANY_A, &member).await,
        app.token(COMPANY_A, &member).await,
    );
    app.advance(Duration::from_secs(1));
    for number in 2..100 {
        app.issue_session(SUITE, COMPANY_A, &member).await;
        // Some begin in the same millisecond.
        app.advance(Duration::from_millis(number % 2));
    }
    assert_eq!(app.hello_status(&first).await, 200);
    assert_eq!(ids(&app, &first).await.len(), 100);
    let stranger = app.sandbox.user_ids(COMPANY_A).remove(1);
    let other = app.token(COMPANY_A, &stranger).await;
    app.advance(Duration::from_secs(1));
    let newest = app.token(COMPANY_A, &member).await;
    let newer = app.token(COMPANY_A, &member).await;
    for (token, status) in [
        (&first, 401),
        (&second, 401),
        (&newest, 200),
        (&newer, 200),
        (&other, 200),
    ] {
        assert_eq!(app.hello_status(token).await, status);
    }
    assert_eq!(ids(&app, &newest).await.len(), 100);
    app.stop().await;
}

pub(super) async fn sessions_are_paged(target: Target) {
    let app = target.app().start().await;
    let member = app.member(COMPANY_A);
    let token = app.token(COMPANY_A, &member).await;
    for number in 0..24 {
        app.issue_session(SUITE, COMPANY_A, &member).await;
        app.advance(Duration::from_millis(number % 2));
    }
    let page = |query: &str| app.send(TestRequest::get(format!("/sessions{query}")).bearer(&token));
    let all = page("").await.success();
    has_fields(&all, &["sessions"]);
    let mut paged = Vec::new();
    let mut query = "?limit=10".to_owned();
    for length in [10, 10, 5] {
        let reply = page(&query).await.success();
        let sessions = reply["sessions"].as_array().unwrap();
        assert_eq!(sessions.len(), length);
        paged.extend(sessions.iter().cloned());
        query = match reply["next"].as_str() {
            Some(next) => format!("?limit=10&after={next}"),
            None => String::new(),
        };
    }
    assert_eq!(query, "", "the last page names none after it");
    assert_eq!(json!(paged), all["sessions"]);
    // What ends between two pages is not missed, nor told twice.
    let reply = page("?limit=5").await.success();
    let last = reply["sessions"][4]["id"].as_str().unwrap();
    app.send(TestRequest::new("DELETE", format!("/sessions/{last}")).bearer(&token))
        .await
        .assert_no_content();
    let after = reply["next"].as_str().unwrap();
    let rest = page(&format!("?after={after}")).await.success();
    assert_eq!(rest["sessions"], json!(paged[5..]));
    for wrong in ["?limit=0", "?limit=x", "?after=x", "?after=", "?after=1-"] {
        page(wrong).await.assert_problem(400, "API_PARAMS_ERROR");
    }
    let _ = page("?limit=99999999999&other=1").await.success();
    app.stop().await;
}
