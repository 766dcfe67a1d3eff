//! Which files are found and how they are read.

use std::fs;

use serde_json::json;

use super::*;

#[test]
fn load_accepts_reference_page_with_valid_key() {
    let root = root();
    let business = REFERENCE_BUSINESS.replace("your_encoding_aes_key", KEY);
    write(root.path(), "QywxProxyTemp", REFERENCE_ELEMENT, &business);
    let instances = read_instances(root.path()).unwrap();
    let [instance] = instances.as_slice() else {
        panic!("one instance, not {instances:?}")
    };
    assert_eq!(instance.name.full(), "auths.QywxProxyTemp");
    assert_eq!(
        instance.title,
        "WeCom Proxy Development Login Configuration"
    );
    assert_eq!(instance.suite.id.as_str(), "tj1234567890abcdef");
    assert_eq!(instance.suite.secret.expose(), "your_suite_secret");
    assert_eq!(instance.suite.callback_keys[0].token.expose(), "your_token");
    assert!(instance.is_active);
    assert_eq!(
        instance.corp_id,
        Some(CorpId::new("ww1234567890abcdef").unwrap())
    );
    assert_eq!(
        (instance.scope, instance.code_login),
        (Scope::SnsapiBase, CodeLogin::Open)
    );
}

#[test]
fn load_accepts_auths_directory_and_its_parent() {
    let root = root();
    let auths = root.path().join("auths");
    for (name, corp) in [
        ("CompanyA", Some("wwA")),
        ("CompanyB", Some("wwB")),
        ("Default", None),
    ] {
        let business =
            corp.map_or_else(business, |corp| business_with("/corpId", Some(json!(corp))));
        write_business(&auths, &format!("QywxProxy{name}"), &business);
    }
    for given in [auths.as_path(), root.path()] {
        let (instances, warnings) = load(given).unwrap();
        let names: Vec<_> = instances
            .iter()
            .map(|instance| instance.name.full())
            .collect();
        assert_eq!(
            names,
            [
                "auths.QywxProxyCompanyA",
                "auths.QywxProxyCompanyB",
                "auths.QywxProxyDefault"
            ]
        );
        assert_eq!(instances[2].corp_id, None);
        assert_eq!(warnings, []);
    }
}

#[test]
fn load_names_line_and_column_of_invalid_json() {
    let root = root();
    write(
        root.path(),
        "A",
        REFERENCE_ELEMENT,
        "{\n  \"authConfig\": hushhush\n}",
    );
    let message = refusal(load(root.path()));
    assert!(
        message.ends_with("A.json: must be JSON; it breaks off at line 2, column 17"),
        "{message}"
    );
    write(root.path(), "A", "{", "{}");
    let message = refusal(load(root.path()));
    assert!(
        message.ends_with("e.json: must be JSON; it breaks off at line 1, column 1"),
        "{message}"
    );
}

#[test]
fn load_skips_byte_order_mark_and_rejects_large_files() {
    let root = root();
    let text = business().to_string();
    write(
        root.path(),
        "A",
        &format!("\u{feff}{REFERENCE_ELEMENT}"),
        &format!("\u{feff}{text}"),
    );
    assert_eq!(load(root.path()).unwrap().0.len(), 1);
    let room = 1024 * 1024 - text.len();
    write(
        root.path(),
        "A",
        REFERENCE_ELEMENT,
        &(text.clone() + &" ".repeat(room)),
    );
    assert_eq!(load(root.path()).unwrap().0.len(), 1);
    write(
        root.path(),
        "A",
        REFERENCE_ELEMENT,
        &(text + &" ".repeat(room + 1)),
    );
    assert!(refusal(load(root.path())).ends_with("A.json: must not be larger than 1 MiB"));
}

#[test]
fn load_skips_other_types() {
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
fn load_checks_names_of_our_type_only() {
    for (directory, rule) in [
        ("login", "must not be the name of an HTTP route"),
        ("loginTypes/A", "must not be below `auths.loginTypes`"),
        ("a.b", "must be made of parts"),
    ] {
        let root = root();
        write_business(root.path(), directory, &business());
        let message = refusal(load(root.path()));
        assert!(
            message.contains("e.json: the name of an instance") && message.contains(rule),
            "{message}"
        );
    }
    let root = root();
    fs::write(root.path().join("e.json"), REFERENCE_ELEMENT).unwrap();
    assert!(refusal(load(root.path())).contains("needs a directory of its own"));
}

#[test]
fn load_names_missing_root_and_files() {
    let root = root();
    let missing = root.path().join("nowhere");
    let message = refusal(load(&missing));
    let of_root = format!(
        "CONFIG_ERROR: {}: there is no such directory",
        missing.display()
    );
    assert!(message.starts_with(&of_root), "{message}");
    assert!(message.contains("NAME/e.json"), "{message}");
    assert_eq!(
        load(root.path()).unwrap().0.len(),
        0,
        "a root without instances is the caller's to judge"
    );

    write_business(root.path(), "A", &business());
    assert!(refusal(load(&root.path().join("A/A.json"))).ends_with("must be the auths directory"));
    fs::remove_file(root.path().join("A/A.json")).unwrap();
    assert!(refusal(load(root.path())).ends_with("A.json: is missing"));
    fs::create_dir(root.path().join("A/A.json")).unwrap();
    assert!(refusal(load(root.path())).ends_with("A.json: must be a file"));
}

#[test]
fn load_skips_hidden_directories_and_sorts_by_path() {
    let root = root();
    for (directory, corp) in [("b/Z", "ww1"), ("b", "ww2"), ("a/Y", "ww3"), ("C", "ww4")] {
        write_business(
            root.path(),
            directory,
            &business_with("/corpId", Some(json!(corp))),
        );
    }
    write(root.path(), ".hidden", "not JSON", "");
    let (instances, _) = load(root.path()).unwrap();
    let names: Vec<_> = instances
        .iter()
        .map(|instance| instance.name.short())
        .collect();
    assert_eq!(names, ["C", "a.Y", "b", "b.Z"]);
}

#[cfg(unix)]
#[test]
fn load_follows_links_without_loops() {
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
fn load_resolves_values_from_environment() {
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
    write(
        root.path(),
        "A",
        r#"{"title": "${TITLE}", "type": "${AUTH_TYPE}"}"#,
        &text.to_string(),
    );
    let (instances, _) = read_instances_with(root.path(), &environment).unwrap();
    assert_eq!(instances[0].title, "From outside");
    assert_eq!(instances[0].corp_id.as_ref().unwrap().as_str(), "wwA");
    assert_eq!(
        instances[0].suite.callback_keys.len(),
        1,
        "the same pair again is no further pair"
    );
}

#[test]
fn load_warns_of_a_misspelt_type_and_names_both() {
    for (written, is_misspelt) in [
        ("auths.loginTypes.QywxProxyTyp", true),
        ("auths.loginTypes.QywxPorxyType", true),
        ("auths.loginType.QywxProxyType", true),
        ("auths.logintypes.qywxproxytype", true),
        ("QywxProxyType", true),
        ("loginTypes.QywxProxyType ", true),
        ("auths.loginTypes.QywxType", false),
        ("auths.loginTypes.WechatType", false),
        ("models.NormalType", false),
    ] {
        let root = root();
        let element = json!({"title": "A", "type": written}).to_string();
        write(root.path(), "A", &element, &business().to_string());
        let (instances, warnings) = load(root.path()).unwrap();
        assert!(instances.is_empty(), "{written}");
        let messages: Vec<_> = warnings.iter().map(ToString::to_string).collect();
        assert_eq!(!messages.is_empty(), is_misspelt, "{written}: {messages:?}");
        for message in messages {
            assert!(
                message.contains("A/e.json: type: ")
                    && message.contains(&format!("{written:?}"))
                    && message.contains(&format!("{QYWX_PROXY_TYPE:?}")),
                "{message}"
            );
        }
    }
}
