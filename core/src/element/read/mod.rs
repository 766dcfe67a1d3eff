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
        environment,
    )
}

/// Loads the instances from the elements of our Type, adds those `given` in code, and checks all of them together.
pub(crate) fn load_instances(
    elements: impl IntoIterator<Item = ElementFiles>,
    given: Vec<InstanceConfig>,
    environment: Environment<'_>,
) -> Result<(Vec<InstanceConfig>, Vec<Warning>), Error> {
    let mut instances = given;
    for files in elements {
        if files.type_name != QYWX_PROXY_TYPE {
            tracing::debug!(directory = %files.directory.display(), "skipped an element of another type");
            continue;
        }
        instances.push(InstanceConfig::from_files(&files, environment)?);
    }
    let warnings = check_instances(&mut instances)?;
    Ok((instances, warnings))
}

#[cfg(test)]
mod tests;
