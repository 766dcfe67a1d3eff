//! The headers of every page.

use std::fmt::Write as _;

use wecom_login_tests::browser::BrowserSession;
use wecom_login_tests::process::DemoProcess;
use wecom_login_tests::{TestRequest, TestResponse};

use crate::layout::query;

/// The headers of every page are kept beside the pictures, and hold what a login page needs.
pub(crate) async fn every_page_has_strict_headers(session: &BrowserSession, app: &DemoProcess) {
    let corp = &app.authorized_corps().await[0];
    let mut all = String::new();
    for (target, status) in [
        ("/auth/login".to_owned(), 200),
        ("/auth/login?orgCode=nobody".to_owned(), 404),
        ("/auth/login?corpId=wwnobody".to_owned(), 403),
        (format!("/auth/login?corpId={}", corp.id), 302),
        (
            format!("/auth/login?corpId={}&mode=workbench", corp.id),
            302,
        ),
        ("/auth/callback".to_owned(), 400),
        (
            "/auth/callback?code=x&state=0123456789abcdef0123456789abcdef".to_owned(),
            403,
        ),
    ] {
        ours(app, &mut all, &target, "", status).await;
    }
    let login = format!("/auth/login?corpId={}", corp.id);
    ours(
        app,
        &mut all,
        &login,
        "wecom_logged_out=0123456789abcdef0123456789abcdef",
        200,
    )
    .await;
    // A member of two corps: to WeCom, back to the page of corps, and into one of them.
    let begun = ours(app, &mut all, &login, "", 302).await;
    let back = app
        .redirect_target(&format!(
            "{}&sandboxUser=wangfang",
            begun.header("location").unwrap()
        ))
        .await;
    let proven = ours(app, &mut all, &back, &cookies(&begun), 303).await;
    let list = proven.header("location").unwrap();
    let corps = ours(app, &mut all, list, &cookies(&proven), 200).await;
    let page = corps.text().replace("&amp;", "&");
    let link = page
        .split("<li><a href=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let entered = ours(app, &mut all, link, &cookies(&proven), 303).await;
    assert_eq!(entered.header("location"), Some("/"));
    let query = query(app).await;
    let oauth = format!("/connect/oauth2/authorize?response_type=code&{query}");
    let back = |link: &str| format!("{link}&sandboxUser={}", corp.member.0);
    let qr = format!("/wwlogin/sso/login?login_type=CorpApp&{query}");
    let nowhere = "frame-ancestors 'none'".to_owned();
    // WeCom's own is shown in panels.
    let in_the_app = format!("frame-ancestors {}", app.url);
    for (target, status, frames) in [
        (qr.clone(), 200, Some(&in_the_app)),
        (back(&qr), 302, None),
        (format!("{oauth}&scope=snsapi_base"), 200, Some(&nowhere)),
        (back(&format!("{oauth}&scope=snsapi_base")), 302, None),
        (
            back(&format!("{oauth}&scope=snsapi_privateinfo")),
            200,
            Some(&nowhere),
        ),
        (
            "/wwlogin/sso/login?appid=nobody".to_owned(),
            400,
            Some(&nowhere),
        ),
        (
            "/wwopen/customApp/authorize?key=nobody".to_owned(),
            404,
            Some(&nowhere),
        ),
        ("/sandbox".to_owned(), 200, Some(&nowhere)),
    ] {
        let reply = app
            .send_to_sandbox(TestRequest::get(&target).header("accept", "text/html"))
            .await;
        keep(&mut all, &format!("(sandbox) {target}"), &reply);
        assert_eq!(reply.status, status, "{target}");
        match frames {
            Some(frames) => assert_strict(&reply, frames),
            None => assert_eq!(
                reply.header("referrer-policy"),
                Some("no-referrer"),
                "{reply:?}"
            ),
        }
    }
    session.save_text(&all);
}

/// One of our pages, with these cookies.
async fn ours(
    app: &DemoProcess,
    all: &mut String,
    target: &str,
    cookies: &str,
    status: u16,
) -> TestResponse {
    let reply = app
        .send(
            TestRequest::get(target)
                .header("accept", "text/html")
                .header("cookie", cookies),
        )
        .await;
    keep(all, target, &reply);
    assert_eq!(reply.status, status, "{target}");
    assert_strict(&reply, "frame-ancestors 'none'");
    reply
}

/// The `Cookie` header that a browser sends after these `Set-Cookie` headers.
fn cookies(reply: &TestResponse) -> String {
    let given = reply
        .headers
        .iter()
        .filter(|(name, _)| name == "set-cookie");
    given
        .map(|(_, value)| value.split(';').next().unwrap())
        .collect::<Vec<_>>()
        .join("; ")
}

pub(crate) fn keep(all: &mut String, target: &str, reply: &TestResponse) {
    let _ = writeln!(all, "GET {target}: {}", reply.status);
    for (name, value) in &reply.headers {
        let _ = writeln!(all, "  {name}: {value}");
    }
}

pub(crate) fn assert_strict(reply: &TestResponse, frames: &str) {
    let policy = reply.header("content-security-policy").unwrap();
    for rule in ["default-src 'none'", "base-uri 'none'", frames] {
        assert!(policy.contains(rule), "{policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    for (name, value) in [
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert_eq!(reply.header(name), Some(value), "{reply:?}");
    }
}
