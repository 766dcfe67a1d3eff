//! The pages of the console, timed one by one.

use std::time::Instant;

use wecom_login::WecomLogin;
use wecom_login_tests::app::{ADMIN_KEY, SUITE};
use wecom_login_tests::measure::Latencies;
use wecom_login_tests::{TestApp, TestRequest};

const ROUNDS: usize = 40;

/// Prints how long each page takes, from the request to the whole answer, without a network.
pub(crate) async fn print_pages(node: &TestApp, login: &WecomLogin) {
    let form = TestRequest::post("/admin/login")
        .header("sec-fetch-site", "same-origin")
        .body(format!("adminKey={ADMIN_KEY}"));
    let entered = node.call_on(login, form).await;
    let cookie = entered.header("set-cookie").unwrap();
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let corp = node.corp(1);
    let record = node
        .number("SELECT MAX(id) FROM wecom_callback_record")
        .await;
    let of_corp = format!("suiteId={SUITE}&corpId={corp}");
    for path in [
        String::new(),
        "/corps".to_owned(),
        "/corps?q=%E5%85%AC%E5%8F%B8".to_owned(),
        "/corps?q=nobody".to_owned(),
        "/corps?status=broken".to_owned(),
        format!("/corps/{corp}"),
        format!("/corps/{corp}/endSessions"),
        "/people".to_owned(),
        "/people?q=user-77".to_owned(),
        "/people?q=nobody".to_owned(),
        format!("/people?{of_corp}"),
        format!("/people?q=77&{of_corp}"),
        "/records".to_owned(),
        "/records?status=failed".to_owned(),
        "/records?event=unsubscribe&within=day".to_owned(),
        format!("/records?{of_corp}"),
        format!("/records/{record}"),
        "/audit".to_owned(),
        "/audit?action=loginRefused".to_owned(),
        format!("/audit?{of_corp}"),
        "/audit?who=nobody".to_owned(),
        "/links".to_owned(),
        "/service".to_owned(),
    ] {
        let mut took = Latencies::default();
        let mut first = None;
        for _ in 0..ROUNDS {
            let request = TestRequest::get(format!("/admin{path}")).header("cookie", &*cookie);
            let asked = Instant::now();
            let page = node.call_on(login, request).await;
            first.get_or_insert_with(|| asked.elapsed());
            took.add(asked.elapsed());
            assert_eq!(page.status, 200, "{path}: {}", page.text());
        }
        println!("  /admin{path}: {took}, the first {:?}", first.unwrap());
    }
}
