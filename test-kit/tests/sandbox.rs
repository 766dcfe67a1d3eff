//! A login through the sandbox.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use wecom_login::ErrorKind;
use wecom_login_test::wecom_sandbox::Fault;
use wecom_login_test::{CORP, TestLogin};

#[tokio::test]
async fn member_logs_in_by_a_code_and_loses_the_session_when_the_corp_cancels() {
    let test = TestLogin::builder().sandbox().start().await;
    let session = test.log_in("zhangwei").await;
    assert_eq!(test.sandbox().calls("auth/getuserinfo"), 1);
    let token = session.token().as_bytes().to_vec();
    let verified = test.handle().verify_token(&token).resolve().await.unwrap();
    assert_eq!(verified.unwrap().user.third_user_id().as_str(), "zhangwei");

    assert!(test.sandbox().cancel(CORP).await.unwrap().succeeded());
    loop {
        match test.handle().verify_token(&token).resolve().await {
            Ok(_) => tokio::task::yield_now().await,
            Err(error) => break assert_eq!(error.kind(), ErrorKind::TokenInvalid),
        }
    }
}

#[tokio::test]
#[should_panic(expected = "zhangwei cannot log in")]
async fn fault_of_wecom_is_told() {
    let test = TestLogin::builder().sandbox().start().await;
    let fault = Fault::for_api("auth/getuserinfo").errcode(40029);
    test.sandbox().fault(fault).unwrap();
    let _ = test.log_in("zhangwei").await;
}
