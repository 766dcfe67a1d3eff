#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod rules;
mod secrecy;
mod together;
mod tree;

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;
use crate::domain::{CallbackKeys, CallbackToken, CorpId, EncodingAesKey, SuiteId, SuiteSecret};
use crate::element::{CodeLogin, InstanceName, read_elements};
use crate::error::{Error, ErrorKind};
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
    let parent = business
        .pointer_mut(parent)
        .unwrap()
        .as_object_mut()
        .unwrap();
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
    assert!(
        message.ends_with(&expected),
        "{message}\nshould end with {expected}\nfor {business}"
    );
}
