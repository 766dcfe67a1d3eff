//! The harness itself: a world starts, a person logs in, everything ends.

use wecom_login_tests::adapter::{AxumAdapter, HOST_404};
use wecom_login_tests::auths::COMPANY_A;
use wecom_login_tests::{Ask, Layout, Setup, World};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_world_starts_and_ends_in_every_layout() {
    for layout in Layout::ALL {
        let world = World::start(&AxumAdapter, layout, Setup::new()).await;
        let person = world.person(COMPANY_A);
        let token = world.token(COMPANY_A, &person).await;
        assert_eq!(world.hello(&token).await, 200);
        let unknown = world.host(Ask::get("/nowhere")).await;
        assert_eq!((unknown.status, unknown.text()), (404, HOST_404));
        assert!(
            world
                .settled_records()
                .await
                .iter()
                .all(|record| record["status"] == "succeeded")
        );
        world.end().await;
    }
}
