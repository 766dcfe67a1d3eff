//! Calls as a corp: what is sent, repeated and refused, by one node and by several.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod calls;
mod ids;
mod js_config;
mod licences;
mod mini_program;
mod refusals;
mod tokens;

use wecom_login::{CorpApi, CorpId, SuiteId, WecomLogin};
use wecom_login_tests::TestApp;
use wecom_login_tests::app::SUITE;

/// The corp of this id under the first suite, as a handle calls it.
fn corp_on(login: &WecomLogin, corp_id: &str) -> CorpApi {
    let (suite_id, corp_id) = (SuiteId::new(SUITE).unwrap(), CorpId::new(corp_id).unwrap());
    login.corp(&suite_id, &corp_id)
}

/// The number of all calls that the sandbox got.
fn all_calls(node: &TestApp) -> u64 {
    let state = node.sandbox.state();
    let calls = state["calls"].as_object().unwrap();
    calls.values().map(|count| count.as_u64().unwrap()).sum()
}
