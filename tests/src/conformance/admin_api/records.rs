//! The inbox in the operator's API.

use serde_json::{Value, json};

use super::{all_pages, field, get, post_nothing};
use crate::TestRequest;
use crate::auths::{COMPANY_A, SUITE};
use crate::conformance::Target;
use crate::push::Push;

pub(in crate::conformance) async fn admin_lists_and_shows_records(target: Target) {
    let app = target.app().start().await;
    for number in 0..3 {
        let push = Push::suite_event(SUITE, "other_event", number, &[("Secret", "hush-hush")]);
        assert_eq!(app.post_push(&push).await.text(), "success");
    }
    app.wait_until_done().await;
    let all = all_pages(&app, "records", "").await;
    let count = app
        .number("SELECT COUNT(*) FROM wecom_callback_record")
        .await;
    assert_eq!(i64::try_from(all.len()).unwrap(), count);
    let ids: Vec<i64> = all
        .iter()
        .map(|record| record["recordId"].as_str().unwrap().parse().unwrap())
        .collect();
    assert!(ids.is_sorted_by(|newer, older| newer > older));
    let ignored = all_pages(&app, "records", "&status=ignored").await;
    assert_eq!(field(&ignored, "event"), ["other_event"; 3]);
    assert_eq!(
        all_pages(&app, "records", "&event=other_event").await,
        ignored
    );
    let of_corp = all_pages(&app, "records", &format!("&corpId={COMPANY_A}")).await;
    assert!(!of_corp.is_empty());
    assert!(of_corp.iter().all(|record| record["corpId"] == COMPANY_A));
    assert_eq!(
        all_pages(&app, "records", "&corpId=wwnobody").await,
        Vec::<Value>::new()
    );
    let (now, later) = (app.now_millis(), app.now_millis() + 1);
    let since = |time: i64| format!("&since={time}");
    assert_eq!(
        all_pages(&app, "records", &since(now - 3_600_000)).await,
        all
    );
    assert_eq!(
        all_pages(&app, "records", &since(later)).await,
        Vec::<Value>::new()
    );
    let id = ignored[0]["recordId"].as_str().unwrap();
    let shown = get(&app, &format!("records/{id}")).await.success();
    for (name, value) in ignored[0].as_object().unwrap() {
        assert_eq!(shown[name], *value, "{name}");
    }
    assert!(!shown.to_string().contains("hush-hush"));
    get(&app, "records/4000000")
        .await
        .assert_problem(404, "RECORD_NOT_FOUND");
    app.stop().await;
}

pub(in crate::conformance) async fn admin_retries_and_releases_records(target: Target) {
    let app = target.app().start().await;
    app.wait_until_done().await;
    let page = get(&app, "records?status=succeeded&limit=1")
        .await
        .success();
    let id = page["records"][0]["recordId"].as_str().unwrap().to_owned();
    for action in ["retry", "release"] {
        post_nothing(&app, &format!("records/{id}/{action}"))
            .await
            .assert_no_content();
        let with_body = TestRequest::post(format!("/admin/api/records/{id}/{action}"));
        app.send_as_admin(with_body.json(&json!({})))
            .await
            .assert_no_content();
        post_nothing(&app, &format!("records/4000000/{action}"))
            .await
            .assert_problem(404, "RECORD_NOT_FOUND");
    }
    // A record that a dead node holds: the lease is not waited for.
    let now = app.now_millis();
    app.database
        .execute(&format!(
            "UPDATE wecom_callback_record SET status = 'running', lease_owner = 'dead', lease_until = {} \
             WHERE id = {id}",
            now + 5_000
        ))
        .await;
    let shown = get(&app, &format!("records/{id}")).await.success();
    assert_eq!(shown["leaseOwner"], "dead");
    post_nothing(&app, &format!("records/{id}/retry"))
        .await
        .assert_problem(409, "RECORD_BUSY");
    post_nothing(&app, &format!("records/{id}/release"))
        .await
        .assert_no_content();
    let shown = get(&app, &format!("records/{id}")).await.success();
    assert_ne!(shown["leaseOwner"], "dead");
    app.stop().await;
}
