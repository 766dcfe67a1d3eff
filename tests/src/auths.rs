//! The `auths/` directory that the apps and sandboxes of the conformance suite share.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use wecom_login::CallbackToken;
use wecom_login::callback::{CallbackKeys, EncodingAesKey};

/// The suite of all instances but `Second`.
pub const SUITE: &str = "dkconformance000001";
/// The suite of the instance `Second`; it has no providerCorpId.
pub const SECOND_SUITE: &str = "dkconformance000002";
/// The provider of the first suite.
pub const PROVIDER: &str = "wwprovider00000001";
/// The corp that `QywxProxyCompanyA` is pinned to.
pub const COMPANY_A: &str = "wwcompanya00000001";
/// The corp that the inactive `Closed` is pinned to.
pub const CLOSED: &str = "wwclosed0000000001";
/// The corp that `group.CodesOff` is pinned to, with `codeLogin: off`.
pub const CODES_OFF: &str = "wwcodesoff00000001";
/// The corp that `CodesState` is pinned to, with `codeLogin: state`.
pub const CODES_STATE: &str = "wwcodesstate000001";

const TOKEN: &str = "ConformanceCallbackToken01";
const AES_KEY: &str = "Qd7kT2mXv9LhR4sWc8YpB1nZf6JgU3aEoK5iHxMrDtB";
const ROTATED_TOKEN: &str = "ConformanceCallbackToken01Rotated";
const ROTATED_AES_KEY: &str = "bN3xQ8vLpZ2mKd7RtW5yHc9GjF1sUa4EoT6iPkXwYqM";
const SECOND_TOKEN: &str = "ConformanceCallbackToken02";
const SECOND_AES_KEY: &str = "Zx9Kp3Lm7Qr5Tv1Wy8Bd2Fg6Hj4Nc0Sa3Ue9Io5PkRt";

/// The secrets, which no response may contain.
pub const SECRETS: [&str; 9] = [
    TOKEN,
    AES_KEY,
    ROTATED_TOKEN,
    ROTATED_AES_KEY,
    SECOND_TOKEN,
    SECOND_AES_KEY,
    "secret-of-the-first-suite",
    "secret-of-the-second-suite",
    "secret-of-the-provider",
];

/// The keys of the first suite.
#[must_use]
pub fn keys() -> CallbackKeys {
    pair(TOKEN, AES_KEY)
}

/// The second pair of the first suite, from `callbackKeys`.
#[must_use]
pub fn rotated_keys() -> CallbackKeys {
    pair(ROTATED_TOKEN, ROTATED_AES_KEY)
}

/// The keys of the second suite.
#[must_use]
pub fn second_keys() -> CallbackKeys {
    pair(SECOND_TOKEN, SECOND_AES_KEY)
}

/// Keys of no suite.
#[must_use]
pub fn foreign_keys() -> CallbackKeys {
    pair(
        "SomebodyElsesCallbackToken",
        "Aa1Bb2Cc3Dd4Ee5Ff6Gg7Hh8Ii9Jj0Kk1Ll2Mm3Nn4o",
    )
}

fn pair(token: &str, key: &str) -> CallbackKeys {
    CallbackKeys::new(CallbackToken::new(token), EncodingAesKey::new(key).unwrap())
}

/// Writes the directory: three corps as on the reference page, and what the suite needs beside them.
pub fn write(root: &Path) {
    instance(root, "QywxProxyDefault", &first(json!({})));
    instance(
        root,
        "QywxProxyCompanyA",
        &first(json!({"corpId": COMPANY_A})),
    );
    instance(
        root,
        "Closed",
        &first(json!({"corpId": CLOSED, "isActive": false})),
    );
    instance(
        root,
        "group/CodesOff",
        &first(json!({"corpId": CODES_OFF, "codeLogin": "off"})),
    );
    instance(
        root,
        "CodesState",
        &first(json!({"corpId": CODES_STATE, "codeLogin": "state"})),
    );
    let second = json!({
        "authConfig": {
            "suiteId": SECOND_SUITE,
            "suiteSecret": "secret-of-the-second-suite",
            "encodingAESKey": SECOND_AES_KEY,
            "token": SECOND_TOKEN,
        },
    });
    instance(root, "Second", &second);
}

/// The business file of an instance of the first suite, with these fields beside `authConfig`.
fn first(fields: Value) -> Value {
    let mut business = json!({
        "authConfig": {
            "suiteId": SUITE,
            "suiteSecret": "secret-of-the-first-suite",
            "encodingAESKey": AES_KEY,
            "token": TOKEN,
        },
        "callbackKeys": [{"token": ROTATED_TOKEN, "encodingAESKey": ROTATED_AES_KEY}],
        "providerCorpId": PROVIDER,
        "providerSecret": "secret-of-the-provider",
    });
    let Value::Object(fields) = fields else {
        unreachable!("fields are an object")
    };
    business.as_object_mut().unwrap().extend(fields);
    business
}

fn instance(root: &Path, path: &str, business: &Value) {
    let directory = root.join(path);
    let name = directory.file_name().unwrap().to_str().unwrap();
    fs::create_dir_all(&directory).unwrap();
    let element = json!({"title": name, "type": "auths.loginTypes.QywxProxyType"});
    fs::write(directory.join("e.json"), element.to_string()).unwrap();
    fs::write(directory.join(format!("{name}.json")), business.to_string()).unwrap();
}
