//! Who gets in, and for how long.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use wecom_login::web::{Access, AdminAction, routes};

use super::{Console, form, is_page, leads_to_login, names, token_of, try_key};
use crate::app::ADMIN_KEY;
use crate::auths::{COMPANY_A, SUITE};
use crate::conformance::Target;
use crate::{TestRequest, until};

/// The paths of the console's pages that can be opened.
fn pages() -> Vec<String> {
    let pages = routes()
        .iter()
        .filter(|route| route.access == Access::Console && route.methods.contains(&"GET"));
    let path = |path: &str| {
        path.replace("{corpId}", COMPANY_A)
            .replace("{userId}", "nobody")
            .replace("{id}", "1")
    };
    pages.map(|route| path(route.path)).collect()
}

pub(in crate::conformance) async fn console_is_403_without_administrators(target: Target) {
    let app = target.app().without_admin_key().start().await;
    let token = app.token(COMPANY_A, &app.member(COMPANY_A)).await;
    for path in pages() {
        for ask in [
            TestRequest::get(&*path),
            TestRequest::get(&*path).cookie(&token),
        ] {
            names(&app.send(ask).await, 403, "FORBIDDEN");
        }
    }
    names(
        &try_key(&app, ADMIN_KEY, "203.0.113.1").await,
        403,
        "FORBIDDEN",
    );
    app.stop().await;
}

pub(in crate::conformance) async fn console_login_counts_wrong_keys_with_the_api(target: Target) {
    let app = target.app().start().await;
    let (guesser, other) = ("203.0.113.1", "203.0.113.2");
    for number in 0..5 {
        let wrong = try_key(&app, &format!("a-wrong-key-of-the-tests-{number}"), guesser).await;
        is_page(&wrong, 403);
        assert!(wrong.text().contains("role=\"alert\""), "{}", wrong.text());
        assert_eq!(wrong.header("set-cookie"), None);
        let bearer = TestRequest::get("/corps").bearer("a-wrong-key-of-the-tests");
        app.send(bearer.forwarded_for(guesser))
            .await
            .assert_problem(403, "FORBIDDEN");
    }
    let shut = try_key(&app, ADMIN_KEY, guesser).await;
    is_page(&shut, 429);
    let wait: u64 = shut.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait));
    let by_api = TestRequest::get("/corps").bearer(ADMIN_KEY);
    app.send(by_api.forwarded_for(guesser))
        .await
        .assert_problem(429, "RATE_LIMITED");
    assert_eq!(try_key(&app, ADMIN_KEY, other).await.status, 303);
    app.advance(Duration::from_secs(60));
    assert_eq!(try_key(&app, ADMIN_KEY, guesser).await.status, 303);
    // A key that is missing counts against nobody, and is named.
    for _ in 0..12 {
        let missing = app.send(form("/login", "adminKey=").forwarded_for(other));
        names(&missing.await, 400, "adminKey");
    }
    until("the audit tells of both", async || {
        let told = "SELECT COUNT(*) FROM wecom_audit WHERE action";
        app.number(&format!("{told} = 'adminRefused'")).await >= 2
            && app.number(&format!("{told} = 'adminLogin'")).await == 2
    })
    .await;
    app.stop().await;
}

pub(in crate::conformance) async fn console_cookie_is_of_no_use_elsewhere(target: Target) {
    let app = target.app().start().await;
    let response = try_key(&app, ADMIN_KEY, "203.0.113.1").await;
    let set = response.header("set-cookie").unwrap().to_owned();
    let path = format!("; Path={}/admin; ", target.layout.prefix());
    for attribute in ["Max-Age=28800", &*path, "; HttpOnly; SameSite=Strict"] {
        assert!(set.contains(attribute), "{attribute}: {set}");
    }
    let console = Console::log_in(&app).await;
    let _ = console.page("").await;
    for path in ["/admin/api/doctor", "/admin/api/corps", "/corps"] {
        console
            .send(TestRequest::get(path))
            .await
            .assert_problem(403, "FORBIDDEN");
    }
    let end =
        TestRequest::post("/admin/api/endAllSessions").header("sec-fetch-site", "same-origin");
    console.send(end).await.assert_problem(403, "FORBIDDEN");
    console
        .send(TestRequest::get("/me"))
        .await
        .assert_problem(401, "UNAUTHENTICATED");
    // As a session's token, or as a key, it is worth nothing.
    let (_, value) = console.cookie.split_once('=').unwrap();
    for ask in [
        TestRequest::get("/me").bearer(value),
        TestRequest::get("/me").cookie(value),
    ] {
        assert_eq!(app.send(ask).await.status, 401);
    }
    let token = app.token(COMPANY_A, &app.member(COMPANY_A)).await;
    for other in [
        format!("wecom_admin={token}"),
        format!("wecom_admin={ADMIN_KEY}"),
        format!("wecom_admin={}", &value[1..]),
        format!("wecom_login={value}"),
    ] {
        let forged = Console::with_cookie(&app, other);
        leads_to_login(&forged.get("").await);
    }
    app.advance(Duration::from_hours(8) - Duration::from_secs(1));
    let _ = console.page("").await;
    app.advance(Duration::from_secs(1));
    leads_to_login(&console.get("").await);
    app.stop().await;
}

pub(in crate::conformance) async fn console_login_leads_to_the_page_that_was_asked_for(
    target: Target,
) {
    let app = target.app().start().await;
    let asked = app
        .send(TestRequest::get("/admin/corps?status=active"))
        .await;
    leads_to_login(&asked);
    let mount = target.layout.prefix();
    let login = asked
        .header("location")
        .unwrap()
        .strip_prefix(mount)
        .unwrap();
    let page = app.send(TestRequest::get(login)).await;
    is_page(&page, 200);
    assert!(page.text().contains("value=\"/admin/corps?status=active\""));
    let next = |next: &str| form("/login", &format!("adminKey={ADMIN_KEY}&next={next}"));
    let entered = app.send(next("%2Fadmin%2Fcorps%3Fstatus%3Dactive")).await;
    let expected = format!("{mount}/admin/corps?status=active");
    assert_eq!(entered.header("location"), Some(&*expected));
    for elsewhere in [
        "https%3A%2F%2Fevil.example",
        "%2F%2Fevil.example",
        "%2Fme",
        "%2Fadmin%2Fapi%2Fcorps",
        "%2Fadmin%0d%0aset-cookie:%20a=b",
    ] {
        let entered = app.send(next(elsewhere)).await;
        let first = format!("{mount}/admin");
        assert_eq!(entered.header("location"), Some(&*first), "{elsewhere}");
    }
    let console = Console::log_in(&app).await;
    let out = console.post("/logout", "").await;
    leads_to_login(&out);
    assert!(out.header("set-cookie").unwrap().contains("Max-Age=0"));
    app.stop().await;
}

pub(in crate::conformance) async fn console_lets_the_key_in_beside_a_session(target: Target) {
    let setup = target
        .app()
        .configure(|builder| builder.admin_predicate(|_, _, _| false));
    let app = setup.start().await;
    let token = app.token(COMPANY_A, &app.member(COMPANY_A)).await;
    let session = Console::with_cookie(&app, format!("wecom_login={token}"));
    // The predicate says no; the page leads to the login with the key, and the audit tells of it.
    let refused = session.get("/corps?status=active").await;
    names(&refused, 403, "FORBIDDEN");
    let link = format!("{}/admin/login?next=", target.layout.prefix());
    assert!(refused.text().contains(&link), "{}", refused.text());
    until("the audit tells of the refusal", async || {
        let told = "SELECT COUNT(*) FROM wecom_audit WHERE action = 'adminRefused'";
        app.number(told).await == 1
    })
    .await;
    let login = session.get("/login").await;
    is_page(&login, 200);
    assert!(login.text().contains("adminKey"), "{}", login.text());
    let key = Console::log_in(&app).await;
    let both = Console::with_cookie(&app, format!("wecom_login={token}; {}", key.cookie));
    let _ = both.page("/corps").await;
    assert_eq!(both.get("/login").await.status, 303);
    // The console's cookie does not come along with a link of another site.
    let link = TestRequest::get("/admin/corps").header("sec-fetch-site", "cross-site");
    let clicked = session.send(link).await;
    is_page(&clicked, 200);
    let page = format!("href=\"{}/admin/corps\"", target.layout.prefix());
    assert!(clicked.text().contains(&page), "{}", clicked.text());
    until("the audit has the client of the login", async || {
        let told = "SELECT COUNT(*) FROM wecom_audit WHERE action = 'adminLogin' AND client = '203.0.113.200'";
        app.number(told).await == 1
    })
    .await;
    app.stop().await;
}

pub(in crate::conformance) async fn console_lets_users_in_by_the_predicate(target: Target) {
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
    let token = administrator["token"].as_str().unwrap();
    let user_id = administrator["userId"].as_str().unwrap().to_owned();
    let console = Console::with_cookie(&app, format!("wecom_login={token}"));
    let anonymous = app.send(TestRequest::get("/admin/corps")).await;
    leads_to_login(&anonymous);
    // Without a key the way in is the host app's own login.
    let login = app
        .send(TestRequest::get("/admin/login?next=/admin/corps"))
        .await;
    let location = login.header("location").unwrap().to_owned();
    let way = format!("{}/login?returnTo=", target.layout.prefix());
    assert!(
        location.starts_with(&way) && location.ends_with("/admin/corps"),
        "{location}"
    );

    asked.lock().unwrap().clear();
    let own = format!("/corps/{COMPANY_A}");
    let page = console.page(&format!("{own}?suiteId={SUITE}")).await;
    assert!(page.contains(&user_id), "the page says who is logged in");
    let expected = vec![
        (AdminAction::Corps, Some(COMPANY_A.to_owned())),
        (AdminAction::People, Some(COMPANY_A.to_owned())),
        (AdminAction::CallbackRecords, Some(COMPANY_A.to_owned())),
    ];
    assert_eq!(*asked.lock().unwrap(), expected);
    for refused in ["", "/corps", "/people", "/audit", "/links", "/records/1"] {
        names(&console.get(refused).await, 403, "FORBIDDEN");
    }
    names(
        &console.get(&format!("/corps/{open}")).await,
        403,
        "FORBIDDEN",
    );
    names(&console.get("/corps/wwnobody").await, 403, "FORBIDDEN");

    let token = token_of(&page);
    let fields = format!("formToken={token}&code=Of-A");
    let set = console.send(form(&format!("{own}/setCode"), &fields)).await;
    assert_eq!(set.status, 303, "{}", set.text());
    let other = form(&format!("/corps/{open}/setCode"), &fields);
    names(&console.send(other).await, 403, "FORBIDDEN");
    let by_user = format!(
        "SELECT COUNT(*) FROM wecom_audit WHERE action = 'codeSet' AND actor = 'user' AND who = '{user_id}'"
    );
    assert_eq!(app.number(&by_user).await, 1);
    // The token is of this session.
    let colleague = app
        .token(COMPANY_A, &app.sandbox.user_ids(COMPANY_A)[1])
        .await;
    let colleague = Console::with_cookie(&app, format!("wecom_login={colleague}"));
    let stolen = colleague
        .send(form(&format!("{own}/setCode"), &fields))
        .await;
    names(&stolen, 403, "CROSS_SITE");
    app.stop().await;
}
