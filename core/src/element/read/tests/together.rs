//! The rules between instances.

use serde_json::json;

use super::*;
use crate::domain::{ProviderSecret, Suite};

fn suite(id: &str) -> Suite {
    let keys = CallbackKeys::new(CallbackToken::new(TOKEN), EncodingAesKey::new(KEY).unwrap());
    Suite::new(SuiteId::new(id).unwrap(), SuiteSecret::new("s"), keys)
}

fn instance(name: &str, suite: Suite) -> InstanceConfig {
    InstanceConfig::new(InstanceName::new(name).unwrap(), "Title", suite)
}

#[test]
fn instances_of_one_suite_share_keys_and_provider() {
    let root = root();
    let more = json!([{"token": "second-token-second", "encodingAESKey": OTHER_KEY}]);
    let mut first = business_with("/callbackKeys", Some(more));
    first["corpId"] = json!("wwA");
    first["providerSecret"] = json!("ps");
    let mut second = business_with("/providerCorpId", None);
    second["callbackKeys"] = json!([{"token": "third-token-third", "encodingAESKey": OTHER_KEY}]);
    write_business(root.path(), "A", &first);
    write_business(root.path(), "B", &second);
    let (instances, warnings) = load(root.path()).unwrap();
    assert_eq!(warnings, [], "B has its provider from A");
    assert_eq!(instances[0].suite, instances[1].suite);
    let tokens: Vec<_> = instances[1]
        .suite
        .callback_keys
        .iter()
        .map(|keys| keys.token.expose())
        .collect();
    assert_eq!(tokens, [TOKEN, "second-token-second", "third-token-third"]);
    assert_eq!(
        instances[1]
            .suite
            .provider_secret
            .as_ref()
            .unwrap()
            .expose(),
        "ps"
    );
}

#[test]
fn check_rejects_two_sets_of_credentials_for_one_suite() {
    for (field, value) in [
        ("authConfig.suiteSecret", "another"),
        ("authConfig.token", "another-token-of-24-chars"),
        ("authConfig.encodingAESKey", OTHER_KEY),
        ("providerCorpId", "wwother"),
    ] {
        let root = root();
        let pointer = format!("/{}", field.replace('.', "/"));
        write_business(
            root.path(),
            "A",
            &business_with("/corpId", Some(json!("wwA"))),
        );
        write_business(
            root.path(),
            "B",
            &business_with(&pointer, Some(json!(value))),
        );
        let message = refusal(load(root.path()));
        let expected = format!(
            "A.json and {}: {field}: ",
            root.path().join("B/B.json").display()
        );
        assert!(message.contains(&expected), "{message}");
    }
    let root = root();
    let mut first = business_with("/corpId", Some(json!("wwA")));
    first["providerSecret"] = json!("one");
    write_business(root.path(), "A", &first);
    write_business(
        root.path(),
        "B",
        &business_with("/providerSecret", Some(json!("two"))),
    );
    assert!(refusal(load(root.path())).contains("providerSecret: instances of one suiteId"));
}

#[test]
fn check_rejects_two_instances_for_one_corp() {
    let root = root();
    write_business(root.path(), "A", &business());
    write_business(root.path(), "B", &business());
    assert!(
        refusal(load(root.path()))
            .ends_with("corpId: only one instance of a suiteId may have none")
    );
    let mut pinned = business_with("/corpId", Some(json!("wwA")));
    write_business(root.path(), "A", &pinned);
    pinned["isActive"] = json!(false);
    write_business(root.path(), "B", &pinned);
    let message = refusal(load(root.path()));
    assert!(
        message.ends_with("corpId: two instances must not have one suiteId and one corpId"),
        "{message}"
    );
    pinned["authConfig"]["suiteId"] = json!("dk2");
    write_business(root.path(), "B", &pinned);
    assert_eq!(
        load(root.path()).unwrap().0.len(),
        2,
        "another suite may hold the same corp"
    );
}

#[test]
fn check_names_instances_built_in_code() {
    let corp = CorpId::new("wwA").unwrap();
    let first = instance("auths.A", suite("dk1"))
        .with_corp_id(corp.clone())
        .with_scope(Scope::SnsapiPrivateinfo)
        .with_code_login(CodeLogin::Off)
        .inactive();
    assert!(!first.is_active);
    assert_eq!(
        (first.scope, first.code_login),
        (Scope::SnsapiPrivateinfo, CodeLogin::Off)
    );
    let mut clash = [
        first.clone(),
        instance("auths.B", suite("dk1")).with_corp_id(corp),
    ];
    let message = check_instances(&mut clash).unwrap_err().to_string();
    assert!(
        message.contains("auths.A and auths.B: corpId: "),
        "{message}"
    );
    let mut twins = [first.clone(), instance("auths.A", suite("dk2"))];
    let message = check_instances(&mut twins).unwrap_err().to_string();
    assert!(
        message.contains("two instances must not have one name"),
        "{message}"
    );
    check_instances(&mut [first, instance("auths.B", suite("dk1"))]).unwrap();
}

#[test]
fn check_applies_file_rules_to_instances_built_in_code() {
    type Break = fn(&mut InstanceConfig);
    let broken: [(&str, &str, Break); 6] = [
        ("title", "must not be blank", |instance| {
            instance.title = " ".to_owned()
        }),
        ("authConfig.suiteSecret", "must not be blank", |instance| {
            instance.suite.secret = SuiteSecret::new(" ");
        }),
        ("authConfig.token", "must not be blank", |instance| {
            instance.suite.callback_keys[0].token = CallbackToken::new("");
        }),
        ("callbackKeys[0].token", "must not be blank", |instance| {
            let blank = CallbackKeys::new(
                CallbackToken::new("\t"),
                EncodingAesKey::new(OTHER_KEY).unwrap(),
            );
            instance.suite.callback_keys.push(blank);
        }),
        ("authConfig.token", "is required and missing", |instance| {
            instance.suite.callback_keys.clear()
        }),
        ("providerSecret", "must not be blank", |instance| {
            instance.suite.provider_secret = Some(ProviderSecret::new(""));
        }),
    ];
    for (field, rule, spoil) in broken {
        let mut given = instance("auths.A", suite("dk1"));
        spoil(&mut given);
        let error = load_instances([], vec![given], &[], &no_environment).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("CONFIG_ERROR: auths.A: {field}: {rule}")
        );
    }
}

#[test]
fn check_warns_of_instances_built_in_code() {
    let mut given = instance("auths.A", suite("dk1"));
    given.suite.callback_keys[0].token = CallbackToken::new("fifteen-letters");
    let (_, warnings) = load_instances([], vec![given], &[], &no_environment).unwrap();
    let texts: Vec<_> = warnings.iter().map(ToString::to_string).collect();
    assert_eq!(texts.len(), 2, "{texts:?}");
    assert!(
        texts[0].starts_with("auths.A: authConfig.token: has fewer than 16"),
        "{texts:?}"
    );
    assert!(
        texts[1].starts_with("auths.A: providerCorpId: is missing"),
        "{texts:?}"
    );
}
