//! Other sites' forms, missing and foreign tokens, names that are HTML.

use super::{Console, form, is_page, names, try_key};
use crate::app::ADMIN_KEY;
use crate::auths::{COMPANY_A, SUITE};
use crate::conformance::Target;
use crate::{TestApp, TestRequest};

/// Every form of the console that changes something, and its fields.
const FORMS: &[(&str, &str)] = &[
    ("/corps/{corp}/read", ""),
    ("/corps/{corp}/decide", "decision=deny"),
    ("/corps/{corp}/endSessions", ""),
    ("/corps/{corp}/alias", "corpId=wpevil"),
    ("/corps/{corp}/setCode", "code=Evil"),
    ("/corps/{corp}/deleteCode", ""),
    ("/people/{user}/endSessions", ""),
    ("/people/{user}/erase", ""),
    ("/records/1/retry", ""),
    ("/records/1/release", ""),
    ("/links", "suiteIds=dk1"),
    ("/endAllSessions", ""),
    ("/rotateKeys", ""),
    ("/logout", ""),
];

pub(in crate::conformance) async fn console_forms_need_an_own_page_and_their_token(target: Target) {
    let app = target.app().start().await;
    let person = app.log_in(COMPANY_A, &app.member(COMPANY_A)).await;
    let session = person["token"].as_str().unwrap();
    let console = Console::log_in(&app).await;
    let other = Console::log_in(&app).await;
    let (own_token, other_token) = (console.form_token().await, other.form_token().await);
    let entries =
        "SELECT COUNT(*) FROM wecom_audit WHERE action NOT IN ('adminLogin', 'adminRefused')";
    let before = app.number(entries).await;
    for (path, fields) in FORMS {
        let path = path
            .replace("{corp}", COMPANY_A)
            .replace("{user}", person["userId"].as_str().unwrap());
        let from = |site: &str, fields: &str| {
            TestRequest::post(format!("/admin{path}"))
                .header("sec-fetch-site", site)
                .header("content-type", "application/x-www-form-urlencoded")
                .body(fields)
        };
        let whole = format!("formToken={own_token}&{fields}");
        let attacks = [
            // Another site's page, even with the token; another host of this site; no word of a browser at all.
            from("cross-site", &whole),
            from("same-site", &whole),
            TestRequest::post(format!("/admin{path}")).body(whole.clone()),
            TestRequest::post(format!("/admin{path}"))
                .header("origin", "https://evil.example")
                .body(whole.clone()),
            // A page of ours that was not made for this login.
            from("same-origin", fields),
            from("same-origin", &format!("formToken=&{fields}")),
            from("same-origin", &format!("formToken=x&{fields}")),
            from("same-origin", &format!("formToken={other_token}&{fields}")),
            from("same-origin", "{\"formToken\": 1}"),
        ];
        for attack in attacks {
            names(&console.send(attack).await, 403, "CROSS_SITE");
        }
        // In the query it is no token.
        let in_query = form(&format!("{path}?formToken={own_token}"), fields);
        names(&console.send(in_query).await, 403, "CROSS_SITE");
    }
    assert_eq!(app.number(entries).await, before, "nothing was done");
    assert_eq!(app.hello_status(session).await, 200);
    let listed = app
        .send_as_admin(TestRequest::get("/corps"))
        .await
        .success();
    let corps = listed["corps"].as_array().unwrap();
    assert!(
        corps
            .iter()
            .all(|corp| corp["status"] == "active" && corp.get("orgCode").is_none())
    );
    // Where a browser sends no fetch metadata, the Origin decides.
    let origin = TestRequest::post("/admin/rotateKeys")
        .header("origin", format!("http://{}", app.address()))
        .body(format!("formToken={own_token}"));
    assert_eq!(console.send(origin).await.status, 303);
    app.stop().await;
}

pub(in crate::conformance) async fn console_login_of_another_site_is_refused(target: Target) {
    let app = target.app().start().await;
    let login = TestRequest::post("/admin/login")
        .header("sec-fetch-site", "cross-site")
        .body(format!("adminKey={ADMIN_KEY}"));
    let response = app.send(login).await;
    names(&response, 403, "CROSS_SITE");
    assert_eq!(response.header("set-cookie"), None);
    // A link from another site is no page of this login, until somebody clicks.
    let console = Console::log_in(&app).await;
    let linked = TestRequest::get("/admin/endAllSessions").header("sec-fetch-site", "cross-site");
    let page = app.send(linked).await;
    is_page(&page, 200);
    assert!(!page.text().contains("<form") && page.text().contains("/admin/endAllSessions"));
    // A notice is sealed: nobody else makes one.
    let page = console.page("/corps?outcome=SessionsEnded").await;
    assert!(!page.contains("role=\"status\""));
    assert_eq!(try_key(&app, ADMIN_KEY, "203.0.113.9").await.status, 303);
    app.stop().await;
}

const SCRIPT: &str = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>";

async fn store_scripts(app: &TestApp) {
    let script = SCRIPT.replace('\'', "''");
    for (table, column) in [
        ("wecom_authorization", "corp_name"),
        ("wecom_authorization", "state"),
        ("wecom_person", "name"),
        ("wecom_person", "email"),
        ("wecom_callback_record", "last_error"),
        ("wecom_audit", "detail"),
    ] {
        let value = if column == "state" {
            "<script>x"
        } else {
            &script
        };
        let sql = format!("UPDATE {table} SET {column} = '{value}'");
        app.database.execute(&sql).await;
    }
}

pub(in crate::conformance) async fn console_escapes_names(target: Target) {
    let app = target.app().start().await;
    let person = app.log_in(COMPANY_A, &app.member(COMPANY_A)).await;
    app.wait_until_done().await;
    let console = Console::log_in(&app).await;
    store_scripts(&app).await;
    let corp = format!("/corps/{COMPANY_A}");
    let user = format!("/people/{}", person["userId"].as_str().unwrap());
    let query = "%3Cscript%3Ealert(1)%3C%2Fscript%3E%22%27";
    for path in [
        "/corps".to_owned(),
        format!("/corps?q={query}"),
        corp.clone(),
        format!("{corp}?suiteId={SUITE}"),
        format!("{corp}/endSessions"),
        format!("{corp}/decide?decision=deny"),
        "/people".to_owned(),
        format!("/people?q={query}"),
        user.clone(),
        format!("{user}/erase"),
        "/records".to_owned(),
        format!("/records?event={query}"),
        "/audit".to_owned(),
        format!("/audit?who={query}"),
    ] {
        // Our own pages have no script, so that any would be somebody else's.
        let page = console.page(&path).await;
        assert!(!page.contains("<img src=x"), "{path}: {page}");
    }
    for path in [
        format!("/corps?{query}=1"),
        format!("/corps/{query}"),
        format!("/records/{query}"),
    ] {
        is_page(&console.get(&path).await, 400);
    }
    app.stop().await;
}
