//! The table of rows: a request and its expected response.

mod admin;
mod admin_api;
mod anyone;
mod bodies;
mod callbacks;
mod console;
mod expect;
mod session;

use std::collections::BTreeSet;
use std::sync::Arc;

pub(super) use expect::{callback_headers, console_page, has_fields, refused};
use wecom_login::web::routes;

use self::admin::admin;
use self::admin_api::admin_api;
use self::anyone::{anyone, pages};
use self::callbacks::callbacks;
use self::console::console;
use self::expect::{Expect, check};
use self::session::session;
use super::Target;
use crate::TestRequest;
use crate::auths::COMPANY_A;

/// A row of the table.
#[derive(Clone, Debug)]
struct Row {
    /// The route of `wecom_login::web::routes`; none for unknown paths.
    route: Option<&'static str>,
    ask: TestRequest,
    expect: Expect,
}

/// The values that rows are made with.
struct Given {
    token: String,
    corp: String,
}

/// The routes with at least one row.
#[must_use]
pub fn routes_in_rows() -> BTreeSet<&'static str> {
    let given = Given {
        token: "t".repeat(40),
        corp: COMPANY_A.to_owned(),
    };
    written(&given).iter().filter_map(|row| row.route).collect()
}

/// Sends every row to one app. Gives their number, and those that failed.
pub(super) async fn run(target: Target) -> (usize, Vec<String>) {
    let app = Arc::new(target.app().start().await);
    let corp = COMPANY_A.to_owned();
    let given = Given {
        token: app.token(&corp, &app.member(&corp)).await,
        corp,
    };
    let calls = app.sandbox.calls("auth/getuserinfo");
    let mut rows = written(&given);
    rows.extend(methods());
    let mut failed = Vec::new();
    for (number, row) in rows.iter().enumerate() {
        // Each from another client address, so that no limit is reached.
        let ask =
            row.ask
                .clone()
                .forwarded_for(&format!("198.51.{}.{}", number / 250, number % 250));
        let reply = app.send(ask).await;
        let expect = row.expect.clone();
        if tokio::spawn(async move { check(&reply, &expect) })
            .await
            .is_err()
        {
            failed.push(format!(
                "row {:?} of {:?}, expected {:?}",
                row.ask, row.route, row.expect
            ));
        }
    }
    if app.sandbox.calls("auth/getuserinfo") != calls {
        failed.push("a row of the table reached WeCom with a code".to_owned());
    }
    assert_eq!(
        app.hello_status(&given.token).await,
        200,
        "no row revokes the session"
    );
    Arc::into_inner(app)
        .expect("every row has finished")
        .stop()
        .await;
    (rows.len(), failed)
}

/// Every route with every method that it does not accept.
fn methods() -> Vec<Row> {
    let all = [
        "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND",
    ];
    let mut rows = Vec::new();
    // A proxy may ask about any method.
    for route in routes().iter().filter(|route| !route.below) {
        let path = route
            .path
            .replace("{Instance}", "QywxProxyDefault")
            .replace("{id}", "1")
            .replace("{corpId}", COMPANY_A)
            .replace("{userId}", "nobody");
        for method in all.iter().filter(|method| !route.methods.contains(method)) {
            let (allow, plain) = (route.methods.join(", "), route.path.ends_with("/notify"));
            let expect = match *method {
                "HEAD" if !plain => Expect::HeadProblem(405),
                _ => Expect::NotAllowed { allow, plain },
            };
            rows.push(Row {
                route: Some(route.path),
                ask: TestRequest::new(method, path.clone()),
                expect,
            });
        }
    }
    rows
}

/// The rows written by hand. A new route needs some.
fn written(given: &Given) -> Vec<Row> {
    [
        anyone(given),
        pages(given),
        callbacks(),
        admin(given),
        admin_api(given),
        console(given),
        session(given),
        unknown_paths(),
    ]
    .concat()
}

fn row(route: &'static str, ask: TestRequest, expect: Expect) -> Row {
    Row {
        route: Some(route),
        ask,
        expect,
    }
}

fn unknown_paths() -> Vec<Row> {
    let unknown = [
        "/nope",
        "/me//",
        "/ME",
        "/%6De",
        "/me/x",
        "/sessions/1/x",
        "/notify//",
        "/x/y/notify",
        "/QywxProxyDefault",
        "/QywxProxyDefault/",
        "/QywxProxyDefault/me",
        "/QywxProxyDefault/getlogincode",
        "/QywxProxyDefault/getLoginConfig//",
        "/getLoginCode",
        "/.",
        "/me.json",
    ];
    // A path that a proxy's rules would not match must not be one of our routes.
    let empty_segments = [
        "//notify",
        "//getLoginConfig",
        "//me",
        "//setCode",
        "//sessions/1",
        "/sessions//1",
        "/sessions//",
    ];
    let rows = |path: &'static str, expect: Expect| {
        [TestRequest::get(path), TestRequest::post(path).body("{}")].map(|ask| Row {
            route: None,
            ask,
            expect: expect.clone(),
        })
    };
    let unknown = unknown
        .into_iter()
        .flat_map(|path| rows(path, Expect::Host404));
    unknown
        .chain(
            empty_segments
                .into_iter()
                .flat_map(|path| rows(path, Expect::NotFound)),
        )
        .collect()
}
