//! URL verification.

use super::Target;
use super::notify::{echoes, records};
use super::rows::refused;
use crate::TestRequest;
use crate::auths::{self, COMPANY_A, PROVIDER, SECOND_SUITE, SUITE};
use crate::push::Push;

pub(super) async fn url_verification_echoes_for_known_receiveids(target: Target) {
    let app = target.app().start().await;
    for suite in [SUITE, SECOND_SUITE] {
        let (delivery, verified) = app.sandbox.verify(suite).await.unwrap();
        assert!(verified, "{delivery:?}");
    }
    let before = app.settled_records().await.len();
    for path in [
        "/notify",
        "/QywxProxyDefault/notify",
        "/Closed/notify",
        "/auths.QywxProxyDefault/notify",
    ] {
        for receive_id in [SUITE, PROVIDER, COMPANY_A] {
            let push = Push::new(receive_id, "1616140317555161061").path(path);
            echoes(&app.send(push.get()).await, "1616140317555161061");
        }
    }
    let head = Push::new(SUITE, "echo").get();
    let head = TestRequest::new("HEAD", head.target());
    let head = app.send(head).await;
    assert_eq!(
        (head.status, head.header("content-length")),
        (200, Some("4"))
    );
    for text in ["a", "A_-9", &"x".repeat(64)] {
        echoes(&app.send(Push::new(SUITE, text).get()).await, text);
    }
    let mut refusals = Vec::new();
    for receive_id in [
        "",
        "wwnobody0000000001",
        SECOND_SUITE,
        &app.open_corps()[1],
        "ww wrong",
        &format!("{SUITE}x"),
    ] {
        refusals.push(app.send(Push::new(receive_id, "echo").get()).await);
    }
    for text in [
        "",
        "a b",
        "<xml/>",
        "a\n",
        "企业",
        "a.b",
        &"x".repeat(65),
        "{}",
    ] {
        refusals.push(app.send(Push::new(SUITE, text).get()).await);
    }
    // A captured POST, replayed as a URL verification, would be echoed decrypted.
    let ticket = Push::suite_event(SUITE, "suite_ticket", 1, &[("SuiteTicket", "hush")]);
    refusals.push(app.send(ticket.get()).await);
    refusals.push(
        app.send(Push::new(SUITE, "echo").keys(auths::foreign_keys()).get())
            .await,
    );
    refusals.push(
        app.send(Push::new(SUITE, "echo").path("/Second/notify").get())
            .await,
    );
    for reply in &refusals {
        refused(reply, 403);
    }
    assert_eq!(
        records(&app).await,
        before,
        "a URL verification stores nothing"
    );
    app.stop().await;
}

pub(super) async fn url_verification_without_provider_accepts_any_receiveid(target: Target) {
    let app = target.app().authorized(&[]).start().await;
    for path in ["/notify", "/Second/notify"] {
        let push = |receive_id: &str, text: &str| {
            Push::new(receive_id, text)
                .keys(auths::second_keys())
                .path(path)
                .get()
        };
        for receive_id in [SECOND_SUITE, "", "wwanybody", "A_-9", &"x".repeat(64)] {
            echoes(&app.send(push(receive_id, "echo")).await, "echo");
        }
        for receive_id in ["ww wrong", "a.b", "企业", &"x".repeat(65)] {
            refused(&app.send(push(receive_id, "echo")).await, 403);
        }
        refused(&app.send(push(SECOND_SUITE, "<xml/>")).await, 403);
    }
    app.stop().await;
}
