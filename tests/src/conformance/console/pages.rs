//! What the pages show, in which language, and what they say of wrong parameters.

use super::{Console, is_page, names};
use crate::TestRequest;
use crate::auths::{COMPANY_A, SECOND_SUITE, SUITE};
use crate::conformance::Target;

pub(in crate::conformance) async fn console_shows_every_page(target: Target) {
    let app = target.app().start().await;
    let open = app.open_corp();
    let members = app.sandbox.user_ids(COMPANY_A);
    let person = app.log_in(COMPANY_A, &members[0]).await;
    app.log_in(COMPANY_A, &members[1]).await;
    app.log_in(&open, &app.member(&open)).await;
    app.set_organization_code(COMPANY_A, "Acme-01").await;
    app.wait_until_done().await;
    let console = Console::log_in(&app).await;

    let overview = console.page("").await;
    for shown in [
        "Database",
        "suite_ticket",
        "Logins",
        "Refusals",
        "Callbacks",
        "<svg",
    ] {
        assert!(overview.contains(shown), "{shown}: {overview}");
    }
    assert!(
        overview.contains("Logins · Last hour</span> <b>3</b>"),
        "three logins: {overview}"
    );

    let corps = console.page("/corps").await;
    assert!(corps.contains(COMPANY_A) && corps.contains(&open) && corps.contains("Acme-01"));
    let found = console.page("/corps?q=acme-01&status=&suiteId=").await;
    assert!(found.contains(COMPANY_A) && !found.contains(&open));
    let none = console.page("/corps?status=held").await;
    assert!(none.contains("No company fits"));

    let corp = console.page(&format!("/corps/{COMPANY_A}")).await;
    for shown in [
        SUITE,
        "Acme-01",
        members[0].as_str(),
        "create_auth",
        "Active",
    ] {
        assert!(corp.contains(shown), "{shown}: {corp}");
    }

    let user_id = person["userId"].as_str().unwrap();
    let people = console
        .page(&format!("/people?q=&corpId={COMPANY_A}"))
        .await;
    assert!(people.contains(&members[0]) && people.contains(user_id) && !people.contains(&open));
    let shown = console.page(&format!("/people/{user_id}")).await;
    assert!(
        shown.contains(&members[0]) && shown.contains("app · workbench"),
        "{shown}"
    );

    let records = console.page("/records?event=create_auth&within=day").await;
    assert!(records.contains("Succeeded") && records.contains(COMPANY_A));
    let id = app.records().await[0].record_id;
    let record = console.page(&format!("/records/{id}")).await;
    assert!(record.contains("Attempts"));

    let audit = console.page("/audit?action=login").await;
    assert!(audit.contains(user_id) && audit.contains(COMPANY_A));
    let links = console.page("/links").await;
    assert!(links.contains(SUITE) && links.contains(SECOND_SUITE));
    for path in ["/service", "/endAllSessions", "/rotateKeys"] {
        let _ = console.page(path).await;
    }
    for path in [
        "", "/corps", "/people", "/records", "/links", "/audit", "/service",
    ] {
        let head = TestRequest::new("HEAD", format!("/admin{path}"));
        let head = console.send(head).await;
        assert_eq!((head.status, head.body.len()), (200, 0), "{path}");
        let slash = console.get(&format!("{path}/")).await;
        is_page(&slash, 200);
    }
    app.stop().await;
}

pub(in crate::conformance) async fn console_keeps_the_language(target: Target) {
    let app = target.app().start().await;
    let console = Console::log_in(&app).await;
    let of = |language: &str| {
        TestRequest::get("/admin/corps")
            .header("cookie", &*console.cookie)
            .header("accept-language", language)
    };
    let chinese = app.send(of("zh-CN,zh;q=0.9,en;q=0.5")).await;
    assert!(chinese.text().contains("lang=\"zh-CN\"") && chinese.text().contains("企业"));
    let english = app.send(of("en")).await;
    assert!(english.text().contains("lang=\"en\"") && english.text().contains("Companies"));
    // The switch leads to the same page, and the choice is kept.
    let switched = console.get("/corps?q=x&lang=zh").await;
    let back = format!("{}/admin/corps?q=x", target.layout.prefix());
    assert_eq!(
        (switched.status, switched.header("location")),
        (303, Some(&*back))
    );
    let chosen = switched.header("set-cookie").unwrap();
    let chosen = chosen.split(';').next().unwrap();
    let both = Console::with_cookie(&app, format!("{}; {chosen}", console.cookie));
    assert!(both.page("/corps").await.contains("lang=\"zh-CN\""));
    // Also before somebody is logged in.
    let login = TestRequest::get("/admin/login?lang=en");
    assert_eq!(app.send(login).await.status, 303);
    let login = TestRequest::get("/admin/login")
        .header("cookie", "wecom_admin_language=en")
        .header("accept-language", "zh");
    assert!(app.send(login).await.text().contains("Admin key"));
    app.stop().await;
}

pub(in crate::conformance) async fn console_pages_name_wrong_parameters(target: Target) {
    let app = target.app().start().await;
    let console = Console::log_in(&app).await;
    for (path, name) in [
        ("/corps?status=done", "status"),
        ("/corps?limit=0", "limit"),
        ("/corps?after=x", "after"),
        ("/corps?after=WyJhIl0", "after"),
        ("/corps?suiteId=dkunknown", "suiteId"),
        ("/corps?nonsense=1", "nonsense"),
        ("/corps?q=a&q=b", "query"),
        ("/corps/a%20b", "corpId"),
        ("/corps/a%20b/endSessions", "corpId"),
        ("/corps/wwx?nonsense=1", "nonsense"),
        ("/records?status=done", "status"),
        ("/records?within=year", "within"),
        ("/records?since=x", "since"),
        ("/records?since=1&within=day", "query"),
        ("/records?after=WyJhIiwiYiJd", "after"),
        ("/records/0", "id"),
        ("/records/x", "id"),
        ("/audit?action=walk", "action"),
        ("/audit?corpId=a%20b", "corpId"),
        ("/people?corpId=%2F", "corpId"),
        ("/people?limit=01", "limit"),
        ("/people/a?corpId=a%20b", "corpId"),
        ("/service?x=1", "x"),
        ("/links?x=1", "x"),
        ("/endAllSessions?x=1", "x"),
        ("?x=1", "x"),
    ] {
        names(&console.get(path).await, 400, name);
    }
    let of_corp = |rest: &str| format!("/corps/{COMPANY_A}/{rest}");
    for (path, name) in [
        (of_corp("decide"), "decision"),
        (of_corp("decide?decision=maybe"), "decision"),
        (of_corp("decide?decision=deny&x=1"), "x"),
        (of_corp("alias"), "corpId"),
        (of_corp("alias?corpId=a%20b"), "corpId"),
        (of_corp("endSessions?x=1"), "x"),
    ] {
        names(&console.get(&path).await, 400, name);
    }
    for (path, code) in [
        ("/corps/wwnobody", "CORP_NOT_FOUND"),
        ("/corps/wwnobody/endSessions", "CORP_NOT_FOUND"),
        ("/people?corpId=wwnobody", "CORP_NOT_FOUND"),
        ("/people/nobody", "USER_NOT_FOUND"),
        ("/people/nobody/erase", "USER_NOT_FOUND"),
        ("/records/4000000", "RECORD_NOT_FOUND"),
    ] {
        names(&console.get(path).await, 404, code);
    }
    for (path, fields, name) in [
        (of_corp("setCode"), "code=a+b", "code"),
        (of_corp("setCode"), "code=", "code"),
        (of_corp("setCode"), "code=a&code=b", "repeated"),
        (of_corp("setCode"), "code=a&x=1", "x"),
        (of_corp("decide"), "decision=maybe", "decision"),
        (of_corp("alias"), "corpId=", "corpId"),
        ("/links".to_owned(), "", "suiteIds"),
        ("/links".to_owned(), "suiteIds=dkunknown", "suiteIds"),
        ("/endAllSessions".to_owned(), "x=1", "x"),
    ] {
        names(&console.post(&path, fields).await, 400, name);
    }
    app.stop().await;
}

pub(in crate::conformance) async fn console_lists_are_paged(target: Target) {
    let app = target.app().start().await;
    let console = Console::log_in(&app).await;
    for list in [
        "/corps?limit=1",
        "/records?limit=1&within=day&status=succeeded",
    ] {
        let mut path = list.to_owned();
        let mut pages = 0;
        loop {
            let page = console.page(&path).await;
            pages += 1;
            let Some((before, _)) = page.split_once("\" rel=\"next\"") else {
                break;
            };
            let (_, url) = before.rsplit_once("href=\"").unwrap();
            let url = url.replace("&amp;", "&");
            let (_, rest) = url.split_once("/admin").unwrap();
            assert_ne!(rest, path);
            path = rest.to_owned();
        }
        assert!(pages >= 2, "{list}");
    }
    app.stop().await;
}
