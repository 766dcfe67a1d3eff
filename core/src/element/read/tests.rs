#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;
use crate::callback::{CallbackKeys, EncodingAesKey};
use crate::element::{CodeLogin, InstanceName, read_elements};
use crate::error::{Error, ErrorKind};
use crate::ids::{CorpId, SuiteId};
use crate::secret::{CallbackToken, SuiteSecret};
use crate::suite::Suite;
use crate::wecom::Scope;

const KEY: &str = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C";
const OTHER_KEY: &str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG";
const TOKEN: &str = "a-token-of-20-letters";

/// The two files of the reference page, to the letter.
const REFERENCE_ELEMENT: &str = r#"{
  "title": "WeCom Proxy Development Login Configuration",
  "type": "auths.loginTypes.QywxProxyType"
}
"#;
const REFERENCE_BUSINESS: &str = r#"{
  "authConfig": {
    "suiteId": "tj1234567890abcdef",
    "suiteSecret": "your_suite_secret",
    "encodingAESKey": "your_encoding_aes_key",
    "token": "your_token"
  },
  "isActive": true,
  "corpId": "ww1234567890abcdef"
}
"#;

type Loaded = Result<(Vec<InstanceConfig>, Vec<Warning>), Error>;

fn no_environment(_: &str) -> Option<String> {
    None
}

fn root() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn write(root: &Path, directory: &str, element: &str, business: &str) {
    let directory = root.join(directory);
    fs::create_dir_all(&directory).unwrap();
    let name = directory.file_name().unwrap().to_str().unwrap();
    fs::write(directory.join("e.json"), element).unwrap();
    fs::write(directory.join(format!("{name}.json")), business).unwrap();
}

fn write_business(root: &Path, directory: &str, business: &Value) {
    write(root, directory, REFERENCE_ELEMENT, &business.to_string());
}

fn business() -> Value {
    json!({
        "authConfig": {"suiteId": "dk1", "suiteSecret": "s", "encodingAESKey": KEY, "token": TOKEN},
        "providerCorpId": "wwprovider",
    })
}

/// A business file where the field at this JSON pointer is set, or taken away.
fn business_with(pointer: &str, value: Option<Value>) -> Value {
    let mut business = business();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let parent = business.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    match value {
        Some(value) => parent.insert(key.to_owned(), value),
        None => parent.remove(key),
    };
    business
}

fn load(root: &Path) -> Loaded {
    read_instances_with(root, &no_environment)
}

fn load_one(business: &Value) -> Loaded {
    let root = root();
    write_business(root.path(), "A", business);
    load(root.path())
}

/// The message of a refusal, which is checked to be one of the configuration.
fn refusal(loaded: Loaded) -> String {
    let error = loaded.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    error.to_string()
}

fn assert_refused(business: &Value, field: &str, rule: &str) {
    let message = refusal(load_one(business));
    let expected = format!("A.json: {field}: {rule}");
    assert!(message.ends_with(&expected), "{message}\nshould end with {expected}\nfor {business}");
}

fn suite(id: &str) -> Suite {
    let keys = CallbackKeys::new(CallbackToken::new(TOKEN), EncodingAesKey::new(KEY).unwrap());
    Suite::new(SuiteId::new(id).unwrap(), SuiteSecret::new("s"), keys)
}

fn instance(name: &str, suite: Suite) -> InstanceConfig {
    InstanceConfig::new(InstanceName::new(name).unwrap(), "Title", suite)
}

#[test]
fn the_reference_page_loads_with_a_legal_key() {
    let root = root();
    let business = REFERENCE_BUSINESS.replace("your_encoding_aes_key", KEY);
    write(root.path(), "QywxProxyTemp", REFERENCE_ELEMENT, &business);
    let instances = read_instances(root.path()).unwrap();
    let [instance] = instances.as_slice() else { panic!("one instance, not {instances:?}") };
    assert_eq!(instance.name.full(), "auths.QywxProxyTemp");
    assert_eq!(instance.title, "WeCom Proxy Development Login Configuration");
    assert_eq!(instance.suite.id.as_str(), "tj1234567890abcdef");
    assert_eq!(instance.suite.secret.expose(), "your_suite_secret");
    assert_eq!(instance.suite.callback_keys[0].token.expose(), "your_token");
    assert!(instance.is_active);
    assert_eq!(instance.corp_id, Some(CorpId::new("ww1234567890abcdef").unwrap()));
    assert_eq!((instance.scope, instance.code_login), (Scope::SnsapiBase, CodeLogin::Open));
}

#[test]
fn the_placeholder_key_of_the_reference_page_fails_by_file_and_field() {
    let root = root();
    write(root.path(), "QywxProxyTemp", REFERENCE_ELEMENT, REFERENCE_BUSINESS);
    let message = refusal(load(root.path()));
    let file = root.path().join("QywxProxyTemp").join("QywxProxyTemp.json");
    assert_eq!(
        message,
        format!(
            "CONFIG_ERROR: {}: authConfig.encodingAESKey: must be 43 characters of base64",
            file.display()
        )
    );
}

#[test]
fn three_companies_load_from_the_auths_directory_and_from_the_one_that_holds_it() {
    let root = root();
    let auths = root.path().join("auths");
    for (name, corp) in [("CompanyA", Some("wwA")), ("CompanyB", Some("wwB")), ("Default", None)] {
        let business = corp.map_or_else(business, |corp| business_with("/corpId", Some(json!(corp))));
        write_business(&auths, &format!("QywxProxy{name}"), &business);
    }
    for given in [auths.as_path(), root.path()] {
        let (instances, warnings) = load(given).unwrap();
        let names: Vec<_> = instances.iter().map(|instance| instance.name.full()).collect();
        assert_eq!(names, ["auths.QywxProxyCompanyA", "auths.QywxProxyCompanyB", "auths.QywxProxyDefault"]);
        assert_eq!(instances[2].corp_id, None);
        assert_eq!(warnings, []);
    }
}

#[test]
fn every_setting_is_read() {
    let (instances, _) = load_one(&json!({
        "authConfig": {"suiteId": "dk1", "suiteSecret": "s", "encodingAESKey": KEY, "token": TOKEN, "x": 1},
        "isActive": false, "corpId": "wwA", "providerCorpId": "wwP", "providerSecret": "ps",
        "callbackKeys": [{"token": "another-token-of-24-chars", "encodingAESKey": OTHER_KEY}],
        "scope": "snsapi_privateinfo", "codeLogin": "state", "unknown": null, "blank": "",
    }))
    .unwrap();
    let instance = &instances[0];
    assert!(!instance.is_active);
    assert_eq!((instance.scope, instance.code_login), (Scope::SnsapiPrivateinfo, CodeLogin::State));
    assert_eq!(instance.suite.provider_corp_id.as_ref().unwrap().as_str(), "wwP");
    assert_eq!(instance.suite.provider_secret.as_ref().unwrap().expose(), "ps");
    assert_eq!(instance.suite.callback_keys.len(), 2);
    assert_eq!(instance.suite.callback_keys[1].token.expose(), "another-token-of-24-chars");
}

#[test]
fn each_optional_field_is_legal_alone() {
    let keys = json!([{"token": TOKEN, "encodingAESKey": OTHER_KEY}]);
    for (field, value) in [
        ("isActive", json!(false)),
        ("corpId", json!("wwA")),
        ("providerCorpId", json!("wwP")),
        ("providerSecret", json!("ps")),
        ("callbackKeys", keys),
        ("callbackKeys", json!([])),
        ("scope", json!("snsapi_base")),
        ("codeLogin", json!("off")),
    ] {
        let mut business = business_with(&format!("/{field}"), Some(value));
        if field != "providerCorpId" {
            business.as_object_mut().unwrap().remove("providerCorpId");
        }
        load_one(&business).unwrap();
    }
}

#[test]
fn required_fields_are_required() {
    assert_refused(&business_with("/authConfig", None), "authConfig", "is required and missing");
    for field in ["suiteId", "suiteSecret", "encodingAESKey", "token"] {
        let business = business_with(&format!("/authConfig/{field}"), None);
        assert_refused(&business, &format!("authConfig.{field}"), "is required and missing");
    }
    for field in ["encodingAESKey", "token"] {
        let mut pair = json!({"token": TOKEN, "encodingAESKey": KEY});
        let whole = pair.clone();
        pair.as_object_mut().unwrap().remove(field);
        let business = business_with("/callbackKeys", Some(json!([whole, pair])));
        assert_refused(&business, &format!("callbackKeys[1].{field}"), "is required and missing");
    }
}

#[test]
fn a_text_is_neither_blank_nor_of_another_type() {
    for field in [
        "authConfig.suiteId",
        "authConfig.suiteSecret",
        "authConfig.encodingAESKey",
        "authConfig.token",
        "corpId",
        "providerCorpId",
        "providerSecret",
        "scope",
        "codeLogin",
    ] {
        let pointer = format!("/{}", field.replace('.', "/"));
        for blank in ["", "  ", "\t\n", "\u{3000}"] {
            assert_refused(&business_with(&pointer, Some(json!(blank))), field, "must not be blank");
        }
        for wrong in [json!(null), json!(7), json!(true), json!(["x"]), json!({})] {
            assert_refused(&business_with(&pointer, Some(wrong)), field, "must be a string");
        }
    }
}

#[test]
fn what_is_no_text_is_of_its_type_too() {
    for wrong in [json!("true"), json!(1), json!(null), json!("")] {
        assert_refused(&business_with("/isActive", Some(wrong)), "isActive", "must be true or false");
    }
    for wrong in [json!("x"), json!(null), json!([])] {
        assert_refused(&business_with("/authConfig", Some(wrong)), "authConfig", "must be an object");
    }
    assert_refused(&business_with("/callbackKeys", Some(json!({}))), "callbackKeys", "must be an array");
    assert_refused(
        &business_with("/callbackKeys", Some(json!(["x"]))),
        "callbackKeys[0]",
        "must be an object",
    );
    assert!(refusal(load_one(&json!([]))).ends_with("A.json: must be a JSON object"));
}

#[test]
fn ids_keys_and_words_are_checked() {
    let id_rule = "must be 1 to 64 characters of A-Z a-z 0-9 _ -";
    for field in ["authConfig.suiteId", "corpId", "providerCorpId"] {
        let pointer = format!("/{}", field.replace('.', "/"));
        for bad in ["a b", "a/b", "wwA ", "企业", &"x".repeat(65)] {
            assert_refused(&business_with(&pointer, Some(json!(bad))), field, id_rule);
        }
    }
    for bad in [&KEY[..42], &format!("{KEY}="), &KEY.replace('q', "-")] {
        let rule = "must be 43 characters of base64";
        let one = business_with("/authConfig/encodingAESKey", Some(json!(bad)));
        assert_refused(&one, "authConfig.encodingAESKey", rule);
        let more = business_with("/callbackKeys", Some(json!([{"token": TOKEN, "encodingAESKey": bad}])));
        assert_refused(&more, "callbackKeys[0].encodingAESKey", rule);
    }
    let scope = business_with("/scope", Some(json!("snsapi_userinfo")));
    assert_refused(&scope, "scope", "must be snsapi_base or snsapi_privateinfo");
    let code_login = business_with("/codeLogin", Some(json!("Open")));
    assert_refused(&code_login, "codeLogin", "must be open, state or off");
}

#[test]
fn the_element_file_is_checked() {
    let kind = QYWX_PROXY_TYPE;
    for (element, rule) in [
        (json!({"type": kind}), "e.json: title: is required and missing"),
        (json!({"type": kind, "title": " "}), "e.json: title: must not be blank"),
        (json!({"type": kind, "title": 1}), "e.json: title: must be a string"),
        (json!({"title": "T"}), "e.json: type: is required and missing"),
        (json!({"title": "T", "type": ""}), "e.json: type: must not be blank"),
        (json!({"title": "T", "type": "${UNSET}"}), "e.json: type: names an environment variable"),
        (json!("T"), "e.json: must be a JSON object"),
    ] {
        let root = root();
        write(root.path(), "A", &element.to_string(), &business().to_string());
        let message = refusal(load(root.path()));
        assert!(message.contains(rule), "{message}");
    }
}

#[test]
fn broken_json_is_named_by_line_and_column_without_its_content() {
    let root = root();
    write(root.path(), "A", REFERENCE_ELEMENT, "{\n  \"authConfig\": hushhush\n}");
    let message = refusal(load(root.path()));
    assert!(message.ends_with("A.json: must be JSON; it breaks off at line 2, column 17"), "{message}");
    write(root.path(), "A", "{", "{}");
    let message = refusal(load(root.path()));
    assert!(message.ends_with("e.json: must be JSON; it breaks off at line 1, column 1"), "{message}");
}

#[test]
fn a_byte_order_mark_is_read_over_and_a_huge_file_is_not_read() {
    let root = root();
    let text = business().to_string();
    write(root.path(), "A", &format!("\u{feff}{REFERENCE_ELEMENT}"), &format!("\u{feff}{text}"));
    assert_eq!(load(root.path()).unwrap().0.len(), 1);
    let room = 1024 * 1024 - text.len();
    write(root.path(), "A", REFERENCE_ELEMENT, &(text.clone() + &" ".repeat(room)));
    assert_eq!(load(root.path()).unwrap().0.len(), 1);
    write(root.path(), "A", REFERENCE_ELEMENT, &(text + &" ".repeat(room + 1)));
    assert!(refusal(load(root.path())).ends_with("A.json: must not be larger than 1 MiB"));
}

#[test]
fn other_types_are_skipped_whatever_their_files_and_names_are() {
    let root = root();
    let other = r#"{"type": "auths.loginTypes.Meta", "title": "${UNSET}"}"#;
    write(root.path(), "loginTypes/QywxProxyType", other, "not JSON");
    write(root.path(), "a name with blanks", other, "{}");
    write(root.path(), "login", other, "{}");
    fs::remove_file(root.path().join("login/login.json")).unwrap();
    write_business(root.path(), "login/A", &business());
    let (instances, _) = load(root.path()).unwrap();
    assert_eq!(instances.len(), 1);
    assert_eq!(instances[0].name.full(), "auths.login.A");
    assert_eq!(read_elements(root.path()).unwrap().len(), 4);
}

#[test]
fn names_are_checked_once_the_type_is_ours() {
    for (directory, rule) in [
        ("login", "must not be the name of an HTTP route"),
        ("loginTypes/A", "must not be below `auths.loginTypes`"),
        ("a.b", "must be made of parts"),
    ] {
        let root = root();
        write_business(root.path(), directory, &business());
        let message = refusal(load(root.path()));
        assert!(message.contains("e.json: the name of an instance") && message.contains(rule), "{message}");
    }
    let root = root();
    fs::write(root.path().join("e.json"), REFERENCE_ELEMENT).unwrap();
    assert!(refusal(load(root.path())).contains("needs a directory of its own"));
}

#[test]
fn a_root_or_a_file_that_is_not_there_is_named() {
    let root = root();
    let missing = root.path().join("nowhere");
    let message = refusal(load(&missing));
    assert_eq!(message, format!("CONFIG_ERROR: {}: is missing", missing.display()));
    assert_eq!(load(root.path()).unwrap().0.len(), 0, "a root without instances is the caller's to judge");

    write_business(root.path(), "A", &business());
    assert!(refusal(load(&root.path().join("A/A.json"))).ends_with("must be the auths directory"));
    fs::remove_file(root.path().join("A/A.json")).unwrap();
    assert!(refusal(load(root.path())).ends_with("A.json: is missing"));
    fs::create_dir(root.path().join("A/A.json")).unwrap();
    assert!(refusal(load(root.path())).ends_with("A.json: must be a file"));
}

#[test]
fn hidden_directories_are_skipped_and_the_order_is_that_of_paths() {
    let root = root();
    for (directory, corp) in [("b/Z", "ww1"), ("b", "ww2"), ("a/Y", "ww3"), ("C", "ww4")] {
        write_business(root.path(), directory, &business_with("/corpId", Some(json!(corp))));
    }
    write(root.path(), ".hidden", "not JSON", "");
    let (instances, _) = load(root.path()).unwrap();
    let names: Vec<_> = instances.iter().map(|instance| instance.name.short()).collect();
    assert_eq!(names, ["C", "a.Y", "b", "b.Z"]);
}

#[cfg(unix)]
#[test]
fn links_are_followed_but_not_in_circles_and_not_into_nothing() {
    use std::os::unix::fs::symlink;

    let (root, elsewhere) = (root(), root());
    write_business(elsewhere.path(), "A", &business());
    symlink(elsewhere.path().join("A"), root.path().join("A")).unwrap();
    symlink(root.path(), elsewhere.path().join("A/again")).unwrap();
    let (instances, _) = load(root.path()).unwrap();
    assert_eq!(instances.len(), 1);
    assert_eq!(instances[0].name.short(), "A");

    fs::create_dir(root.path().join("B")).unwrap();
    symlink("gone.json", root.path().join("B/e.json")).unwrap();
    assert!(refusal(load(root.path())).ends_with("e.json: is missing"));
}

#[test]
fn values_come_from_the_environment() {
    let environment = |name: &str| match name {
        "AUTH_TYPE" => Some(QYWX_PROXY_TYPE.to_owned()),
        "TITLE" => Some("From outside".to_owned()),
        "KEY" => Some(KEY.to_owned()),
        "CORP" => Some("wwA".to_owned()),
        _ => None,
    };
    let root = root();
    let text = json!({
        "authConfig": {"suiteId": "dk1", "suiteSecret": "s", "encodingAESKey": "${KEY}", "token": TOKEN},
        "callbackKeys": [{"token": TOKEN, "encodingAESKey": "${KEY}"}],
        "corpId": "${CORP}",
    });
    write(root.path(), "A", r#"{"title": "${TITLE}", "type": "${AUTH_TYPE}"}"#, &text.to_string());
    let (instances, _) = read_instances_with(root.path(), &environment).unwrap();
    assert_eq!(instances[0].title, "From outside");
    assert_eq!(instances[0].corp_id.as_ref().unwrap().as_str(), "wwA");
    assert_eq!(instances[0].suite.callback_keys.len(), 1, "the same pair again is no further pair");
}

#[test]
fn what_the_environment_does_not_give_stops_the_start() {
    for (text, rule) in [
        ("${UNSET}", "names an environment variable that is unset or blank"),
        ("${WECOM_LOGIN_DATA_KEY}", "must not name one of our own WECOM_LOGIN_ variables"),
    ] {
        for field in ["authConfig.suiteId", "corpId", "providerSecret", "isActive", "unknown"] {
            let pointer = format!("/{}", field.replace('.', "/"));
            assert_refused(&business_with(&pointer, Some(json!(text))), field, rule);
        }
    }
}

#[test]
fn warnings_name_short_tokens_and_the_missing_provider() {
    let short = json!([{"token": "fifteen-letters", "encodingAESKey": OTHER_KEY}]);
    let mut business = business_with("/callbackKeys", Some(short));
    business.as_object_mut().unwrap().remove("providerCorpId");
    let (_, warnings) = load_one(&business).unwrap();
    let texts: Vec<_> = warnings.iter().map(ToString::to_string).collect();
    assert_eq!(texts.len(), 2, "{texts:?}");
    assert!(texts[0].contains("A.json: callbackKeys[0].token: has fewer than 16"), "{texts:?}");
    assert!(texts[1].contains("A.json: providerCorpId: is missing"), "{texts:?}");

    let exact = business_with("/authConfig/token", Some(json!("sixteen-letters-")));
    assert_eq!(load_one(&exact).unwrap().1, []);
}

#[test]
fn instances_of_one_suite_share_what_each_of_them_knows() {
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
    let tokens: Vec<_> = instances[1].suite.callback_keys.iter().map(|keys| keys.token.expose()).collect();
    assert_eq!(tokens, [TOKEN, "second-token-second", "third-token-third"]);
    assert_eq!(instances[1].suite.provider_secret.as_ref().unwrap().expose(), "ps");
}

#[test]
fn one_suite_has_one_set_of_credentials() {
    for (field, value) in [
        ("authConfig.suiteSecret", "another"),
        ("authConfig.token", "another-token-of-24-chars"),
        ("authConfig.encodingAESKey", OTHER_KEY),
        ("providerCorpId", "wwother"),
    ] {
        let root = root();
        let pointer = format!("/{}", field.replace('.', "/"));
        write_business(root.path(), "A", &business_with("/corpId", Some(json!("wwA"))));
        write_business(root.path(), "B", &business_with(&pointer, Some(json!(value))));
        let message = refusal(load(root.path()));
        let expected = format!("A.json and {}: {field}: ", root.path().join("B/B.json").display());
        assert!(message.contains(&expected), "{message}");
    }
    let root = root();
    let mut first = business_with("/corpId", Some(json!("wwA")));
    first["providerSecret"] = json!("one");
    write_business(root.path(), "A", &first);
    write_business(root.path(), "B", &business_with("/providerSecret", Some(json!("two"))));
    assert!(refusal(load(root.path())).contains("providerSecret: instances of one suiteId"));
}

#[test]
fn a_corp_and_the_rest_of_a_suite_belong_to_one_instance_each() {
    let root = root();
    write_business(root.path(), "A", &business());
    write_business(root.path(), "B", &business());
    assert!(refusal(load(root.path())).ends_with("corpId: only one instance of a suiteId can do without"));
    let mut pinned = business_with("/corpId", Some(json!("wwA")));
    write_business(root.path(), "A", &pinned);
    pinned["isActive"] = json!(false);
    write_business(root.path(), "B", &pinned);
    let message = refusal(load(root.path()));
    assert!(message.ends_with("corpId: two instances must not have one suiteId and one corpId"), "{message}");
    pinned["authConfig"]["suiteId"] = json!("dk2");
    write_business(root.path(), "B", &pinned);
    assert_eq!(load(root.path()).unwrap().0.len(), 2, "another suite may hold the same corp");
}

#[test]
fn instances_built_in_code_are_checked_by_name() {
    let corp = CorpId::new("wwA").unwrap();
    let first = instance("auths.A", suite("dk1"))
        .with_corp_id(corp.clone())
        .with_scope(Scope::SnsapiPrivateinfo)
        .with_code_login(CodeLogin::Off)
        .inactive();
    assert!(!first.is_active);
    assert_eq!((first.scope, first.code_login), (Scope::SnsapiPrivateinfo, CodeLogin::Off));
    let mut clash = [first.clone(), instance("auths.B", suite("dk1")).with_corp_id(corp)];
    let message = check_together(&mut clash).unwrap_err().to_string();
    assert!(message.contains("auths.A and auths.B: corpId: "), "{message}");
    let mut twins = [first.clone(), instance("auths.A", suite("dk2"))];
    let message = check_together(&mut twins).unwrap_err().to_string();
    assert!(message.contains("two instances must not have one name"), "{message}");
    check_together(&mut [first, instance("auths.B", suite("dk1"))]).unwrap();
}

/// Every value that a file can hold, none of them a word that a message could hold by chance.
fn secrets() -> impl Strategy<Value = Vec<String>> {
    proptest::collection::vec("[A-Za-z0-9]{24}", 9)
}

/// All files with these values, and one rule broken; `None` when there are no more rules.
fn broken_files(values: &[String], broken: usize) -> Option<(String, String, Option<String>)> {
    let key = |text: &str| format!("{text}{}", "A".repeat(43 - text.len()));
    let mut element = json!({"title": values[0], "type": QYWX_PROXY_TYPE});
    let mut business = json!({
        "authConfig": {
            "suiteId": values[1], "suiteSecret": values[2], "encodingAESKey": key(&values[3]), "token": values[4],
        },
        "corpId": values[5], "providerCorpId": values[6], "providerSecret": values[7],
        "callbackKeys": [{"token": values[8], "encodingAESKey": key(&values[4])}],
        "isActive": true, "scope": "snsapi_base", "codeLogin": "open",
    });
    let mut second = None;
    let texts = [
        "/authConfig/suiteId",
        "/authConfig/suiteSecret",
        "/authConfig/encodingAESKey",
        "/authConfig/token",
        "/corpId",
        "/providerCorpId",
        "/providerSecret",
        "/callbackKeys/0/token",
        "/callbackKeys/0/encodingAESKey",
        "/scope",
        "/codeLogin",
    ];
    match broken {
        // The wrong type, with the value inside; for ids and keys also the wrong alphabet.
        0..=10 => {
            let field = business.pointer_mut(texts[broken]).unwrap();
            *field = json!([field.clone()]);
        }
        11 => business["authConfig"]["suiteId"] = json!(format!("{} !", values[1])),
        12 => business["authConfig"]["encodingAESKey"] = json!(values[3]),
        13 => business["corpId"] = json!(format!("{}/", values[5])),
        14 => business["providerCorpId"] = json!(format!("{}企业", values[6])),
        15 => business["callbackKeys"][0]["encodingAESKey"] = json!(format!("{}===", key(&values[4]))),
        16 => business["isActive"] = json!(values[0]),
        17 => business["scope"] = json!(values[0]),
        18 => business["codeLogin"] = json!(values[0]),
        19 => business["authConfig"] = json!(values[2]),
        20 => business["callbackKeys"] = json!(values[8]),
        21 => business["callbackKeys"] = json!([values[8]]),
        22 => business = json!([values[2]]),
        23 => business = json!(values[2]),
        24 => element["title"] = json!([values[0]]),
        25 => element["type"] = json!([values[0]]),
        26 => element = json!(values[0]),
        27 => business["corpId"] = json!(format!("${{{}}}", values[5])),
        28 => business["authConfig"]["suiteSecret"] = json!(format!("${{{} }}", values[2])),
        29 => business["authConfig"]["suiteSecret"] = json!(format!("${{WECOM_LOGIN_{}}}", values[2])),
        30 => return Some((element.to_string(), format!("{business}{}", values[2]), None)),
        31 => return Some((element.to_string(), business.to_string().replacen(':', "=", 3), None)),
        32 => return Some((values[0].clone(), business.to_string(), None)),
        // Two instances that contradict each other.
        33..=38 => {
            let mut other = business.clone();
            match broken {
                33 => other["authConfig"]["suiteSecret"] = json!(values[0]),
                34 => other["authConfig"]["token"] = json!(values[0]),
                35 => other["authConfig"]["encodingAESKey"] = json!(key(&values[0])),
                36 => other["providerCorpId"] = json!(values[0]),
                37 => other["providerSecret"] = json!(values[0]),
                _ => {}
            }
            second = Some(other.to_string());
        }
        _ => return None,
    }
    Some((element.to_string(), business.to_string(), second))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_message_ever_holds_a_value(values in secrets()) {
        let root = root();
        let mut rules = 0;
        while let Some((element, business, second)) = broken_files(&values, rules) {
            let _ = fs::remove_dir_all(root.path().join("B"));
            write(root.path(), "A", &element, &business);
            if let Some(second) = second {
                write(root.path(), "B", &element, &second);
            }
            let Err(error) = load(root.path()) else { panic!("rule {rules} was not broken") };
            for value in &values {
                for text in [error.to_string(), format!("{error:?}"), format!("{error:#?}")] {
                    prop_assert!(!text.contains(value.as_str()), "rule {} tells {}", rules, text);
                }
            }
            rules += 1;
        }
        prop_assert_eq!(rules, 39);
    }

    #[test]
    fn nothing_that_is_loaded_prints_a_secret(values in secrets()) {
        let root = root();
        let business = json!({
            "authConfig": {
                "suiteId": "dk1", "suiteSecret": values[2], "token": values[4],
                "encodingAESKey": format!("{}{}", values[3], "A".repeat(19)),
            },
            "providerSecret": values[7],
        });
        let element = json!({"title": "T", "type": QYWX_PROXY_TYPE, "extra": values[8]});
        write(root.path(), "A", &element.to_string(), &business.to_string());
        let (instances, warnings) = load(root.path()).unwrap();
        let text = format!("{instances:?} {warnings:?} {:?}", read_elements(root.path()).unwrap());
        for value in &values {
            prop_assert!(!text.contains(value.as_str()), "{}", text);
        }
    }
}
