//! The suite and the corp of a test.

use wecom_login::callback::{CallbackKeys, EncodingAesKey};
use wecom_login::element::{InstanceConfig, InstanceName};
use wecom_login::{CallbackToken, Suite, SuiteId, SuiteSecret};

/// The suite of a test.
pub const SUITE: &str = "dktest00000000000001";
/// The corp of a test, which the sandbox has first.
pub const CORP: &str = "wwtestcompany00001";

/// The suite, with credentials that only a sandbox knows.
pub(crate) fn suite() -> Suite {
    let key = EncodingAesKey::new("Qd7kT2mXv9LhR4sWc8YpB1nZf6JgU3aEoK5iHxMrDtB");
    let keys = CallbackKeys::new(
        CallbackToken::new("TokenOfTheTestKit0001"),
        key.expect("43 characters of base64"),
    );
    Suite::new(
        SuiteId::new(SUITE).expect("a constant of this crate"),
        SuiteSecret::new("secret-of-the-test-kit"),
        keys,
    )
}

/// The one instance, which serves every corp of the suite.
pub(crate) fn instance() -> InstanceConfig {
    let name = InstanceName::new("auths.QywxProxyDefault").expect("a constant of this crate");
    InstanceConfig::new(name, "WeCom", suite())
}
