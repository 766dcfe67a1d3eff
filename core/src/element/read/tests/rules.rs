//! What one instance's two files may hold.

use serde_json::json;

use super::*;

#[test]
fn load_rejects_placeholder_key_by_file_and_field() {
    let root = root();
    write(
        root.path(),
        "QywxProxyTemp",
        REFERENCE_ELEMENT,
        REFERENCE_BUSINESS,
    );
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
fn load_reads_every_setting() {
    let (instances, _) = load_one(&json!({
        "authConfig": {"suiteId": "dk1", "suiteSecret": "s", "encodingAESKey": KEY, "token": TOKEN, "x": 1},
        "isActive": false, "corpId": "wwA", "providerCorpId": "wwP", "providerSecret": "ps",
        "callbackKeys": [{"token": "another-token-of-24-chars", "encodingAESKey": OTHER_KEY}],
        "scope": "snsapi_privateinfo", "codeLogin": "state", "unknown": null, "blank": "",
    }))
    .unwrap();
    let instance = &instances[0];
    assert!(!instance.is_active);
    assert_eq!(
        (instance.scope, instance.code_login),
        (Scope::SnsapiPrivateinfo, CodeLogin::State)
    );
    assert_eq!(
        instance.suite.provider_corp_id.as_ref().unwrap().as_str(),
        "wwP"
    );
    assert_eq!(
        instance.suite.provider_secret.as_ref().unwrap().expose(),
        "ps"
    );
    assert_eq!(instance.suite.callback_keys.len(), 2);
    assert_eq!(
        instance.suite.callback_keys[1].token.expose(),
        "another-token-of-24-chars"
    );
}

#[test]
fn load_accepts_each_optional_field_alone() {
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
fn load_requires_required_fields() {
    assert_refused(
        &business_with("/authConfig", None),
        "authConfig",
        "is required and missing",
    );
    for field in ["suiteId", "suiteSecret", "encodingAESKey", "token"] {
        let business = business_with(&format!("/authConfig/{field}"), None);
        assert_refused(
            &business,
            &format!("authConfig.{field}"),
            "is required and missing",
        );
    }
    for field in ["encodingAESKey", "token"] {
        let mut pair = json!({"token": TOKEN, "encodingAESKey": KEY});
        let whole = pair.clone();
        pair.as_object_mut().unwrap().remove(field);
        let business = business_with("/callbackKeys", Some(json!([whole, pair])));
        assert_refused(
            &business,
            &format!("callbackKeys[1].{field}"),
            "is required and missing",
        );
    }
}

#[test]
fn load_rejects_blank_and_non_text_values() {
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
            assert_refused(
                &business_with(&pointer, Some(json!(blank))),
                field,
                "must not be blank",
            );
        }
        for wrong in [json!(null), json!(7), json!(true), json!(["x"]), json!({})] {
            assert_refused(
                &business_with(&pointer, Some(wrong)),
                field,
                "must be a string",
            );
        }
    }
}

#[test]
fn load_rejects_other_json_types() {
    for wrong in [json!("true"), json!(1), json!(null), json!("")] {
        assert_refused(
            &business_with("/isActive", Some(wrong)),
            "isActive",
            "must be true or false",
        );
    }
    for wrong in [json!("x"), json!(null), json!([])] {
        assert_refused(
            &business_with("/authConfig", Some(wrong)),
            "authConfig",
            "must be an object",
        );
    }
    assert_refused(
        &business_with("/callbackKeys", Some(json!({}))),
        "callbackKeys",
        "must be an array",
    );
    assert_refused(
        &business_with("/callbackKeys", Some(json!(["x"]))),
        "callbackKeys[0]",
        "must be an object",
    );
    assert!(refusal(load_one(&json!([]))).ends_with("A.json: must be a JSON object"));
}

#[test]
fn load_checks_ids_keys_and_words() {
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
        let more = business_with(
            "/callbackKeys",
            Some(json!([{"token": TOKEN, "encodingAESKey": bad}])),
        );
        assert_refused(&more, "callbackKeys[0].encodingAESKey", rule);
    }
    let scope = business_with("/scope", Some(json!("snsapi_userinfo")));
    assert_refused(&scope, "scope", "must be snsapi_base or snsapi_privateinfo");
    let code_login = business_with("/codeLogin", Some(json!("Open")));
    assert_refused(&code_login, "codeLogin", "must be open, state or off");
}

#[test]
fn load_checks_element_file() {
    let kind = QYWX_PROXY_TYPE;
    for (element, rule) in [
        (
            json!({"type": kind}),
            "e.json: title: is required and missing",
        ),
        (
            json!({"type": kind, "title": " "}),
            "e.json: title: must not be blank",
        ),
        (
            json!({"type": kind, "title": 1}),
            "e.json: title: must be a string",
        ),
        (
            json!({"title": "T"}),
            "e.json: type: is required and missing",
        ),
        (
            json!({"title": "T", "type": ""}),
            "e.json: type: must not be blank",
        ),
        (
            json!({"title": "T", "type": "${UNSET}"}),
            "e.json: type: names an environment variable",
        ),
        (json!("T"), "e.json: must be a JSON object"),
    ] {
        let root = root();
        write(
            root.path(),
            "A",
            &element.to_string(),
            &business().to_string(),
        );
        let message = refusal(load(root.path()));
        assert!(message.contains(rule), "{message}");
    }
}

#[test]
fn load_rejects_unset_variables() {
    for (text, rule) in [
        (
            "${UNSET}",
            "names an environment variable that is unset or blank",
        ),
        (
            "${WECOM_LOGIN_DATA_KEY}",
            "must not name one of our own WECOM_LOGIN_ variables",
        ),
    ] {
        for field in [
            "authConfig.suiteId",
            "corpId",
            "providerSecret",
            "isActive",
            "unknown",
        ] {
            let pointer = format!("/{}", field.replace('.', "/"));
            assert_refused(&business_with(&pointer, Some(json!(text))), field, rule);
        }
    }
}

#[test]
fn load_warns_of_short_tokens_and_missing_provider() {
    let short = json!([{"token": "fifteen-letters", "encodingAESKey": OTHER_KEY}]);
    let mut business = business_with("/callbackKeys", Some(short));
    business.as_object_mut().unwrap().remove("providerCorpId");
    let (_, warnings) = load_one(&business).unwrap();
    let texts: Vec<_> = warnings.iter().map(ToString::to_string).collect();
    assert_eq!(texts.len(), 2, "{texts:?}");
    assert!(
        texts[0].contains("A.json: callbackKeys[0].token: has fewer than 16"),
        "{texts:?}"
    );
    assert!(
        texts[1].contains("A.json: providerCorpId: is missing"),
        "{texts:?}"
    );

    let exact = business_with("/authConfig/token", Some(json!("sixteen-letters-")));
    assert_eq!(load_one(&exact).unwrap().1, []);
}
