//! Members of special kinds, and the binding policy.

use wecom_login::{BindingPolicy, CorpId, Principal, SuiteId, WecomUserId};
use wecom_sandbox::Fault;

use super::Target;
use crate::auths::{COMPANY_A, SUITE};
use crate::until;

pub(super) async fn special_members_log_in_only_if_linked(target: Target) {
    let app = target.app().start().await;
    for corp in [COMPANY_A.to_owned(), app.open_corp()] {
        let stranger = app
            .try_log_in(&corp, &app.special_member(&corp, "non-member"))
            .await;
        stranger.assert_problem(403, "NOT_CORP_MEMBER");
        let invisible = app
            .try_log_in(&corp, &app.special_member(&corp, "invisible"))
            .await;
        invisible.assert_problem(403, "USER_NOT_VISIBLE");
        assert_eq!(invisible.json()["errcode"], 60111);
        // A linked member's userid is `CorpId/userid`, taken as it is.
        let linked = app
            .log_in(&corp, &app.special_member(&corp, "linked"))
            .await;
        let third = linked["user"]["thirdUserId"].as_str().unwrap();
        assert!(third.contains('/') && linked["corpId"] == corp, "{linked}");
        let token = linked["token"].as_str().unwrap();
        assert_eq!(app.hello_status(token).await, 200);
    }
    app.stop().await;
}

pub(super) async fn linked_member_of_whom_wecom_cannot_say_anything_logs_in(target: Target) {
    let app = target.app().start().await;
    let linked = app.special_member(COMPANY_A, "linked");
    for (errcode, status) in [(60111, 200), (60011, 200), (48002, 200), (50002, 403)] {
        app.sandbox
            .fault(Fault::for_api("user/get").errcode(errcode))
            .unwrap();
        // Every login after a change_auth asks.
        app.sandbox.change(COMPANY_A).await.unwrap();
        let asked = app.sandbox.calls("user/get");
        until("a login asks WeCom", async || {
            let login = app.try_log_in(COMPANY_A, &linked).await;
            assert!([200, status].contains(&login.status), "{:?}", login.json());
            app.sandbox.calls("user/get") > asked && login.status == status
        })
        .await;
        app.sandbox.clear_faults();
    }
    app.stop().await;
}

pub(super) async fn corp_that_comes_back_keeps_its_users(target: Target) {
    let app = target.app().start().await;
    let member = app.member(COMPANY_A);
    let user_id = app.log_in(COMPANY_A, &member).await["userId"].clone();
    app.set_organization_code(COMPANY_A, "company-a").await;
    app.sandbox.cancel(COMPANY_A).await.unwrap();
    until("the data is erased", async || {
        app.number("SELECT COUNT(*) FROM wecom_departed_corp").await == 1
    })
    .await;
    app.install_corp(SUITE, COMPANY_A).await;
    assert_eq!(app.log_in(COMPANY_A, &member).await["userId"], user_id);
    let summary = app.corp_summary(SUITE, COMPANY_A).await.unwrap();
    assert_eq!(summary.org_code.as_deref(), Some("company-a"));
    app.stop().await;
}

pub(super) async fn bound_users_only_rejects_unbound_members(target: Target) {
    let setup = target
        .app()
        .configure(|builder| builder.binding_policy(BindingPolicy::BoundUsersOnly));
    let app = setup.start().await;
    let member = app.member(COMPANY_A);
    app.try_log_in(COMPANY_A, &member)
        .await
        .assert_problem(403, "USER_AUTH_MISS");
    let who = Principal::new(
        SuiteId::new(SUITE).unwrap(),
        CorpId::new(COMPANY_A).unwrap(),
        WecomUserId::new(&member).unwrap(),
    );
    app.login.admin().bind_user(&who, "user-17").await.unwrap();
    assert_eq!(app.log_in(COMPANY_A, &member).await["userId"], "user-17");
    // The same userid in another corp is another member.
    let other = app.open_corp();
    app.try_log_in(&other, &app.member(&other))
        .await
        .assert_problem(403, "USER_AUTH_MISS");
    app.stop().await;
}
