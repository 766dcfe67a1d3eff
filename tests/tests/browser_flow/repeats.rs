//! The callback that is asked for more than once: by in-app browsers, service workers, prefetchers, over a bad line.

use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use wecom_login_tests::auths::COMPANY_A;
use wecom_login_tests::{Adapter, TestApp, TestRequest, until};

use crate::cookie_jar::{Browser, as_person, is_page, start_app, state_of};
use crate::corp_selection::{OneUser, links, principal};

const OVER: &str = "This login is no longer valid";

/// For a minute, the same state, code and cookie give the same session, however the requests overlap.
pub(crate) async fn callback_repeats_for_a_minute(adapter: &dyn Adapter) {
    let app = start_app(adapter).await;
    let member = app.member(COMPANY_A);
    let query = format!("corpId={COMPANY_A}&returnTo=/a");
    let calls = || app.sandbox.calls("auth/getuserinfo");

    let mut browser = Browser::new();
    let link = browser.begin(&app, &query).await;
    let back = as_person(&app, &link, &member).await;
    // This one gets no answer.
    let without_answer = browser.clone();
    let before = calls();
    let mut four = vec![browser.clone(); 4];
    let [one, two, three, last] = four.as_mut_slice() else {
        unreachable!()
    };
    let replies = tokio::join!(
        one.open(&app, &back),
        two.open(&app, &back),
        three.open(&app, &back),
        last.open(&app, &back)
    );
    let statuses = [&replies.0, &replies.1, &replies.2, &replies.3].map(|reply| reply.status);
    assert_eq!(statuses, [303; 4]);
    browser = four.remove(0);
    let token = browser.cookie("wecom_login").unwrap().to_owned();
    for other in &four {
        assert_eq!(other.cookie("wecom_login"), Some(token.as_str()));
    }
    for repeat in [&browser, &without_answer] {
        let mut repeat = repeat.clone();
        let reply = repeat.open(&app, &back).await;
        assert_eq!((reply.status, reply.header("location")), (303, Some("/a")));
        assert_eq!(repeat.cookie("wecom_login"), Some(token.as_str()));
    }
    assert_eq!(calls(), before + 1, "WeCom gets the code once");
    let told = format!("logged in: {member}");
    until("the host app is told once", async || {
        app.hooks.count(&told) == 1
    })
    .await;

    // Another browser, another code.
    is_page(
        &Browser::new().open(&app, &back).await,
        403,
        "started in another browser",
    );
    let other_code = as_person(&app, &link, &member).await;
    let mut other = without_answer.clone();
    is_page(&other.open(&app, &other_code).await, 401, OVER);
    assert_eq!(app.hello_status(&token).await, 200);
    // A minute later.
    app.advance(Duration::from_secs(59));
    assert_eq!(without_answer.clone().open(&app, &back).await.status, 303);
    app.advance(Duration::from_secs(1));
    is_page(&without_answer.clone().open(&app, &back).await, 401, OVER);
    assert_eq!(app.hello_status(&token).await, 200);

    // After a logout.
    for logout in ["/logout", "/logoutAll"] {
        let mut browser = Browser::new();
        let link = browser.begin(&app, &query).await;
        let back = as_person(&app, &link, &member).await;
        assert_eq!(browser.open(&app, &back).await.status, 303);
        let token = browser.cookie("wecom_login").unwrap().to_owned();
        app.send(TestRequest::post(logout).bearer(&token))
            .await
            .assert_no_content();
        is_page(&browser.open(&app, &back).await, 401, OVER);
    }

    // A login that came later has ended the session.
    let mut browser = Browser::new();
    let link = browser.begin(&app, &query).await;
    let back = as_person(&app, &link, &member).await;
    assert_eq!(browser.open(&app, &back).await.status, 303);
    assert_eq!(browser.log_in(&app, &query, &member).await.status, 303);
    let token = browser.cookie("wecom_login").unwrap().to_owned();
    is_page(&browser.open(&app, &back).await, 401, OVER);
    assert_eq!(browser.cookie("wecom_login"), Some(token.as_str()));
    assert_eq!(app.hello_status(&token).await, 200);
    app.stop().await;
}

/// The first request breaks off, at any moment: the second one has the session.
pub(crate) async fn callback_that_is_cut_off_goes_on(adapter: &dyn Adapter) {
    let app = start_app(adapter).await;
    let member = app.member(COMPANY_A);
    let query = format!("corpId={COMPANY_A}&returnTo=/a");
    for millis in [0, 1, 2, 5, 10, 20, 50] {
        let mut browser = Browser::new();
        let link = browser.begin(&app, &query).await;
        let back = as_person(&app, &link, &member).await;
        let before = app.sandbox.calls("auth/getuserinfo");
        let mut cut = TcpStream::connect(app.address()).await.unwrap();
        let request = browser.ask(&back).bytes(app.address());
        cut.write_all(&request).await.unwrap();
        tokio::time::sleep(Duration::from_millis(millis)).await;
        drop(cut);
        let reply = browser.open(&app, &back).await;
        assert_eq!(
            (reply.status, reply.header("location")),
            (303, Some("/a")),
            "cut after {millis} ms: {}",
            reply.text()
        );
        assert_eq!(browser.me(&app).await["user"]["thirdUserId"], *member);
        assert_eq!(app.sandbox.calls("auth/getuserinfo"), before + 1);
    }
    app.stop().await;
}

pub(crate) async fn prefetch_spends_nothing(adapter: &dyn Adapter) {
    let app = start_app(adapter).await;
    let member = app.member(COMPANY_A);
    let mut browser = Browser::new();
    let link = browser
        .begin(&app, &format!("corpId={COMPANY_A}&returnTo=/a"))
        .await;
    let back = as_person(&app, &link, &member).await;
    let before = app.sandbox.calls("auth/getuserinfo");
    for (name, value) in [
        ("sec-purpose", "prefetch"),
        ("sec-purpose", "prefetch;prerender"),
        ("purpose", "prefetch"),
        ("x-moz", "prefetch"),
    ] {
        let reply = app
            .send_to_host(browser.ask(&back).header(name, value))
            .await;
        assert_eq!(
            (reply.status, reply.header("cache-control")),
            (503, Some("no-store"))
        );
        assert_eq!(reply.header("set-cookie"), None);
    }
    assert_eq!(app.sandbox.calls("auth/getuserinfo"), before);
    assert_eq!(
        browser.open(&app, &back).await.header("location"),
        Some("/a")
    );
    app.stop().await;
}

/// The way back into the app survives the login, and its minute.
pub(crate) async fn going_back_leads_to_where_the_person_was_going(adapter: &dyn Adapter) {
    let app = start_app(adapter).await;
    let member = app.member(COMPANY_A);
    let mut browser = Browser::new();
    let link = browser
        .begin(&app, &format!("corpId={COMPANY_A}&returnTo=/a%3Fb%3Dc"))
        .await;
    let back = as_person(&app, &link, &member).await;
    browser.open(&app, &back).await;
    let reply = browser.open(&app, &back).await;
    assert_eq!(reply.header("location"), Some("/a?b=c"));
    app.advance(Duration::from_mins(1));
    for _ in 0..2 {
        let page = browser.open(&app, &back).await;
        is_page(&page, 401, OVER);
        let onwards = "<a class=\"button\" href=\"/a?b=c\">Continue to the app</a>";
        assert!(page.text().contains(onwards), "{}", page.text());
    }
    // The cookie of the finished login is gone ten minutes later.
    let name = format!("wecom_state_{}", state_of(&link));
    let mut first = Browser::new();
    let link = first
        .begin(&app, &format!("corpId={COMPANY_A}&returnTo=/a"))
        .await;
    let back = as_person(&app, &link, &member).await;
    let reply = first.open(&app, &back).await;
    let kept = reply
        .header_values("set-cookie")
        .find(|line| line.starts_with("wecom_state_"))
        .unwrap();
    assert!(kept.contains("; Max-Age=600;"), "{kept}");
    assert!(browser.cookie(&name).is_some());
    app.stop().await;
}

/// The callback and the choice may each be repeated, alone and at the same time, whichever answer the browser got.
pub(crate) async fn choice_repeats_for_a_minute(adapter: &dyn Adapter) {
    let binder = OneUser::default();
    let given = binder.clone();
    let app = TestApp::from_auths_directory()
        .adapter(adapter)
        .configure(|builder| builder.binder(given))
        .start()
        .await;
    let (other, member) = (app.open_corp(), app.member(COMPANY_A));
    binder
        .0
        .lock()
        .unwrap()
        .push(principal(&other, &app.member(&other)));
    let calls = || app.sandbox.calls("auth/getuserinfo");
    let mut browser = Browser::new();
    let link = browser
        .begin(&app, &format!("corpId={COMPANY_A}&returnTo=/a"))
        .await;
    let back = as_person(&app, &link, &member).await;
    let before = calls();
    let mut tabs = vec![browser.clone(); 3];
    let [one, two, three] = tabs.as_mut_slice() else {
        unreachable!()
    };
    let replies = tokio::join!(
        one.open(&app, &back),
        two.open(&app, &back),
        three.open(&app, &back)
    );
    let list = replies.0.header("location").unwrap().to_owned();
    for reply in [&replies.0, &replies.1, &replies.2] {
        assert_eq!(
            (reply.status, reply.header("location")),
            (303, Some(list.as_str()))
        );
    }
    assert_eq!(calls(), before + 1);
    // Each of the browsers has the page, and the choice in one of them is the choice of all.
    let links = links(&tabs[1].open(&app, &list).await);
    let (mut first, mut second, mut third) = (tabs[0].clone(), tabs[1].clone(), tabs[2].clone());
    let replies = tokio::join!(
        first.open(&app, &links[1]),
        second.open(&app, &links[1]),
        third.open(&app, &links[1])
    );
    let token = first.cookie("wecom_login").unwrap().to_owned();
    for (reply, browser) in [
        (&replies.0, &first),
        (&replies.1, &second),
        (&replies.2, &third),
    ] {
        assert_eq!((reply.status, reply.header("location")), (303, Some("/a")));
        assert_eq!(browser.cookie("wecom_login"), Some(token.as_str()));
    }
    // Not the other corp, and nothing once the session has ended.
    is_page(
        &tabs[0].clone().open(&app, &links[0]).await,
        401,
        "This login is no longer valid",
    );
    assert_eq!(tabs[0].clone().open(&app, &links[1]).await.status, 303);
    app.send(TestRequest::post("/logout").bearer(&token))
        .await
        .assert_no_content();
    is_page(
        &tabs[0].clone().open(&app, &links[1]).await,
        401,
        "This login is no longer valid",
    );
    app.stop().await;
}
