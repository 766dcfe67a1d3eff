//! The rules for instances from files and from code, each alone and all together, and what instances of one suite
//! share.

use crate::domain::Suite;
use crate::element::config::InstanceConfig;
use crate::element::problem::{ConfigError, Warning};
use crate::error::Error;

/// A callback token with fewer characters can be guessed.
const MIN_TOKEN_CHARS: usize = 16;

/// Checks instances, each alone and all together. Instances of one suite share what one of them has: every pair of
/// `callbackKeys`, and the provider. Returns warnings about what works, but not well.
///
/// # Errors
/// `CONFIG_ERROR`, with the instance, the field and the rule: a text is blank or a suite has no callback keys; two of
/// one name; one suiteId with two different sets of credentials or two providers; two instances for one (suiteId,
/// corpId); two unpinned instances for one suite.
pub fn check_instances(instances: &mut [InstanceConfig]) -> Result<Vec<Warning>, Error> {
    // There are few instances, so comparing pairs is cheap; the error names the first pair that clashes.
    for (position, second) in instances.iter().enumerate() {
        check_alone(second)?;
        for first in &instances[..position] {
            check_pair(first, second)?;
        }
    }
    // Before the keys are shared, so that each instance is warned of its own tokens only.
    let mut warnings: Vec<Warning> = instances.iter().flat_map(short_tokens).collect();
    let mut suites: Vec<Suite> = Vec::new();
    for InstanceConfig { suite: own, .. } in instances.iter() {
        let known = suites
            .iter()
            .position(|suite| suite.id == own.id)
            .unwrap_or_else(|| {
                suites.push(Suite {
                    callback_keys: Vec::new(),
                    ..own.clone()
                });
                suites.len() - 1
            });
        merge(&mut suites[known], own);
    }
    for instance in instances {
        if let Some(suite) = suites.iter().find(|suite| suite.id == instance.suite.id) {
            instance.suite = suite.clone();
        }
        // It is enough if one instance of a suite names the provider.
        if instance.suite.provider_corp_id.is_none() {
            warnings.push(Warning::NoProviderCorpId {
                file: instance.origin(),
            });
        }
    }
    Ok(warnings)
}

/// The rules that types do not enforce. Files are checked field by field before; instances built in code are not.
fn check_alone(instance: &InstanceConfig) -> Result<(), ConfigError> {
    let suite = &instance.suite;
    if suite.callback_keys.is_empty() {
        return Err(ConfigError::new(
            instance.origin(),
            "authConfig.token",
            "is required and missing",
        ));
    }
    let texts = [
        ("title", Some(instance.title.as_str())),
        ("authConfig.suiteSecret", Some(suite.secret.expose())),
        (
            "providerSecret",
            suite.provider_secret.as_ref().map(|secret| secret.expose()),
        ),
    ];
    let texts = texts
        .into_iter()
        .filter_map(|(field, text)| Some((field.to_owned(), text?)));
    match texts
        .chain(tokens(suite))
        .find(|(_, text)| text.trim().is_empty())
    {
        Some((field, _)) => Err(ConfigError::new(
            instance.origin(),
            field,
            "must not be blank",
        )),
        None => Ok(()),
    }
}

fn short_tokens(instance: &InstanceConfig) -> impl Iterator<Item = Warning> {
    let short =
        tokens(&instance.suite).filter(|(_, token)| token.chars().count() < MIN_TOKEN_CHARS);
    short.map(move |(field, _)| Warning::ShortToken {
        file: instance.origin(),
        field,
    })
}

/// The callback tokens, each with its field.
fn tokens(suite: &Suite) -> impl Iterator<Item = (String, &str)> {
    suite
        .callback_keys
        .iter()
        .enumerate()
        .map(|(position, keys)| {
            let field = match position {
                0 => "authConfig.token".to_owned(),
                more => format!("callbackKeys[{}].token", more - 1),
            };
            (field, keys.token.expose())
        })
}

fn check_pair(first: &InstanceConfig, second: &InstanceConfig) -> Result<(), ConfigError> {
    let broken = |field: &str, rule: &'static str| {
        Err(ConfigError::new(
            format!("{} and {}", first.origin(), second.origin()),
            field,
            rule,
        ))
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
    if differ(
        one.provider_corp_id.as_ref(),
        other.provider_corp_id.as_ref(),
    ) {
        return broken("providerCorpId", one_provider);
    }
    if differ(one.provider_secret.as_ref(), other.provider_secret.as_ref()) {
        return broken("providerSecret", one_provider);
    }
    match (&first.corp_id, &second.corp_id) {
        (Some(corp), Some(other)) if corp.normalized() == other.normalized() => broken(
            "corpId",
            "two instances must not have one suiteId and one corpId",
        ),
        (None, None) => broken("corpId", "only one instance of a suiteId may have none"),
        _ => Ok(()),
    }
}

fn merge(suite: &mut Suite, other: &Suite) {
    for keys in &other.callback_keys {
        if !suite.callback_keys.contains(keys) {
            suite.callback_keys.push(keys.clone());
        }
    }
    suite.provider_corp_id = suite
        .provider_corp_id
        .take()
        .or_else(|| other.provider_corp_id.clone());
    suite.provider_secret = suite
        .provider_secret
        .take()
        .or_else(|| other.provider_secret.clone());
}

fn differ<T: PartialEq>(one: Option<&T>, other: Option<&T>) -> bool {
    one.zip(other).is_some_and(|(one, other)| one != other)
}
