//! What an operator does in the console, and what the audit tells of it.

use wecom_sandbox::Fault;

use super::{Console, is_page, names};
use crate::auths::{COMPANY_A, SUITE};
use crate::conformance::Target;
use crate::push::Push;
use crate::{TestApp, TestRequest};

/// How many entries the audit has of an action that the holder of the key did.
async fn entries(app: &TestApp, action: &str) -> i64 {
    let by_key =
        format!("SELECT COUNT(*) FROM wecom_audit WHERE action = '{action}' AND who = 'key'");
    app.number(&by_key).await
}

pub(in crate::conformance) async fn console_acts_on_a_company(target: Target) {
    let app = target.app().start().await;
    let open = app.open_corp();
    let console = Console::log_in(&app).await;
    let path = |action: &str| format!("/corps/{COMPANY_A}/{action}?suiteId={SUITE}");
    let calls = app.sandbox.calls("service/v2/get_auth_info");
    let _ = console.done(&path("read"), "").await;
    assert!(app.sandbox.calls("service/v2/get_auth_info") > calls);

    // The page that asks does nothing, and says how many sessions end.
    let token = app.token(COMPANY_A, &app.member(COMPANY_A)).await;
    let other = app.token(&open, &app.member(&open)).await;
    let asks = console.page(&path("endSessions")).await;
    assert!(asks.contains("1 session ends at once") && asks.contains("name=\"formToken\""));
    assert_eq!(app.hello_status(&token).await, 200);
    let done = console.done(&path("endSessions"), "").await;
    assert!(done.contains("The sessions are ended"), "{done}");
    assert_eq!(app.hello_status(&token).await, 401);
    assert_eq!(app.hello_status(&other).await, 200);
    assert_eq!(entries(&app, "corpSessionsEnded").await, 1);

    for (decision, shown) in [("hold", "Held"), ("deny", "Denied"), ("approve", "Active")] {
        let asks = console
            .page(&format!("{}&decision={decision}", path("decide")))
            .await;
        assert!(asks.contains(&format!("name=\"decision\" value=\"{decision}\"")));
        let done = console
            .done(&path("decide"), &format!("decision={decision}"))
            .await;
        assert!(done.contains(shown), "{done}");
    }
    assert_eq!(entries(&app, "corpDecided").await, 3);

    let done = console.done(&path("setCode"), "code=Acme").await;
    assert!(done.contains("Acme"));
    let conflict = console
        .post(&format!("/corps/{open}/setCode"), "code=ACME")
        .await;
    names(&conflict, 409, "ORG_CODE_CONFLICT");
    let asks = console.page(&path("deleteCode")).await;
    assert!(asks.contains("Acme"));
    let _ = console.done(&path("deleteCode"), "").await;
    assert_eq!(
        (
            entries(&app, "codeSet").await,
            entries(&app, "codeDeleted").await
        ),
        (1, 1)
    );

    let alias = "wpAAAAencryptedidofthecompany0001";
    let asks = console
        .page(&format!("{}&corpId={alias}", path("alias")))
        .await;
    assert!(asks.contains(alias) && asks.contains("cannot be undone"));
    let done = console
        .done(&path("alias"), &format!("corpId={alias}"))
        .await;
    assert!(done.contains(alias));
    assert_eq!(entries(&app, "corpAliasAdded").await, 1);
    app.stop().await;
}

pub(in crate::conformance) async fn console_acts_on_a_person(target: Target) {
    let app = target.app().start().await;
    let member = app.member(COMPANY_A);
    let person = app.log_in(COMPANY_A, &member).await;
    let (token, user_id) = (
        person["token"].as_str().unwrap(),
        person["userId"].as_str().unwrap(),
    );
    let console = Console::log_in(&app).await;
    let path = |action: &str| format!("/people/{user_id}/{action}");
    let asks = console.page(&path("endSessions")).await;
    assert!(asks.contains("1 session ends"), "{asks}");
    let _ = console.done(&path("endSessions"), "").await;
    assert_eq!(app.hello_status(token).await, 401);
    assert_eq!(entries(&app, "personSessionsEnded").await, 1);
    // By WeCom's userid, of a corp.
    let by_wecom = format!("/people/{member}/endSessions?corpId={COMPANY_A}");
    let _ = console.done(&by_wecom, "").await;
    let asks = console.page(&path("erase")).await;
    assert!(asks.contains("cannot be undone"));
    let _ = console.done(&path("erase"), "").await;
    names(
        &console.get(&format!("/people/{user_id}")).await,
        404,
        "USER_NOT_FOUND",
    );
    assert_eq!(entries(&app, "personErased").await, 1);
    app.stop().await;
}

pub(in crate::conformance) async fn console_retries_a_record(target: Target) {
    let app = target.app().start().await;
    app.wait_until_done().await;
    let push = Push::suite_event(SUITE, "other_event", 1, &[]);
    assert_eq!(app.post_push(&push).await.text(), "success");
    app.wait_until_done().await;
    let id = app.records().await[0].record_id;
    let failed = format!(
        "UPDATE wecom_callback_record SET status = 'failed', last_error = 'x' WHERE id = {id}"
    );
    app.database.execute(&failed).await;
    let console = Console::log_in(&app).await;
    let list = console.page("/records?status=failed").await;
    assert!(list.contains(&format!("/admin/records/{id}\"")), "{list}");
    let shown = console.page(&format!("/records/{id}")).await;
    assert!(shown.contains("Retry now") && shown.contains("Failed"));
    let retried = console.post(&format!("/records/{id}/retry"), "").await;
    assert!(
        matches!(retried.status, 303 | 500 | 502),
        "{}",
        retried.text()
    );
    let _ = console.done(&format!("/records/{id}/release"), "").await;
    assert_eq!(
        (
            entries(&app, "callbackRetried").await,
            entries(&app, "callbackReleased").await
        ),
        (1, 1)
    );
    names(
        &console.post("/records/4000000/retry", "").await,
        404,
        "RECORD_NOT_FOUND",
    );
    app.stop().await;
}

pub(in crate::conformance) async fn console_makes_a_link_with_its_qr_code(target: Target) {
    let app = target.app().start().await;
    let console = Console::log_in(&app).await;
    let made = console
        .done("/links", &format!("suiteIds={SUITE}&state=campaign1"))
        .await;
    assert!(
        made.contains("<svg") && made.contains("href=\"http"),
        "{made}"
    );
    assert_eq!(entries(&app, "linkCreated").await, 1);
    app.sandbox
        .fault(Fault::for_api("service/get_customized_auth_url").errcode(45009))
        .unwrap();
    let refused = console.post("/links", &format!("suiteIds={SUITE}")).await;
    names(&refused, 502, "errcode 45009");
    app.stop().await;
}

pub(in crate::conformance) async fn console_ends_all_sessions_and_rotates_keys(target: Target) {
    let app = target.app().start().await;
    let token = app.token(COMPANY_A, &app.member(COMPANY_A)).await;
    let console = Console::log_in(&app).await;
    let rotated = console.done("/rotateKeys", "").await;
    assert!(rotated.contains("Resealed"), "{rotated}");
    assert_eq!(app.hello_status(&token).await, 200);
    let _ = console.done("/endAllSessions", "").await;
    assert_eq!(app.hello_status(&token).await, 401);
    // The login of the console is none of those sessions.
    let _ = console.page("/service").await;
    assert_eq!(
        (
            entries(&app, "keysRotated").await,
            entries(&app, "allSessionsEnded").await
        ),
        (1, 1)
    );
    let again = TestRequest::get("/admin/rotateKeys");
    is_page(&console.send(again).await, 200);
    app.stop().await;
}
