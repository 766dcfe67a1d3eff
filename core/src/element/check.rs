//! The rules between instances, and what the instances of one suite tell each other.

use super::config::InstanceConfig;
use super::problem::ConfigError;
use crate::error::Error;
use crate::suite::Suite;

/// Checks instances against each other, and makes those of one suite agree: each gets every pair of
/// `callbackKeys` that one of them has, and the provider that one of them names.
///
/// # Errors
/// `CONFIG_ERROR`, with both instances and the rule: two of one name; one suiteId with two different sets of
/// credentials or two providers; two instances for one (suiteId, corpId); two unpinned instances for one suite.
pub fn check_together(instances: &mut [InstanceConfig]) -> Result<(), Error> {
    // A handful of instances at start: pairs are cheap, and the first pair that clashes is the one to name.
    for (position, second) in instances.iter().enumerate() {
        for first in &instances[..position] {
            check_pair(first, second)?;
        }
    }
    let mut suites: Vec<Suite> = Vec::new();
    for instance in instances.iter() {
        match suites.iter_mut().find(|suite| suite.id == instance.suite.id) {
            Some(suite) => merge(suite, &instance.suite),
            None => suites.push(instance.suite.clone()),
        }
    }
    for instance in instances {
        if let Some(suite) = suites.iter().find(|suite| suite.id == instance.suite.id) {
            instance.suite = suite.clone();
        }
    }
    Ok(())
}

fn check_pair(first: &InstanceConfig, second: &InstanceConfig) -> Result<(), ConfigError> {
    let broken = |field: &str, rule: &'static str| {
        Err(ConfigError::new(format!("{} and {}", first.origin(), second.origin()), field, rule))
    };
    if first.name == second.name {
        return broken("", "two instances must not have one name");
    }
    let (one, other) = (&first.suite, &second.suite);
    if one.id != other.id {
        return Ok(());
    }
    let one_suite = "instances of one suiteId must have the same credentials";
    if one.secret != other.secret {
        return broken("authConfig.suiteSecret", one_suite);
    }
    let (pair, other_pair) = (one.callback_keys.first(), other.callback_keys.first());
    if pair.map(|keys| &keys.token) != other_pair.map(|keys| &keys.token) {
        return broken("authConfig.token", one_suite);
    }
    if pair.map(|keys| &keys.encoding_aes_key) != other_pair.map(|keys| &keys.encoding_aes_key) {
        return broken("authConfig.encodingAESKey", one_suite);
    }
    let one_provider = "instances of one suiteId must have the same provider";
    if differ(one.provider_corp_id.as_ref(), other.provider_corp_id.as_ref()) {
        return broken("providerCorpId", one_provider);
    }
    if differ(one.provider_secret.as_ref(), other.provider_secret.as_ref()) {
        return broken("providerSecret", one_provider);
    }
    match (&first.corp_id, &second.corp_id) {
        (Some(corp), Some(other)) if corp == other => {
            broken("corpId", "two instances must not have one suiteId and one corpId")
        }
        (None, None) => broken("corpId", "only one instance of a suiteId can do without"),
        _ => Ok(()),
    }
}

fn merge(suite: &mut Suite, other: &Suite) {
    for keys in &other.callback_keys {
        if !suite.callback_keys.contains(keys) {
            suite.callback_keys.push(keys.clone());
        }
    }
    suite.provider_corp_id = suite.provider_corp_id.take().or_else(|| other.provider_corp_id.clone());
    suite.provider_secret = suite.provider_secret.take().or_else(|| other.provider_secret.clone());
}

fn differ<T: PartialEq>(one: Option<&T>, other: Option<&T>) -> bool {
    one.zip(other).is_some_and(|(one, other)| one != other)
}
