//! No value of the configuration is ever printed.

use std::fs;

use proptest::prelude::*;
use serde_json::json;

use super::*;

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
        15 => {
            business["callbackKeys"][0]["encodingAESKey"] = json!(format!("{}===", key(&values[4])))
        }
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
        29 => {
            business["authConfig"]["suiteSecret"] = json!(format!("${{WECOM_LOGIN_{}}}", values[2]))
        }
        30 => {
            return Some((
                element.to_string(),
                format!("{business}{}", values[2]),
                None,
            ));
        }
        31 => {
            return Some((
                element.to_string(),
                business.to_string().replacen(':', "=", 3),
                None,
            ));
        }
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
