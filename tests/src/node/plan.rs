//! What a node is made of.

use wecom_login::element::{InstanceConfig, InstanceName};
use wecom_login::{
    Builder, CorpId, DataKey, DataKeys, ProviderSecret, Suite, SuiteId, SuiteSecret, WecomLogin,
};
use wecom_sandbox::Sandbox;

use crate::forge::Forge;

/// The suite of every node.
pub const SUITE: &str = "dktests0000000000001";
/// A second suite, where there is one; its callback keys are those of the first.
pub const TWIN: &str = "dktests0000000000002";
/// The provider, where one is configured.
pub const PROVIDER: &str = "wwtestsprovider00001";
/// The bearer of the admin routes.
pub const ADMIN_KEY: &str = "an-admin-key-of-the-tests";

const TOKEN: &str = "TestsCallbackToken01";
const AES_KEY: &str = "Rd7kT2mXv9LhR4sWc8YpB1nZf6JgU3aEoK5iHxMrDtB";
/// What a node is made of.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Plan {
    /// providerCorpId and providerSecret are configured.
    pub provider: bool,
    /// There is a second suite with the same callback keys.
    pub twin: bool,
    /// The sandbox pushes nothing.
    pub deaf: bool,
    /// So many companies in the sandbox; 0 is 3.
    pub corps: usize,
    /// The handle has only this one of the suites.
    pub only: Option<&'static str>,
}

/// What makes pushes with the keys of every suite.
#[must_use]
pub fn forge() -> Forge {
    Forge::new(TOKEN, AES_KEY)
}

/// A handle of this plan, yet to be built.
pub fn builder(plan: Plan, url: &str, database_url: &str, sandbox: &Sandbox) -> Builder {
    let builder = WecomLogin::builder()
        .database_url(database_url)
        .data_keys(DataKeys::from_keys([DataKey::new([7; 32])]))
        .public_url(url)
        .wecom_url(sandbox.url())
        .admin_key(ADMIN_KEY);
    let named = suites(plan)
        .into_iter()
        .zip(["auths.First", "auths.Second"]);
    let had = named.filter(|(suite, _)| plan.only.is_none_or(|only| suite.id.as_str() == only));
    had.fold(builder, |builder, (suite, name)| {
        let name = InstanceName::new(name).expect("a name");
        builder.instance(InstanceConfig::new(name, "Tests", suite))
    })
}

/// The suites of this plan.
#[must_use]
pub fn suites(plan: Plan) -> Vec<Suite> {
    let ids = if plan.twin {
        vec![SUITE, TWIN]
    } else {
        vec![SUITE]
    };
    let keys = forge().keys().clone();
    let suite = |id: &str| {
        let secret = SuiteSecret::new("the-suite-secret-of-the-tests");
        let mut suite = Suite::new(SuiteId::new(id).expect("a suiteId"), secret, keys.clone());
        if plan.provider {
            suite.provider_corp_id = CorpId::new(PROVIDER).ok();
            suite.provider_secret = Some(ProviderSecret::new("the-provider-secret-of-the-tests"));
        }
        suite
    };
    ids.into_iter().map(suite).collect()
}
