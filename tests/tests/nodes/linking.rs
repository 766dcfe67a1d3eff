//! Link tickets on several nodes.

use wecom_login::{
    CorpId, ErrorKind, FinishLoginRequest, LinkTicket, OAuthCode, WecomLogin, WorkbenchLoginRequest,
};
use wecom_login_tests::TestApp;
use wecom_login_tests::linking::{LINK_PAGE, LinkingBinder};

async fn ticket(app: &TestApp, corp: &str, member: &str) -> LinkTicket {
    let code = OAuthCode::new(app.sandbox.code(corp, member).unwrap());
    let request = WorkbenchLoginRequest::new(CorpId::new(corp).unwrap(), code);
    let error = app.login.service().login_by_workbench(request).await;
    let error = error.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UserAuthMiss);
    let link = error.link().unwrap();
    assert_eq!(link.url, LINK_PAGE);
    link.ticket.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn ticket_is_finished_once_on_whichever_node() {
    let binder = LinkingBinder::default();
    let given = binder.clone();
    let node = TestApp::builder()
        .configure(|builder| builder.binder(given))
        .start()
        .await;
    let corp = node.install(0).await;
    let member = node.user(0, 0);
    let given = binder.clone();
    let other = node
        .second_handle_with(|builder| builder.binder(given))
        .await;
    let finish = async |login: &WecomLogin, ticket: &LinkTicket| {
        let request = FinishLoginRequest::new(ticket.clone(), "7");
        login.service().finish_login(request).await
    };
    let made = ticket(&node, &corp, &member).await;
    let second = ticket(&node, &corp, &member).await;
    let finished = tokio::join!(
        finish(&node.login, &made),
        finish(&other, &made),
        finish(&other, &made),
    );
    let finished = [finished.0, finished.1, finished.2];
    let good = finished.iter().filter(|result| result.is_ok()).count();
    assert_eq!(good, 1, "{finished:?}");
    // A node that starts later knows it too: what is used is stored.
    other.shutdown().await;
    let later = node
        .second_handle_with(|builder| builder.binder(binder))
        .await;
    let again = finish(&later, &made).await.unwrap_err();
    assert_eq!(again.kind(), ErrorKind::LoginCodeInvalid);
    assert_eq!(finish(&later, &second).await.unwrap().user_id, "7");
    later.shutdown().await;
}
