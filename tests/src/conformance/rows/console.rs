//! Rows of the console: every page of the table, for whoever is not logged in.

use wecom_login::web::{Access, routes};

use super::{Expect, Given, Row, row};
use crate::TestRequest;
use crate::app::ADMIN_KEY;

pub(super) fn console(given: &Given) -> Vec<Row> {
    let mut rows = Vec::new();
    for route in routes() {
        if route.access != Access::Console {
            continue;
        }
        let path = route
            .path
            .replace("{corpId}", &given.corp)
            .replace("{userId}", "nobody")
            .replace("{id}", "1");
        for &method in route.methods {
            let ask = || TestRequest::new(method, path.clone());
            let own_page = || ask().header("sec-fetch-site", "same-origin");
            match (method, route.path) {
                ("GET", "/admin/login") => {
                    rows.push(row(route.path, ask(), Expect::ConsolePage(200)));
                }
                ("HEAD", "/admin/login") => rows.push(row(route.path, ask(), Expect::Head)),
                ("POST", login) => {
                    let form = |ask: TestRequest| {
                        ask.header("content-type", "application/x-www-form-urlencoded")
                            .body("formToken=x")
                    };
                    let other_site = ask().header("sec-fetch-site", "cross-site");
                    for refused in [ask(), other_site] {
                        rows.push(row(route.path, form(refused), Expect::ConsolePage(403)));
                    }
                    let status = if login == "/admin/login" { 400 } else { 401 };
                    rows.push(row(
                        route.path,
                        form(own_page()),
                        Expect::ConsolePage(status),
                    ));
                    let long = own_page().body("a".repeat(17 * 1024));
                    let refused =
                        Expect::ConsolePage(if login == "/admin/login" { 413 } else { 401 });
                    rows.push(row(route.path, long, refused));
                }
                _ => {
                    let with_cookie =
                        ask().header("cookie", format!("wecom_admin={ADMIN_KEY}; wecom_login=x"));
                    for refused in [
                        ask(),
                        ask().bearer(ADMIN_KEY),
                        ask().bearer(&given.token),
                        ask().cookie(&given.token),
                        with_cookie,
                    ] {
                        rows.push(row(route.path, refused, Expect::ToConsoleLogin));
                    }
                    if method == "GET" {
                        let linked = ask().header("sec-fetch-site", "cross-site");
                        rows.push(row(route.path, linked, Expect::ConsolePage(200)));
                    }
                }
            }
        }
    }
    rows
}
