//! Types of the host app: one of its own, and one that wraps ours.

use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;
use wecom_login::element::{
    ElementFiles, LoginAttempt, LoginProvider, LoginProviderInstance, QywxProxyInstance,
    QywxProxyType, process_environment,
};
use wecom_login::{
    AuthenticatedMember, Binding, Builder, CorpId, Element, Error, ErrorKind, Principal, Profile,
    Result, SuiteId, UserBinder, WecomUserId,
};
use wecom_login_tests::app::principal;
use wecom_login_tests::auths::{COMPANY_A, SUITE};
use wecom_login_tests::{TestApp, TestRequest, TestResponse, send};

const OWN_TYPE: &str = "auths.loginTypes.PasswordType";

/// Logs in by a word.
struct Password;
struct PasswordInstance {
    word: String,
}

impl LoginProvider for Password {
    type Instance = PasswordInstance;

    fn full_name(&self) -> &str {
        OWN_TYPE
    }

    fn load(&self, files: &ElementFiles) -> Result<PasswordInstance> {
        let business = files.business(&process_environment)?;
        let word = business["word"].as_str().unwrap_or_default().to_owned();
        Ok(PasswordInstance { word })
    }
}

impl LoginProviderInstance for PasswordInstance {
    fn login_config(&self) -> serde_json::Map<String, Value> {
        [("hint".to_owned(), json!("a word"))].into_iter().collect()
    }

    async fn log_in(&self, attempt: &LoginAttempt) -> Result<AuthenticatedMember> {
        if attempt.code.expose() != self.word {
            return Err(Error::new(ErrorKind::CodeInvalid, "another word"));
        }
        let principal = Principal::new(
            SuiteId::new("password")?,
            attempt.corp_id.clone(),
            WecomUserId::new("somebody")?,
        );
        Ok(AuthenticatedMember::new(principal, Profile::default()))
    }
}

/// Ours, for members whose userid the business file does not ban. `answersCorp` is the corp that is answered.
struct WithBans {
    full_name: &'static str,
}
struct WithBansInstance {
    inner: QywxProxyInstance,
    banned: Vec<String>,
    answers_corp: Option<String>,
}

impl LoginProvider for WithBans {
    type Instance = WithBansInstance;

    fn full_name(&self) -> &str {
        self.full_name
    }

    fn load(&self, files: &ElementFiles) -> Result<WithBansInstance> {
        let business = files.business(&process_environment)?;
        let banned = business["banned"].as_array().into_iter().flatten();
        Ok(WithBansInstance {
            banned: banned
                .filter_map(|name| name.as_str().map(str::to_owned))
                .collect(),
            answers_corp: business["answersCorp"].as_str().map(str::to_owned),
            inner: QywxProxyType.load(files)?,
        })
    }
}

impl LoginProviderInstance for WithBansInstance {
    fn qywx_proxy(&self) -> Option<&QywxProxyInstance> {
        Some(&self.inner)
    }

    fn login_config(&self) -> serde_json::Map<String, Value> {
        let added = [("theme", json!("dark")), ("suiteId", json!("not ours"))];
        added
            .map(|(key, value)| (key.to_owned(), value))
            .into_iter()
            .collect()
    }

    async fn log_in(&self, attempt: &LoginAttempt) -> Result<AuthenticatedMember> {
        let mut member = self.inner.log_in(attempt).await?;
        if self
            .banned
            .contains(&member.principal.third_user_id.to_string())
        {
            return Err(Error::new(ErrorKind::UserAuthMiss, "banned"));
        }
        if let Some(corp) = &self.answers_corp {
            member.principal.corp_id = CorpId::new(corp)?;
        }
        Ok(member)
    }
}

/// An app whose unpinned instance of the first suite is edited, with an instance of [`Password`] beside it.
async fn app(edit: impl Fn(&mut Value, &mut Value), full_name: &'static str) -> (TestApp, TempDir) {
    app_with(&["QywxProxyDefault"], edit, full_name, |builder| builder).await
}

/// The same with these instances edited, and further settings.
async fn app_with(
    edited: &[&str],
    edit: impl Fn(&mut Value, &mut Value),
    full_name: &'static str,
    configure: impl FnOnce(Builder) -> Builder + Send,
) -> (TestApp, TempDir) {
    let auths = TempDir::new().unwrap();
    wecom_login_tests::auths::write(auths.path());
    for name in edited {
        let directory = auths.path().join(name);
        let business_name = format!("{name}.json");
        let read = |name: &str| -> Value {
            let text = fs::read_to_string(directory.join(name)).unwrap();
            serde_json::from_str(&text).unwrap()
        };
        let (mut element, mut business) = (read("e.json"), read(&business_name));
        edit(&mut element, &mut business);
        fs::write(directory.join("e.json"), element.to_string()).unwrap();
        fs::write(directory.join(business_name), business.to_string()).unwrap();
    }
    let own = auths.path().join("Word");
    fs::create_dir_all(&own).unwrap();
    let element = json!({"title": "Word", "type": OWN_TYPE});
    fs::write(own.join("e.json"), element.to_string()).unwrap();
    fs::write(own.join("Word.json"), r#"{"word": "sesame"}"#).unwrap();
    let app = TestApp::from_auths_directory().configure(|builder| {
        let builder = configure(builder).auths_dir(auths.path());
        let builder = builder.login_provider(WithBans { full_name });
        builder.login_provider(Password)
    });
    // Two corps are authorized by callbacks when it has started.
    (app.start().await, auths)
}

#[tokio::test]
async fn own_type_logs_in_and_has_names_of_its_own() {
    let (app, _auths) = app(|_, _| {}, "auths.loginTypes.Unused").await;
    let instance = app.login.instance("Word").unwrap();
    assert_eq!(instance.auth_type(), OWN_TYPE);
    assert_eq!(
        instance.auth_model_name(),
        "auths.loginTypes.PasswordType.PasswordAuthModel"
    );
    assert!(instance.auth_config().is_none());
    assert!(matches!(app.login.element(OWN_TYPE), Ok(Element::Type(_))));
    let Ok(Element::Model(model)) = app.login.element(instance.auth_model_name()) else {
        panic!("the model of the own Type")
    };
    assert_eq!(model.auth_type(), OWN_TYPE);
    let config = app.send(TestRequest::get("/Word/getLoginConfig")).await;
    assert_eq!(
        config.success(),
        json!({"isActive": true, "authType": OWN_TYPE, "hint": "a word"})
    );
    let log_in = async |word: &str| {
        let body = json!({"corpId": "wwany", "code": word});
        app.send(TestRequest::post("/Word/getLoginCode").json(&body))
            .await
    };
    assert_eq!(log_in("wrong").await.status, 401);
    let code = log_in("sesame").await.success();
    let body = json!({"loginCode": code["loginCode"]});
    let login = app
        .send(TestRequest::post("/loginByCode").json(&body))
        .await;
    assert_eq!(login.success()["user"]["thirdUserId"], "somebody");
    app.stop().await;
}

#[tokio::test]
async fn wrapped_type_of_the_official_name_keeps_suite_callbacks_and_logins() {
    wrapped("auths.loginTypes.QywxProxyType").await;
}

#[tokio::test]
async fn wrapped_type_of_another_name_keeps_suite_callbacks_and_logins() {
    wrapped("auths.loginTypes.WithBansType").await;
}

async fn wrapped(type_name: &'static str) {
    // The members of the sandbox are the same at every start.
    let probe = TestApp::from_auths_directory().start().await;
    let corp = probe.open_corp();
    let [banned, other] = [0, 1].map(|number| probe.sandbox.user_ids(&corp)[number].clone());
    probe.stop().await;
    let edit = |element: &mut Value, business: &mut Value| {
        element["type"] = type_name.into();
        business["banned"] = json!([banned]);
    };
    let (app, _auths) = app(edit, type_name).await;
    let instance = app.login.instance("QywxProxyDefault").unwrap();
    assert_eq!(instance.auth_type(), type_name);
    assert_eq!(instance.auth_config().unwrap().suite_id.as_str(), SUITE);
    assert!(app.login.element(instance.auth_model_name()).is_ok());
    let config = app
        .send(TestRequest::get("/QywxProxyDefault/getLoginConfig"))
        .await;
    assert_eq!(
        config.success(),
        json!({"suiteId": SUITE, "isActive": true, "authType": type_name, "theme": "dark"})
    );

    // From the workbench.
    let refused = app.try_log_in(&corp, &banned).await;
    assert_eq!(refused.problem(), (403, "USER_AUTH_MISS".to_owned()));
    let login = app.log_in(&corp, &other).await;
    assert_eq!(
        app.hello_status(login["token"].as_str().unwrap()).await,
        200
    );

    // By a login code.
    let code = async |user: &str| {
        let body = json!({"corpId": corp, "code": app.code(&corp, user)});
        let path = "/QywxProxyDefault/getLoginCode";
        app.send(TestRequest::post(path).json(&body)).await
    };
    assert_eq!(code(&banned).await.status, 403);
    let login_code = code(&other).await.success();
    let body = json!({"loginCode": login_code["loginCode"]});
    let login = app
        .send(TestRequest::post("/loginByCode").json(&body))
        .await;
    assert_eq!(login.status, 200);

    // In a browser.
    assert_eq!(browser_login(&app, &corp, &banned).await.status, 403);
    let logged_in = browser_login(&app, &corp, &other).await;
    assert_eq!(logged_in.status, 303);

    // What is pinned stays the official Type, unless that is the one that is wrapped.
    let user = app.member(COMPANY_A);
    assert_eq!(app.try_log_in(COMPANY_A, &user).await.status, 200);
    app.stop().await;
}

#[tokio::test]
async fn wrapped_instance_cannot_answer_a_member_of_another_corp() {
    let edit = |_: &mut Value, business: &mut Value| {
        business["answersCorp"] = COMPANY_A.into();
    };
    let (app, _auths) = app(edit, "auths.loginTypes.QywxProxyType").await;
    let corp = app.open_corp();
    let refused = app.try_log_in(&corp, &app.member(&corp)).await;
    assert_eq!(refused.problem(), (403, "CORP_MISMATCH".to_owned()));

    // In a browser: WeCom accepted the code, so the state is used up, and nobody sends the code again.
    let callback = browser_callback(&app, &corp, &app.member(&corp)).await;
    let refused = app.send_to_host(callback.clone()).await;
    assert_eq!(refused.status, 403, "{}", refused.text());
    let calls = app.sandbox.calls("auth/getuserinfo");
    let again = app.send_to_host(callback).await;
    assert!(
        again.status >= 400 && again.status != refused.status,
        "{again:?}"
    );
    assert_eq!(app.sandbox.calls("auth/getuserinfo"), calls);
    app.stop().await;
}

#[tokio::test]
async fn wrapped_instance_of_a_corp_is_asked_at_the_unpinned_one_too() {
    let probe = TestApp::from_auths_directory().start().await;
    let banned = probe.member(COMPANY_A);
    probe.stop().await;
    let edit = |element: &mut Value, business: &mut Value| {
        element["type"] = "auths.loginTypes.WithBansType".into();
        business["banned"] = json!([banned]);
    };
    let (app, _auths) = app_with(
        &["QywxProxyCompanyA"],
        edit,
        "auths.loginTypes.WithBansType",
        |builder| builder,
    )
    .await;
    for instance in ["QywxProxyCompanyA", "QywxProxyDefault"] {
        let body = json!({"corpId": COMPANY_A, "code": app.code(COMPANY_A, &banned)});
        let path = format!("/{instance}/getLoginCode");
        let refused = app.send(TestRequest::post(path).json(&body)).await;
        assert_eq!(refused.status, 403, "{instance}: {}", refused.text());
        assert_eq!(refused.problem(), (403, "USER_AUTH_MISS".to_owned()));
    }
    app.stop().await;
}

/// Binds every member to one user, who is also this member.
struct OneUser(Principal);

impl UserBinder for OneUser {
    async fn bind(&self, _: &AuthenticatedMember) -> Result<Binding> {
        Ok("one".into())
    }

    async fn find(&self, _: &Principal) -> Result<Option<String>> {
        Ok(Some("one".to_owned()))
    }

    async fn linked_principals(&self, _: &str, _: &Principal) -> Result<Vec<Principal>> {
        Ok(vec![self.0.clone()])
    }

    async fn unbind(&self, _: &Principal) -> Result<()> {
        Ok(())
    }

    async fn rebind(&self, _: &Principal, _: &Principal) -> Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn linked_corp_of_another_wrapped_instance_of_the_type_is_not_entered() {
    const TYPE: &str = "auths.loginTypes.WithBansType";
    let probe = TestApp::from_auths_directory().start().await;
    let banned = probe.member(COMPANY_A);
    probe.stop().await;
    // The pinned instance bans the person, the unpinned one nobody.
    let edit = |element: &mut Value, business: &mut Value| {
        element["type"] = TYPE.into();
        if business["corpId"] == COMPANY_A {
            business["banned"] = json!([banned]);
        }
    };
    let there = principal(SUITE, COMPANY_A, &banned);
    let both = ["QywxProxyDefault", "QywxProxyCompanyA"];
    let (app, _auths) = app_with(&both, edit, TYPE, |builder| builder.binder(OneUser(there))).await;
    let corp = app.open_corp();
    let body = json!({"corpId": corp, "code": app.code(&corp, &app.member(&corp))});
    let code = app
        .send(TestRequest::post("/QywxProxyDefault/getLoginCode").json(&body))
        .await
        .success();
    let listed: Vec<&Value> = code["corpList"]
        .as_array()
        .unwrap()
        .iter()
        .map(|corp| &corp["corpId"])
        .collect();
    assert_eq!(listed, [corp.as_str()]);
    let body = json!({"loginCode": code["loginCode"], "corpId": COMPANY_A});
    let refused = app
        .send(TestRequest::post("/loginByCode").json(&body))
        .await;
    assert_eq!(refused.problem(), (403, "CORP_NOT_IN_LIST".to_owned()));
    app.stop().await;
}

/// From `/login` to WeCom's page, a click there, and the callback.
async fn browser_login(app: &TestApp, corp: &str, user: &str) -> TestResponse {
    let callback = browser_callback(app, corp, user).await;
    app.send_to_host(callback).await
}

/// The callback that follows the click.
async fn browser_callback(app: &TestApp, corp: &str, user: &str) -> TestRequest {
    let ask = |target: &str| TestRequest::get(target).header("accept", "text/html");
    let begun = app
        .send_to_host(ask(&format!("/auth/login?corpId={corp}")))
        .await;
    assert_eq!(begun.status, 302, "{}", begun.text());
    let cookie = begun
        .header("set-cookie")
        .unwrap()
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    let link = begun
        .header("location")
        .unwrap()
        .split('#')
        .next()
        .unwrap()
        .to_owned();
    let target = link.strip_prefix(&app.sandbox.url()).unwrap();
    let at_wecom = TestRequest::get(format!("{target}&sandboxUser={user}"));
    let back = send(app.sandbox.addr(), &at_wecom).await;
    let back = back.header("location").unwrap();
    let callback = &back[back.find("/auth/callback").unwrap()..];
    ask(callback).header("cookie", cookie)
}
