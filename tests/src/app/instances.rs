//! The suites and instances of an app that has no `auths/` directory.

use wecom_login::element::{InstanceConfig, InstanceName};
use wecom_login::{
    Builder, CorpId, DataKey, DataKeys, ProviderSecret, Suite, SuiteId, SuiteSecret, WecomLogin,
};
use wecom_sandbox::Sandbox;

use super::ADMIN_KEY;
use crate::push::PushBuilder;

/// The suite of the instance `First`.
pub const SUITE: &str = "dktests0000000000001";
/// The suite of the instance `Second`; its callback keys are those of [`SUITE`].
pub const SECOND_SUITE: &str = "dktests0000000000002";
/// The provider, where one is configured.
pub const PROVIDER: &str = "wwtestsprovider00001";
/// Its secret.
pub const PROVIDER_SECRET: &str = "the-provider-secret-of-the-tests";

const TOKEN: &str = "TestsCallbackToken01";
const AES_KEY: &str = "Rd7kT2mXv9LhR4sWc8YpB1nZf6JgU3aEoK5iHxMrDtB";

/// The suites of a node whose instances are in code.
#[derive(Clone, Copy, Debug, Default)]
pub struct NodeConfig {
    /// providerCorpId and providerSecret are configured.
    pub provider: bool,
    /// There is a second suite with the same callback keys.
    pub second_suite: bool,
    /// The handle has only this one of the suites.
    pub only: Option<&'static str>,
}

impl NodeConfig {
    /// The suites, all of which the sandbox has.
    #[must_use]
    pub fn suites(self) -> Vec<Suite> {
        let ids = if self.second_suite {
            vec![SUITE, SECOND_SUITE]
        } else {
            vec![SUITE]
        };
        let keys = push_builder().keys().clone();
        let suite = |id: &str| {
            let secret = SuiteSecret::new("the-suite-secret-of-the-tests");
            let mut suite = Suite::new(SuiteId::new(id).expect("a suiteId"), secret, keys.clone());
            if self.provider {
                suite.provider_corp_id = CorpId::new(PROVIDER).ok();
                suite.provider_secret = Some(ProviderSecret::new(PROVIDER_SECRET));
            }
            suite
        };
        ids.into_iter().map(suite).collect()
    }

    /// The handle's instances, added to its builder.
    pub(super) fn add_instances(self, builder: Builder) -> Builder {
        self.suites()
            .into_iter()
            .zip(["auths.First", "auths.Second"])
            .filter(|(suite, _)| self.only.is_none_or(|only| suite.id.as_str() == only))
            .fold(builder, |builder, (suite, name)| {
                let name = InstanceName::new(name).expect("a name");
                builder.instance(InstanceConfig::new(name, "Tests", suite))
            })
    }

    /// The builder of a handle of this configuration.
    pub fn builder(self, public_url: &str, database_url: &str, sandbox: &Sandbox) -> Builder {
        self.add_instances(base(public_url, database_url).wecom_url(sandbox.url()))
            .admin_key(ADMIN_KEY)
    }
}

/// The configuration of every handle of the tests.
pub(super) fn base(public_url: &str, database_url: &str) -> Builder {
    WecomLogin::builder()
        .database_url(database_url)
        .data_keys(DataKeys::from_keys([DataKey::new([7; 32])]))
        .public_url(public_url)
}

/// Signs pushes with the keys of both suites.
#[must_use]
pub fn push_builder() -> PushBuilder {
    PushBuilder::new(TOKEN, AES_KEY)
}
