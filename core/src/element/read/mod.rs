//! The instances of our Type, read from files.

use std::path::Path;

use crate::element::check::check_instances;
use crate::element::config::InstanceConfig;
use crate::element::environment::{Environment, process_environment};
use crate::element::files::{ElementFiles, read_elements_with};
use crate::element::problem::Warning;
use crate::error::Error;

/// The full name of our Type, which `e.json` names as its `type`.
#[doc(alias = "QywxProxyType")]
pub const QYWX_PROXY_TYPE: &str = "auths.loginTypes.QywxProxyType";

/// Reads every instance of [`QYWX_PROXY_TYPE`] below the `auths` directory, in the order of their paths, and logs
/// warnings. Elements of other types are skipped; there may be no instance at all.
///
/// # Errors
/// `CONFIG_ERROR` with the file, the field and the rule, never the value.
pub fn read_instances(root: &Path) -> Result<Vec<InstanceConfig>, Error> {
    let (instances, warnings) = read_instances_with(root, &process_environment)?;
    for warning in warnings {
        tracing::warn!("{warning}");
    }
    Ok(instances)
}

/// [`read_instances`] with an environment of one's own; returns the warnings.
///
/// # Errors
/// As [`read_instances`].
pub fn read_instances_with(
    root: &Path,
    environment: Environment<'_>,
) -> Result<(Vec<InstanceConfig>, Vec<Warning>), Error> {
    load_instances(
        read_elements_with(root, environment)?,
        Vec::new(),
        &[QYWX_PROXY_TYPE],
        environment,
    )
}

/// Loads the instances from the elements of our Type, adds those `given`, and checks all of them together. An element of
/// another Type than the known ones is skipped.
pub(crate) fn load_instances(
    elements: impl IntoIterator<Item = ElementFiles>,
    given: Vec<InstanceConfig>,
    known_types: &[&str],
    environment: Environment<'_>,
) -> Result<(Vec<InstanceConfig>, Vec<Warning>), Error> {
    let mut instances = given;
    let mut misspelt = Vec::new();
    for files in elements {
        if files.type_name != QYWX_PROXY_TYPE {
            if let Some(known) = similar_type(&files.type_name, known_types) {
                misspelt.push(Warning::MisspeltType {
                    file: files.element_path().display().to_string(),
                    known: known.to_owned(),
                    type_name: files.type_name,
                });
                continue;
            }
            tracing::debug!(directory = %files.directory.display(), "skipped an element of another type");
            continue;
        }
        instances.push(InstanceConfig::from_files(&files, environment)?);
    }
    let mut warnings = check_instances(&mut instances)?;
    warnings.extend(misspelt);
    Ok((instances, warnings))
}

/// The known Type that a misspelt name may mean: as a whole, or its last segment alone. JitAi's other Types, such as
/// `auths.loginTypes.QywxType`, are none of ours and not similar enough.
fn similar_type<'a>(type_name: &str, known_types: &[&'a str]) -> Option<&'a str> {
    const MAX_EDITS: usize = 3;
    const MAX_EDITS_OF_LAST_SEGMENT: usize = 2;
    let edits = |one: &str, other: &str| {
        strsim::osa_distance(&one.trim().to_lowercase(), &other.to_lowercase())
    };
    let last = |name: &str| name.rsplit('.').next().unwrap_or(name).to_owned();
    known_types.iter().copied().find(|known| {
        edits(type_name, known) <= MAX_EDITS
            || edits(&last(type_name), &last(known)) <= MAX_EDITS_OF_LAST_SEGMENT
    })
}

#[cfg(test)]
mod tests;
