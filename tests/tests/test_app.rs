//! The harness itself: an app starts, a member logs in, everything stops.

use wecom_login_tests::adapter::{AxumAdapter, HOST_404};
use wecom_login_tests::auths::COMPANY_A;
use wecom_login_tests::{Layout, TestApp, TestRequest};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn test_app_starts_and_stops_in_every_layout() {
    for layout in Layout::ALL {
        let app = TestApp::from_auths_directory()
            .adapter(&AxumAdapter)
            .layout(layout)
            .start()
            .await;
        let member = app.member(COMPANY_A);
        let token = app.token(COMPANY_A, &member).await;
        assert_eq!(app.hello_status(&token).await, 200);
        let unknown = app.send_to_host(TestRequest::get("/nowhere")).await;
        assert_eq!((unknown.status, unknown.text()), (404, HOST_404));
        assert!(
            app.settled_records()
                .await
                .iter()
                .all(|record| record["status"] == "succeeded")
        );
        app.stop().await;
    }
}
