//! Look-up by full name, and the getters of the reference page.

use serde_json::json;
use wecom_login::element::{META, QYWX_PROXY_AUTH_MODEL, QYWX_PROXY_SERVICE, QYWX_PROXY_TYPE};
use wecom_login::{CorpId, Element, ErrorKind, Platform, SuiteId};
use wecom_login_tests::auths::{COMPANY_A, SECOND_SUITE, SECRETS, SUITE};
use wecom_login_tests::{TestApp, app::principal};

#[tokio::test]
async fn every_name_that_is_handed_out_can_be_looked_up() {
    let app = TestApp::from_auths_directory().start().await;
    let login = &app.login;

    let Element::Meta(meta) = login.element(META).unwrap() else {
        panic!("Meta is the registry")
    };
    assert_eq!(meta.full_name(), "auths.loginTypes.Meta");
    assert_eq!(meta.type_names().collect::<Vec<_>>(), [QYWX_PROXY_TYPE]);
    assert!(meta.knows(QYWX_PROXY_TYPE) && !meta.knows("auths.loginTypes.Other"));

    let Element::Type(login_type) = login.element("auths.loginTypes.QywxProxyType").unwrap() else {
        panic!("the Type")
    };
    assert_eq!(login_type.full_name, QYWX_PROXY_TYPE);
    assert_eq!(login_type.auth_model_name, QYWX_PROXY_AUTH_MODEL);
    assert_eq!(meta.login_types().collect::<Vec<_>>(), [login_type]);

    let service = login.element("auths.loginTypes.QywxProxyType.services.QywxProxyAuthService");
    assert!(matches!(service.unwrap(), Element::Service(_)));
    assert_eq!(
        QYWX_PROXY_SERVICE,
        "auths.loginTypes.QywxProxyType.services.QywxProxyAuthService"
    );

    assert_eq!(login.instances().count(), 6);
    for instance in login.instances() {
        let Element::Instance(found) = login.element(instance.name()).unwrap() else {
            panic!("{} is an instance", instance.name())
        };
        assert_eq!(found.name(), instance.name());
        let short = instance.name().strip_prefix("auths.").unwrap();
        assert_eq!(login.instance(short).unwrap().name(), instance.name());
        let login_type = login.element(instance.auth_type());
        assert!(matches!(login_type, Ok(Element::Type(_))), "{instance:?}");
        let model = login.element(instance.auth_model_name());
        assert!(matches!(model, Ok(Element::Model(_))), "{instance:?}");
    }
    for unknown in [
        "",
        "auths",
        "auths.Nowhere",
        "QywxProxyDefault",
        "auths.loginTypes.Other",
        "auths.loginTypes.QywxProxyType.OtherModel",
        "auths.loginTypes.QywxProxyType.services.Other",
        "models.Users",
    ] {
        let error = login.element(unknown).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InstanceNotFound, "{unknown}");
    }
    app.stop().await;
}

#[tokio::test]
async fn auth_model_has_the_bindings() {
    let app = TestApp::from_auths_directory().start().await;
    let Element::Model(model) = app.login.element(QYWX_PROXY_AUTH_MODEL).unwrap() else {
        panic!("the model")
    };
    assert_eq!(model.full_name(), QYWX_PROXY_AUTH_MODEL);
    assert_eq!(model.auth_type(), QYWX_PROXY_TYPE);
    let member = principal(SUITE, COMPANY_A, "zhangwei");
    assert_eq!(model.user_of(&member).await.unwrap(), None);
    let sessions = app.login.sessions();
    let issued = sessions.issue(&member, Platform::Web).await.unwrap();
    assert_eq!(
        model.user_of(&member).await.unwrap().as_deref(),
        Some(issued.user.user_id())
    );
    app.stop().await;
}

#[tokio::test]
async fn getters_are_those_of_the_reference_page() {
    let app = TestApp::from_auths_directory().start().await;
    let instance = app.login.instance("QywxProxyCompanyA").unwrap();
    assert_eq!(instance.title(), "QywxProxyCompanyA");
    assert!(instance.is_active());
    assert_eq!(instance.auth_type(), "auths.loginTypes.QywxProxyType");
    assert_eq!(
        instance.auth_model_name(),
        "auths.loginTypes.QywxProxyType.QywxProxyAuthModel"
    );
    let shown = serde_json::to_value(instance.auth_config().unwrap()).unwrap();
    assert_eq!(
        shown,
        json!({"suiteId": SUITE, "suiteSecret": "******", "encodingAESKey": "******", "token": "******"})
    );
    let config = serde_json::to_value(instance.login_config().await.unwrap()).unwrap();
    assert_eq!(config["suiteId"], SUITE);
    assert_eq!(config["corpId"], COMPANY_A);
    assert_eq!(config["authType"], "auths.loginTypes.QywxProxyType");
    let printed = format!("{instance:?}");
    assert!(SECRETS.iter().all(|secret| !printed.contains(secret)));
    assert!(!app.login.instance("Closed").unwrap().is_active());
    app.stop().await;
}

#[tokio::test]
async fn instance_by_corp_id_is_the_one_that_serves_the_corp() {
    let app = TestApp::from_auths_directory().start().await;
    let service = app.login.service();
    let serving = async |corp: &str, suite: Option<&str>| {
        let suite_id = suite.map(|suite| SuiteId::new(suite).unwrap());
        let corp_id = CorpId::new(corp).unwrap();
        let found = service.instance_by_corp_id(&corp_id, suite_id.as_ref());
        found.await.map(|instance| instance.name().to_owned())
    };
    let open = app.open_corp();
    assert_eq!(
        serving(COMPANY_A, None).await.unwrap(),
        "auths.QywxProxyCompanyA"
    );
    assert_eq!(
        serving(&open, None).await.unwrap(),
        "auths.QywxProxyDefault"
    );
    assert_eq!(
        serving(&open, Some(SECOND_SUITE)).await.unwrap(),
        "auths.Second"
    );
    let unknown = serving("wwnobody0000000001", None).await.unwrap_err();
    assert_eq!(unknown.kind(), ErrorKind::CorpNotAuthorized);
    app.stop().await;
}
