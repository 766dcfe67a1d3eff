//! Login codes that enter another corp of the same user.

use std::sync::{Arc, Mutex};

use serde_json::json;
use wecom_login::{
    AuthenticatedMember, Binding, CorpId, LoginCodeRequest, OAuthCode, Principal, Result,
    UserBinder,
};

use super::Target;
use super::login_codes::{exchange, login_code};
use crate::app::principal;
use crate::auths::{CODES_OFF, CODES_STATE, COMPANY_A, SUITE};

/// Binds every member to one user, who is these people.
#[derive(Clone, Default)]
struct OneUser(Arc<Mutex<Vec<Principal>>>);

impl UserBinder for OneUser {
    async fn bind(&self, _: &AuthenticatedMember) -> Result<Binding> {
        Ok("one".into())
    }

    async fn find(&self, _: &Principal) -> Result<Option<String>> {
        Ok(Some("one".to_owned()))
    }

    async fn linked_principals(&self, _: &str, _: &Principal) -> Result<Vec<Principal>> {
        Ok(self.0.lock().unwrap().clone())
    }

    async fn unbind(&self, _: &Principal) -> Result<()> {
        Ok(())
    }

    async fn rebind(&self, _: &Principal, _: &Principal) -> Result<()> {
        Ok(())
    }
}

pub(super) async fn code_login_of_another_corp_holds_for_login_codes(target: Target) {
    let binder = OneUser::default();
    let given = binder.clone();
    let app = target
        .app()
        .authorized(&[(SUITE, COMPANY_A), (SUITE, CODES_OFF), (SUITE, CODES_STATE)])
        .configure(|builder| builder.binder(given))
        .start()
        .await;
    let open = app.open_corp();
    app.install_corp(SUITE, &open).await;
    let elsewhere =
        [COMPANY_A, CODES_OFF, CODES_STATE].map(|corp| principal(SUITE, corp, &app.member(corp)));
    *binder.0.lock().unwrap() = elsewhere.to_vec();
    let member = app.member(&open);
    for corp in [CODES_OFF, CODES_STATE] {
        let code = login_code(&app, "QywxProxyDefault", &open, &member).await;
        let listed: Vec<&str> = code["corpList"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|corp| corp["corpId"].as_str())
            .collect();
        assert_eq!(listed, [open.as_str(), COMPANY_A]);
        let body = json!({"loginCode": code["loginCode"], "corpId": corp});
        exchange(&app, &body)
            .await
            .assert_problem(403, "LOGIN_DISABLED");
    }
    let code = login_code(&app, "QywxProxyDefault", &open, &member).await;
    let body = json!({"loginCode": code["loginCode"], "corpId": COMPANY_A});
    assert_eq!(exchange(&app, &body).await.success()["corpId"], COMPANY_A);
    // A code that came with a state opens what asks for one, and no more.
    for (corp, opens) in [(CODES_STATE, true), (CODES_OFF, false)] {
        let code = OAuthCode::new(app.code(&open, &member));
        let request = LoginCodeRequest::new(CorpId::new(&*open).unwrap(), code);
        let instance = app.login.instance("QywxProxyDefault").unwrap();
        let made = instance.login_code(request.with_verified_state());
        let code = made.await.unwrap().login_code;
        let body = json!({"loginCode": code.expose(), "corpId": corp});
        let reply = exchange(&app, &body).await;
        if opens {
            assert_eq!(reply.success()["corpId"], corp);
        } else {
            reply.assert_problem(403, "LOGIN_DISABLED");
        }
    }
    app.stop().await;
}
