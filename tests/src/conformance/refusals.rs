//! What is refused leaves a line in the log, and the host app hears of it.

use std::time::Duration;

use serde_json::json;
use wecom_login::{ErrorKind, LoginRefusal, RefusedRequest};

use super::Target;
use super::limits::try_code;
use crate::app::TestApp;
use crate::auths::COMPANY_A;
use crate::log::LogCapture;
use crate::{TestRequest, until};

/// A client that no other scenario of this process has.
fn client_of(app: &TestApp, last: u8) -> String {
    let [high, low] = app.address().port().to_be_bytes();
    format!("10.{high}.{low}.{last}")
}

fn lines_of(client: &str) -> Vec<String> {
    let text = LogCapture::of_process().text();
    let field = format!("client={client} ");
    text.lines()
        .filter(|line| line.contains(&field))
        .map(ToOwned::to_owned)
        .collect()
}

async fn told(app: &TestApp, client: &str, calls: usize) -> Vec<LoginRefusal> {
    let of_client = || {
        let mut refusals = app.hooks.login_refusals();
        refusals.retain(|refusal| refusal.client == client.parse().ok());
        refusals
    };
    until("the host app is told", async || of_client().len() >= calls).await;
    of_client()
}

pub(super) async fn refused_logins_leave_a_line_and_are_told(target: Target) {
    LogCapture::of_process();
    let app = target.app().start().await;
    let client = client_of(&app, 1);
    for number in 0..60 {
        let reply = try_code(&app, COMPANY_A, &format!("guess-{number}"), &client).await;
        reply.assert_problem(401, "CODE_INVALID");
    }
    for _ in 0..5 {
        let reply = try_code(&app, COMPANY_A, "guess-60", &client).await;
        reply.assert_problem(429, "RATE_LIMITED");
    }
    let lines = lines_of(&client);
    assert_eq!(lines.len(), 2, "{lines:#?}");
    assert!(
        lines[0].contains(" INFO ")
            && lines[0].contains("CODE_INVALID")
            && lines[0].contains("errcode=40029")
            && lines[0].contains(COMPANY_A)
            && lines[0].ends_with("count=1"),
        "{}",
        lines[0]
    );
    assert!(
        lines[1].contains(" WARN ") && lines[1].contains("RATE_LIMITED"),
        "{}",
        lines[1]
    );
    let first = told(&app, &client, 2).await;
    assert_eq!(first.len(), 2);
    assert_eq!(first[0].request, RefusedRequest::Login);
    assert_eq!(
        (first[0].kind, first[0].errcode, first[0].count),
        (ErrorKind::CodeInvalid, Some(40029), 1)
    );
    assert_eq!(
        first[0].corp_id.as_ref().map(|id| id.as_str()),
        Some(COMPANY_A)
    );
    assert_eq!(first[1].kind, ErrorKind::RateLimited);

    app.advance(Duration::from_secs(61));
    let mut all = told(&app, &client, 4).await;
    all.sort_by_key(|refusal| std::cmp::Reverse(refusal.count));
    let counts: Vec<_> = all
        .iter()
        .map(|refusal| (refusal.kind, refusal.count))
        .collect();
    assert_eq!(
        counts[..2],
        [(ErrorKind::CodeInvalid, 59), (ErrorKind::RateLimited, 4)],
        "{all:?}"
    );
    let lines = lines_of(&client);
    assert_eq!(lines.len(), 4, "{lines:#?}");
    assert!(lines.iter().any(|line| line.ends_with("count=59")));
    app.stop().await;
}

pub(super) async fn wrong_admin_keys_and_other_sites_leave_a_line_and_are_told(target: Target) {
    LogCapture::of_process();
    let app = target.app().start().await;
    let (prober, page, person) = (client_of(&app, 2), client_of(&app, 3), client_of(&app, 4));
    for number in 0..12 {
        let wrong = TestRequest::get("/corps")
            .bearer(&format!("a-wrong-key-of-somebody-else-{number}"))
            .forwarded_for(&prober);
        assert!(matches!(app.send(wrong).await.status, 403 | 429));
        let embedded = TestRequest::post("/loginByWorkbench")
            .json(&json!({"corpId": COMPANY_A, "code": "c"}))
            .header("origin", "https://evil.example.com")
            .forwarded_for(&page);
        app.send(embedded).await.assert_problem(403, "CROSS_SITE");
    }
    let token = app.token(COMPANY_A, &app.member(COMPANY_A)).await;
    let forged = TestRequest::post("/logout")
        .cookie(&token)
        .header("sec-fetch-site", "cross-site")
        .forwarded_for(&person);
    app.send(forged).await.assert_problem(403, "CROSS_SITE");

    let lines = lines_of(&prober);
    assert_eq!(lines.len(), 2, "{lines:#?}");
    assert!(lines[0].contains(" WARN ") && lines[0].contains("admin key"));
    assert!(lines[1].contains("RATE_LIMITED"));
    for client in [&page, &person] {
        let lines = lines_of(client);
        assert_eq!(lines.len(), 1, "{lines:#?}");
        assert!(lines[0].contains(" WARN ") && lines[0].contains("CROSS_SITE"));
    }
    for (client, request, kind) in [
        (&prober, RefusedRequest::Admin, ErrorKind::Forbidden),
        (&page, RefusedRequest::Login, ErrorKind::CrossSite),
        (&person, RefusedRequest::Session, ErrorKind::CrossSite),
    ] {
        let refusals = told(&app, client, 1).await;
        assert_eq!((refusals[0].request, refusals[0].kind), (request, kind));
    }
    // On a route of the host app, whose guard knows no client.
    let forged = TestRequest::post("/api/echo-method")
        .cookie(&token)
        .header("sec-fetch-site", "cross-site");
    app.send_to_host(forged)
        .await
        .assert_problem(403, "CROSS_SITE");
    until("the host app is told", async || {
        let mut refusals = app.hooks.login_refusals().into_iter();
        refusals
            .any(|refusal| refusal.client.is_none() && refusal.request == RefusedRequest::Session)
    })
    .await;
    app.stop().await;
}

pub(super) async fn a_hook_that_hangs_delays_no_answer(target: Target) {
    let app = target.app().start().await;
    app.hooks.hang();
    for number in 0..40 {
        let client = client_of(&app, number);
        let reply = try_code(&app, COMPANY_A, "stale", &client).await;
        reply.assert_problem(401, "CODE_INVALID");
    }
    until("hooks are called", async || app.hooks.hanging() > 0).await;
    // Sixteen calls at most; other hooks may hang too.
    assert!(app.hooks.hanging() <= 20, "{}", app.hooks.hanging());
    app.hooks.resume();
    app.stop().await;
}
