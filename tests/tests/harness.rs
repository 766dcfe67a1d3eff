//! The harness itself: a world starts, a person logs in, everything ends.

use wecom_login_tests::adapter::{AxumAdapter, HOST_404};
use wecom_login_tests::auths::COMPANY_A;
use wecom_login_tests::{Layout, TestApp, TestRequest};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_world_starts_and_ends_in_every_layout() {
    for layout in Layout::ALL {
        let world = TestApp::from_auths_directory()
            .adapter(&AxumAdapter)
            .layout(layout)
            .start()
            .await;
        let person = world.member(COMPANY_A);
        let token = world.token(COMPANY_A, &person).await;
        assert_eq!(world.hello_status(&token).await, 200);
        let unknown = world.send_to_host(TestRequest::get("/nowhere")).await;
        assert_eq!((unknown.status, unknown.text()), (404, HOST_404));
        assert!(
            world
                .settled_records()
                .await
                .iter()
                .all(|record| record["status"] == "succeeded")
        );
        world.stop().await;
    }
}
