//! The session cookie: which answers clear it, and which of several counts.

use super::Target;
use super::credentials::{clears_the_cookie, ended};
use crate::TestRequest;
use crate::auths::COMPANY_A;

/// A page polls while the browser logs in again: the late answer to the old cookie must not clear the new one.
pub(super) async fn fetch_clears_no_cookie(target: Target) {
    let app = target.app().start().await;
    let dead = ended(&app).await;
    let live = app.token(COMPANY_A, &app.member(COMPANY_A)).await;
    let prefix = target.layout.prefix();
    for path in [
        "/api/hello".to_owned(),
        "/api/public".to_owned(),
        "/api/replaced".to_owned(),
        format!("{prefix}/me"),
        format!("{prefix}/sessions"),
    ] {
        for stale in [dead.as_str(), "nonsense"] {
            let ask = || TestRequest::get(&path).cookie(stale);
            for fetch in [
                ask(),
                ask().header("accept", "*/*"),
                ask().header("sec-fetch-mode", "cors"),
                ask()
                    .header("sec-fetch-mode", "same-origin")
                    .header("accept", "text/html"),
                ask().header("sec-fetch-mode", "cors").bearer(&live),
            ] {
                let reply = app.send_to_host(fetch).await;
                assert_eq!(reply.header("set-cookie"), None, "{path}");
            }
            let navigation = ask().header("sec-fetch-mode", "navigate");
            clears_the_cookie(&app.send_to_host(navigation).await);
        }
    }
    // A logout is a person's wish, though a script sends it.
    for path in ["/logout", "/logoutAll"] {
        let logout = TestRequest::post(path)
            .cookie(&dead)
            .header("sec-fetch-mode", "cors")
            .header("sec-fetch-site", "same-origin");
        let reply = app.send(logout).await;
        reply.assert_problem(401, "TOKEN_INVALID");
        clears_the_cookie(&reply);
    }
    app.stop().await;
}

/// On plain http a browser may have several cookies of our name: of another path, or of a parent domain.
pub(super) async fn stale_cookie_before_the_good_one_does_not_win(target: Target) {
    let app = target.app().start().await;
    let dead = ended(&app).await;
    let live = app.token(COMPANY_A, &app.member(COMPANY_A)).await;
    for stale in [dead.as_str(), "nonsense"] {
        for cookies in [
            format!("wecom_login={stale}; wecom_login={live}"),
            format!("wecom_login={live}; wecom_login={stale}"),
        ] {
            let ask = |target: String| {
                TestRequest::get(target)
                    .header("cookie", cookies.clone())
                    .header("sec-fetch-mode", "navigate")
            };
            for path in [
                "/api/hello".to_owned(),
                format!("{}/me", target.layout.prefix()),
            ] {
                let reply = app.send_to_host(ask(path)).await;
                assert_eq!((reply.status, reply.header("set-cookie")), (200, None));
            }
        }
    }
    let logout = TestRequest::post("/logout")
        .header("cookie", format!("wecom_login={dead}; wecom_login={live}"))
        .header("sec-fetch-site", "same-origin");
    app.send(logout).await.assert_no_content();
    assert_eq!(app.hello_status(&live).await, 401);
    app.stop().await;
}
