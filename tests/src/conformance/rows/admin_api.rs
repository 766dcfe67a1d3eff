//! Rows of the operator's API.

use serde_json::json;

use super::bodies::PARAMS;
use super::{Expect, Given, Row, row};
use crate::TestRequest;
use crate::app::ADMIN_KEY;

/// Route, method and path of each request of the API.
const REQUESTS: &[(&str, &str, &str)] = &[
    ("/admin/api/corps", "GET", "corps"),
    ("/admin/api/corps/{corpId}", "GET", "corps/wwnobody"),
    (
        "/admin/api/corps/{corpId}/read",
        "POST",
        "corps/wwnobody/read",
    ),
    (
        "/admin/api/corps/{corpId}/decide",
        "POST",
        "corps/wwnobody/decide",
    ),
    (
        "/admin/api/corps/{corpId}/endSessions",
        "POST",
        "corps/wwnobody/endSessions",
    ),
    (
        "/admin/api/corps/{corpId}/alias",
        "POST",
        "corps/wwnobody/alias",
    ),
    (
        "/admin/api/corps/{corpId}/setCode",
        "POST",
        "corps/wwnobody/setCode",
    ),
    (
        "/admin/api/corps/{corpId}/code",
        "DELETE",
        "corps/wwnobody/code",
    ),
    (
        "/admin/api/corps/{corpId}/machines",
        "GET",
        "corps/wwnobody/machines",
    ),
    ("/admin/api/machines/{id}", "DELETE", "machines/nobody"),
    ("/admin/api/records", "GET", "records"),
    ("/admin/api/records/{id}", "GET", "records/4000000"),
    (
        "/admin/api/records/{id}/retry",
        "POST",
        "records/4000000/retry",
    ),
    (
        "/admin/api/records/{id}/release",
        "POST",
        "records/4000000/release",
    ),
    ("/admin/api/people", "GET", "people"),
    ("/admin/api/people/{userId}", "GET", "people/nobody"),
    ("/admin/api/people/{userId}", "DELETE", "people/nobody"),
    (
        "/admin/api/people/{userId}/endSessions",
        "POST",
        "people/nobody/endSessions",
    ),
    ("/admin/api/audit", "GET", "audit"),
    ("/admin/api/doctor", "GET", "doctor"),
    ("/admin/api/links", "POST", "links"),
    ("/admin/api/import", "POST", "import"),
    ("/admin/api/export", "GET", "export"),
    ("/admin/api/endAllSessions", "POST", "endAllSessions"),
    ("/admin/api/rotateKeys", "POST", "rotateKeys"),
];

pub(super) fn admin_api(given: &Given) -> Vec<Row> {
    let mut rows = Vec::new();
    for &(route, method, path) in REQUESTS {
        let path = format!("/admin/api/{path}");
        let ask = || TestRequest::new(method, path.clone());
        let forbidden = || Expect::Problem(403, "FORBIDDEN");
        rows.push(row(route, ask(), forbidden()));
        rows.push(row(route, ask().bearer(&given.token), forbidden()));
        rows.push(row(route, ask().cookie(ADMIN_KEY), forbidden()));
        rows.push(row(route, ask().bearer(&ADMIN_KEY[1..]), forbidden()));
        let with_query = TestRequest::new(method, format!("{path}?nonsense=1"));
        rows.push(row(route, with_query.bearer(ADMIN_KEY), PARAMS));
        // The lines of an import are answered one by one.
        if method == "POST" && path != "/admin/api/import" {
            let extra = ask().bearer(ADMIN_KEY).json(&json!({"nonsense": 1}));
            rows.push(row(route, extra, PARAMS));
        }
    }
    for (route, list) in [
        ("/admin/api/corps", "corps"),
        ("/admin/api/records", "records"),
        ("/admin/api/people", "people"),
        ("/admin/api/audit", "audit"),
    ] {
        let fields: &'static [&'static str] = match list {
            "corps" => &["corps"],
            "records" => &["records"],
            "audit" => &["audit"],
            _ => &["people"],
        };
        let all = TestRequest::get(format!("{route}?limit=500")).bearer(ADMIN_KEY);
        rows.push(row(route, all, Expect::Fields(fields)));
        let head = TestRequest::new("HEAD", route).bearer(ADMIN_KEY);
        rows.push(row(route, head, Expect::Head));
    }
    let doctor = "/admin/api/doctor";
    let examine = TestRequest::get(doctor).bearer(ADMIN_KEY);
    rows.push(row(doctor, examine, Expect::Fields(&["status", "checks"])));
    let head = TestRequest::new("HEAD", doctor).bearer(ADMIN_KEY);
    rows.push(row(doctor, head, Expect::Head));
    rows
}
