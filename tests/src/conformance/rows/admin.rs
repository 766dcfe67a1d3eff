//! Rows of the admin routes.

use serde_json::json;

use super::bodies::{PARAMS, broken_bodies};
use super::{Expect, Given, Row, row};
use crate::TestRequest;
use crate::app::ADMIN_KEY;

pub(super) fn admin(given: &Given) -> Vec<Row> {
    use Expect::{Fields, Head, NoContent, Problem};
    let keyed = |ask: TestRequest| ask.bearer(ADMIN_KEY);
    let corp = &given.corp;
    let records = "/callbackRecords";
    let mut rows = vec![
        row(
            "/corps",
            keyed(TestRequest::get("/corps")),
            Fields(&["corps"]),
        ),
        row("/corps", keyed(TestRequest::new("HEAD", "/corps")), Head),
        row(
            records,
            keyed(TestRequest::get(records)),
            Fields(&["records"]),
        ),
        row(records, keyed(TestRequest::new("HEAD", records)), Head),
        row(
            "/setCode",
            keyed(
                TestRequest::post("/setCode").json(&json!({"corpId": corp, "code": "Row-Code_1"})),
            ),
            NoContent,
        ),
        row(
            "/setCode",
            keyed(
                TestRequest::post("/setCode").json(&json!({"corpId": "wwother", "code": "other"})),
            ),
            Problem(403, "CORP_NOT_AUTHORIZED"),
        ),
        row(
            "/getLoginConfigByCode",
            TestRequest::get("/getLoginConfigByCode?code=row-code_1"),
            Fields(&["corpId", "agentId"]),
        ),
        row(
            "/getLoginConfig",
            TestRequest::get("/getLoginConfig?code=ROW-CODE_1"),
            Fields(&["corpId", "agentId"]),
        ),
    ];
    for (route, ask) in [
        ("/corps", TestRequest::get("/corps")),
        (records, TestRequest::get(records)),
        (
            "/setCode",
            TestRequest::post("/setCode").json(&json!({"corpId": corp, "code": "abc"})),
        ),
        (
            "/retryCallBack",
            TestRequest::post("/retryCallBack").json(&json!({"recordId": 1})),
        ),
        (
            "/admin/api/corps/{corpId}/accessToken",
            TestRequest::post(format!("/admin/api/corps/{corp}/accessToken")),
        ),
    ] {
        let forbidden = || Problem(403, "FORBIDDEN");
        rows.push(row(route, ask.clone(), forbidden()));
        rows.push(row(route, ask.clone().bearer(&given.token), forbidden()));
        rows.push(row(route, ask.clone().cookie(ADMIN_KEY), forbidden()));
        rows.push(row(
            route,
            ask.clone()
                .header("authorization", format!("Basic {ADMIN_KEY}")),
            forbidden(),
        ));
        rows.push(row(route, ask.bearer(&ADMIN_KEY[1..]), forbidden()));
    }
    rows.push(row(
        "/corps",
        TestRequest::get(format!("/corps?key={ADMIN_KEY}&access_token={ADMIN_KEY}")),
        Problem(403, "FORBIDDEN"),
    ));
    for query in [
        "status=done",
        "status=",
        "status=Waiting",
        "limit=0",
        "limit=-1",
        "limit=x",
        "limit=1.5",
        "limit=",
        "limit=1&limit=1",
        "limit=%2B1",
        "before=0",
        "before=-1",
        "before=x",
        "before=9223372036854775808",
        "before=01",
        "x=1",
        "offset=1",
    ] {
        rows.push(row(
            records,
            keyed(TestRequest::get(format!("{records}?{query}"))),
            PARAMS,
        ));
    }
    for query in [
        "status=waiting",
        "status=running",
        "status=succeeded",
        "status=failed",
        "status=ignored",
        "limit=1",
        "limit=500",
        "limit=501",
        "limit=99999999999999999999999",
        "before=1",
        "before=9223372036854775807",
        "limit=2&status=succeeded&before=3",
    ] {
        rows.push(row(
            records,
            keyed(TestRequest::get(format!("{records}?{query}"))),
            Fields(&["records"]),
        ));
    }
    for record_id in [
        json!(0),
        json!(-1),
        json!(1.0),
        json!(1.5),
        json!(1e3),
        json!(9_223_372_036_854_775_808_u64),
        json!(null),
        json!(true),
        json!([1]),
        json!(""),
        json!("0"),
        json!("01"),
        json!("-1"),
        json!("+1"),
        json!(" 1"),
        json!("1 "),
        json!("1.0"),
        json!("0x1"),
        json!("9223372036854775808"),
    ] {
        let ask = TestRequest::post("/retryCallBack").json(&json!({"recordId": record_id}));
        rows.push(row("/retryCallBack", keyed(ask), PARAMS));
    }
    for record_id in [
        json!(i64::MAX),
        json!(i64::MAX.to_string()),
        json!(4_000_000),
    ] {
        let ask = TestRequest::post("/retryCallBack").json(&json!({"recordId": record_id}));
        rows.push(row(
            "/retryCallBack",
            keyed(ask),
            Problem(404, "RECORD_NOT_FOUND"),
        ));
    }
    for code in ["a b", "企业", "a/b", "a.b", "a%", "-/-"] {
        let ask = TestRequest::post("/setCode").json(&json!({"corpId": corp, "code": code}));
        rows.push(row("/setCode", keyed(ask), PARAMS));
    }
    let long = json!({"corpId": corp, "code": "x".repeat(65)});
    rows.push(row(
        "/setCode",
        keyed(TestRequest::post("/setCode").json(&long)),
        PARAMS,
    ));
    let good = json!({"corpId": corp, "code": "abc"});
    let broken = broken_bodies("/setCode", &good)
        .into_iter()
        .map(|ask| row("/setCode", keyed(ask), PARAMS));
    rows.extend(broken);
    rows.push(row(
        "/retryCallBack",
        keyed(TestRequest::post("/retryCallBack")),
        PARAMS,
    ));
    rows.push(row(
        "/retryCallBack",
        keyed(TestRequest::post("/retryCallBack").json(&json!({"recordId": 1, "x": 1}))),
        PARAMS,
    ));
    rows
}
