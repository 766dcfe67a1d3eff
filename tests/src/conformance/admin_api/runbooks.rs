//! The runbooks' steps in the operator's API.

use serde_json::json;

use super::{names_field, post, post_nothing};
use crate::auths::{COMPANY_A, SECOND_SUITE, SUITE};
use crate::conformance::Target;
use crate::conformance::rows::has_fields;

pub(in crate::conformance) async fn admin_makes_a_link_with_its_qr_code(target: Target) {
    let app = target.app().start().await;
    let body = json!({"suiteIds": [SUITE], "state": "campaign1"});
    let link = post(&app, "links", body).await.success();
    has_fields(&link, &["url", "expiresAt", "qrCode"]);
    assert!(link["url"].as_str().unwrap().starts_with("http"));
    assert!(link["qrCode"].as_str().unwrap().contains("<svg"));
    assert!(link["expiresAt"].as_i64().unwrap() > app.now_millis());
    let _ = post(&app, "links", json!({"suiteIds": [SUITE]}))
        .await
        .success();
    for body in [
        json!({}),
        json!({"suiteIds": []}),
        json!({"suiteIds": SUITE}),
        json!({"suiteIds": [1]}),
        json!({"suiteIds": ["a b"]}),
        json!({"suiteIds": [SUITE, SUITE]}),
        json!({"suiteIds": ["dkunknown"]}),
    ] {
        names_field(&post(&app, "links", body).await, "suiteIds");
    }
    let body = json!({"suiteIds": [SUITE], "state": "a b"});
    names_field(&post(&app, "links", body).await, "state");
    // That suite has no provider.
    assert_eq!(
        post(&app, "links", json!({"suiteIds": [SECOND_SUITE]}))
            .await
            .problem(),
        (500, "CONFIG_ERROR".to_owned())
    );
    app.stop().await;
}

pub(in crate::conformance) async fn admin_ends_all_sessions_and_rotates_keys(target: Target) {
    let app = target.app().start().await;
    let open = app.open_corp();
    let tokens = [
        app.token(COMPANY_A, &app.member(COMPANY_A)).await,
        app.token(&open, &app.member(&open)).await,
    ];
    let report = post_nothing(&app, "rotateKeys").await.success();
    has_fields(
        &report,
        &["resealed", "unreadable", "retired", "stillActive"],
    );
    assert_eq!(report["unreadable"], 0);
    for token in &tokens {
        assert_eq!(app.hello_status(token).await, 200);
    }
    post_nothing(&app, "endAllSessions")
        .await
        .assert_no_content();
    for token in &tokens {
        assert_eq!(app.hello_status(token).await, 401);
    }
    app.stop().await;
}
