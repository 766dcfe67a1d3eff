//! Invalid configuration: the program names the file, the field and the rule, never the value.

use std::fs;

use serde_json::{Value, json};
use wecom_login_tests::process::{AES_KEY, AppDirectory, SUITE, TOKEN};

use super::AXUM_APP;

const NOWHERE: &str = "http://127.0.0.1:9";

/// The exit code and what was written to stderr.
fn start(directory: &AppDirectory, arguments: &[&str]) -> (Option<i32>, String) {
    directory
        .process(AXUM_APP, "127.0.0.1:0", NOWHERE)
        .args(arguments)
        .run()
}

fn config() -> Value {
    json!({"authConfig": {"suiteId": SUITE, "suiteSecret": "s3cret-value", "token": TOKEN, "encodingAESKey": AES_KEY}})
}

#[test]
fn invalid_field_is_reported_with_file_and_rule() {
    let with = |field: &str, value: Value| {
        let mut config = config();
        config["authConfig"][field] = value;
        config.to_string()
    };
    let cases = [
        (with("encodingAESKey", json!("tooShortAndSecret")), "encodingAESKey", "43", "tooShortAndSecret"),
        (with("encodingAESKey", json!("*".repeat(43))), "encodingAESKey", "base64", "***"),
        (with("suiteSecret", json!("   ")), "suiteSecret", "blank", "\"   \""),
        (with("suiteId", json!("no id at all")), "suiteId", "A-Z a-z 0-9 _ -", "no id at all"),
        (with("token", json!("${NOT_SET_ANYWHERE}")), "token", "environment variable", "s3cret-value"),
        (with("token", json!("${WECOM_LOGIN_ADMIN_KEY}")), "token", "WECOM_LOGIN_", "s3cret-value"),
        (with("token", json!(7_654_321)), "token", "", "7654321"),
        (
            json!({"authConfig": {"suiteId": SUITE, "suiteSecret": "s3cret-value", "token": TOKEN}})
                .to_string(),
            "encodingAESKey",
            "",
            "s3cret-value",
        ),
        (json!({}).to_string(), "authConfig", "", "s3cret-value"),
    ];
    for (text, field, rule, value) in cases {
        let directory = AppDirectory::new();
        directory.write("Restart.json", &text);
        let (code, said) = start(&directory, &[]);
        assert_eq!(code, Some(1), "{text}: {said}");
        for part in ["Restart.json", field, rule] {
            assert!(said.contains(part), "{part} is not in: {said}");
        }
        assert!(!said.contains(value), "the value is in: {said}");
    }
}

#[test]
fn unreadable_file_is_reported_by_name() {
    let directory = AppDirectory::new();
    directory.write(
        "Restart.json",
        "{\"authConfig\": {\"suiteSecret\": \"s3cret-value\" oops",
    );
    let (code, said) = start(&directory, &[]);
    assert_eq!(code, Some(1));
    assert!(
        said.contains("Restart.json") && said.contains("JSON"),
        "{said}"
    );
    assert!(!said.contains("s3cret-value"), "{said}");

    let directory = AppDirectory::new();
    fs::remove_file(directory.auths().join("Restart").join("Restart.json")).unwrap();
    let (code, said) = start(&directory, &[]);
    assert_eq!(code, Some(1));
    assert!(said.contains("Restart.json"), "{said}");

    let directory = AppDirectory::new();
    directory.write("e.json", "[]");
    let (code, said) = start(&directory, &[]);
    assert_eq!(code, Some(1));
    assert!(said.contains("e.json"), "{said}");

    let directory = AppDirectory::new();
    fs::remove_dir_all(directory.auths()).unwrap();
    let (code, said) = start(&directory, &[]);
    assert_eq!(code, Some(1));
    assert!(said.contains("auths"), "{said}");

    let directory = AppDirectory::new();
    directory.write("Restart.json", &config().to_string());
    fs::write(
        directory.auths().join("Restart").join("Restart.json"),
        [0xff, 0xfe, 0x00],
    )
    .unwrap();
    let (code, said) = start(&directory, &[]);
    assert_eq!(code, Some(1));
    assert!(said.contains("Restart.json"), "{said}");
}

#[test]
fn invalid_flag_is_reported_without_its_value() {
    let directory = AppDirectory::new();
    let (code, said) = start(&directory, &["--public-url", "http://example.com"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.to_lowercase().contains("public"), "{said}");
    let plain_http = directory.process(AXUM_APP, "127.0.0.1:0", "http://wecom.example.com");
    assert_eq!(plain_http.run().0, Some(1));
    let (code, said) = start(
        &directory,
        &[
            "--database-url",
            "sqlite:///no/such/directory/at/all.db?secret=s3cret-value",
        ],
    );
    assert_eq!(code, Some(1), "{said}");
    assert!(!said.contains("s3cret-value"), "{said}");
    let (code, said) = start(&directory, &["--admin-key", "short-key"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("24") && !said.contains("short-key"), "{said}");
}
