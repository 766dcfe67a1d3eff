//! Rows of the routes that need a session.

use super::{Expect, Given, Row, row};
use crate::TestRequest;
use crate::app::ADMIN_KEY;

pub(super) fn session(given: &Given) -> Vec<Row> {
    use Expect::{Fields, Head, HeadProblem, Problem};
    let mut rows = vec![
        row(
            "/me",
            TestRequest::get("/me").bearer(&given.token),
            Fields(&["user", "session"]),
        ),
        row(
            "/me",
            TestRequest::new("HEAD", "/me").bearer(&given.token),
            Head,
        ),
        row("/me", TestRequest::new("HEAD", "/me"), HeadProblem(401)),
        row(
            "/me",
            TestRequest::get("/me").cookie(&given.token),
            Fields(&["user", "session"]),
        ),
        row(
            "/me",
            TestRequest::get(format!("/me?token={0}&access_token={0}", given.token)),
            Problem(401, "UNAUTHENTICATED"),
        ),
        row(
            "/sessions",
            TestRequest::get("/sessions").bearer(&given.token),
            Fields(&["sessions"]),
        ),
        row(
            "/sessions",
            TestRequest::new("HEAD", "/sessions").bearer(&given.token),
            Head,
        ),
    ];
    for query in [
        "",
        "?url=",
        "?url=/",
        "?url=https%3A%2F%2Fevil.example%2F",
        "?url=http%3A%2F%2F127.0.0.1%3A1%2F",
        "?corpId=ww1",
    ] {
        rows.push(row(
            "/jsConfig",
            TestRequest::get(format!("/jsConfig{query}")).bearer(&given.token),
            Problem(400, "API_PARAMS_ERROR"),
        ));
    }
    for id in ["1", "nobody", "%2e%2e", "..%2f", "%00", "%FF", "a%20b"] {
        let ask = TestRequest::new("DELETE", format!("/sessions/{id}")).bearer(&given.token);
        rows.push(row(
            "/sessions/{id}",
            ask,
            Problem(404, "SESSION_NOT_FOUND"),
        ));
    }
    for (route, method, path) in [
        ("/me", "GET", "/me"),
        ("/forwardAuth", "GET", "/forwardAuth"),
        ("/forwardAuth", "PROPFIND", "/forwardAuth/a/b"),
        ("/sessions", "GET", "/sessions"),
        ("/sessions/{id}", "DELETE", "/sessions/1"),
        ("/logout", "POST", "/logout"),
        ("/logoutAll", "POST", "/logoutAll"),
        ("/jsConfig", "GET", "/jsConfig?url=https://evil.example/"),
    ] {
        let ask = || TestRequest::new(method, path);
        let mut altered = given.token.clone().into_bytes();
        altered[10] = if altered.get(10) == Some(&b'A') {
            b'B'
        } else {
            b'A'
        };
        let altered = String::from_utf8(altered).unwrap();
        rows.push(row(route, ask(), Problem(401, "UNAUTHENTICATED")));
        rows.push(row(
            route,
            ask().header("authorization", "Basic YTpi"),
            Problem(401, "UNAUTHENTICATED"),
        ));
        rows.push(row(
            route,
            ask().bearer("nonsense"),
            Problem(401, "TOKEN_INVALID"),
        ));
        rows.push(row(
            route,
            ask().bearer(&altered),
            Problem(401, "TOKEN_INVALID"),
        ));
        rows.push(row(
            route,
            ask().bearer(ADMIN_KEY),
            Problem(401, "TOKEN_INVALID"),
        ));
    }
    for (route, method, path) in [
        ("/sessions/{id}", "DELETE", "/sessions/1"),
        ("/logout", "POST", "/logout"),
        ("/logoutAll", "POST", "/logoutAll"),
    ] {
        rows.push(row(
            route,
            TestRequest::new(method, path).cookie(&given.token),
            Problem(403, "CROSS_SITE"),
        ));
    }
    rows
}
