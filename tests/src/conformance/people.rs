//! People who are not simply members.

use wecom_login::{BindingPolicy, CorpId, Principal, SuiteId, WecomUserId};

use super::Stage;
use crate::auths::{COMPANY_A, SUITE};
use crate::setup::Setup;

pub(super) async fn special_people(stage: Stage) {
    let world = stage.world(Setup::new()).await;
    for corp in [COMPANY_A.to_owned(), world.open_corp()] {
        let stranger = world
            .try_log_in(&corp, &world.special(&corp, "non-member"))
            .await;
        stranger.is_problem(403, "NOT_CORP_MEMBER");
        let invisible = world
            .try_log_in(&corp, &world.special(&corp, "invisible"))
            .await;
        invisible.is_problem(403, "USER_NOT_VISIBLE");
        assert_eq!(invisible.json()["errcode"], 60111);
        // A linked person's userid is `CorpId/userid`, taken as it is.
        let linked = world.log_in(&corp, &world.special(&corp, "linked")).await;
        let third = linked["user"]["thirdUserId"].as_str().unwrap();
        assert!(third.contains('/') && linked["corpId"] == corp, "{linked}");
        let token = linked["token"].as_str().unwrap();
        assert_eq!(world.hello(token).await, 200);
    }
    world.end().await;
}

pub(super) async fn bound_users_only(stage: Stage) {
    let setup =
        Setup::new().configure(|builder| builder.binding_policy(BindingPolicy::BoundUsersOnly));
    let world = stage.world(setup).await;
    let person = world.person(COMPANY_A);
    world
        .try_log_in(COMPANY_A, &person)
        .await
        .is_problem(403, "USER_AUTH_MISS");
    let who = Principal::new(
        SuiteId::new(SUITE).unwrap(),
        CorpId::new(COMPANY_A).unwrap(),
        WecomUserId::new(&person).unwrap(),
    );
    world
        .login
        .service()
        .bind_user(&who, "user-17")
        .await
        .unwrap();
    assert_eq!(world.log_in(COMPANY_A, &person).await["userId"], "user-17");
    // The same userid in another company is another person.
    let other = world.open_corp();
    world
        .try_log_in(&other, &world.person(&other))
        .await
        .is_problem(403, "USER_AUTH_MISS");
    world.end().await;
}
