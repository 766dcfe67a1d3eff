//! The check of a callback URL.

use super::Stage;
use super::notify::{echoes, records};
use super::rows::refused;
use crate::auths::{self, COMPANY_A, PROVIDER, SECOND_SUITE, SUITE};
use crate::client::Ask;
use crate::push::Push;
use crate::setup::Setup;

pub(super) async fn the_url_check(stage: Stage) {
    let world = stage.world(Setup::new()).await;
    for suite in [SUITE, SECOND_SUITE] {
        let (delivery, verified) = world.sandbox.verify(suite).await.unwrap();
        assert!(verified, "{delivery:?}");
    }
    let before = world.settled_records().await.len();
    for path in [
        "/notify",
        "/QywxProxyDefault/notify",
        "/Closed/notify",
        "/auths.QywxProxyDefault/notify",
    ] {
        for receive_id in [SUITE, PROVIDER, COMPANY_A] {
            let push = Push::new(receive_id, "1616140317555161061").path(path);
            echoes(&world.ours(push.get()).await, "1616140317555161061");
        }
    }
    let head = Push::new(SUITE, "echo").get();
    let head = Ask::new("HEAD", head.target());
    let head = world.ours(head).await;
    assert_eq!(
        (head.status, head.header("content-length")),
        (200, Some("4"))
    );
    for text in ["a", "A_-9", &"x".repeat(64)] {
        echoes(&world.ours(Push::new(SUITE, text).get()).await, text);
    }
    let mut refusals = Vec::new();
    for receive_id in [
        "",
        "wwnobody0000000001",
        SECOND_SUITE,
        &world.open_corps()[1],
        "ww wrong",
        &format!("{SUITE}x"),
    ] {
        refusals.push(world.ours(Push::new(receive_id, "echo").get()).await);
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
        refusals.push(world.ours(Push::new(SUITE, text).get()).await);
    }
    // A captured POST, sent again as a URL check, would come back decrypted.
    let ticket = Push::suite_event(SUITE, "suite_ticket", 1, &[("SuiteTicket", "hush")]);
    refusals.push(world.ours(ticket.get()).await);
    refusals.push(
        world
            .ours(Push::new(SUITE, "echo").keys(auths::foreign_keys()).get())
            .await,
    );
    refusals.push(
        world
            .ours(Push::new(SUITE, "echo").path("/Second/notify").get())
            .await,
    );
    for reply in &refusals {
        refused(reply, 403);
    }
    assert_eq!(
        records(&world).await,
        before,
        "a URL check leaves nothing behind"
    );
    world.end().await;
}

pub(super) async fn a_url_check_without_provider(stage: Stage) {
    let world = stage.world(Setup::new().installed(&[])).await;
    for path in ["/notify", "/Second/notify"] {
        let push = |receive_id: &str, text: &str| {
            Push::new(receive_id, text)
                .keys(auths::second_keys())
                .path(path)
                .get()
        };
        for receive_id in [SECOND_SUITE, "", "wwanybody", "A_-9", &"x".repeat(64)] {
            echoes(&world.ours(push(receive_id, "echo")).await, "echo");
        }
        for receive_id in ["ww wrong", "a.b", "企业", &"x".repeat(65)] {
            refused(&world.ours(push(receive_id, "echo")).await, 403);
        }
        refused(&world.ours(push(SECOND_SUITE, "<xml/>")).await, 403);
    }
    world.end().await;
}
