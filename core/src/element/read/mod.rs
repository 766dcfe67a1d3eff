//! Reads all instances of our own Type.

use std::path::Path;

use crate::element::check::check_together;
use crate::element::config::InstanceConfig;
use crate::element::environment::{Environment, process_environment};
use crate::element::files::{ElementFiles, read_elements_with};
use crate::element::problem::Warning;
use crate::error::Error;

/// The full name of our Type, which `e.json` names as its `type`.
#[doc(alias = "QywxProxyType")]
pub const QYWX_PROXY_TYPE: &str = "auths.loginTypes.QywxProxyType";

/// Reads every instance of [`QYWX_PROXY_TYPE`] below the `auths` directory, in the order of their paths, and logs
/// what is worth a warning. Elements of other types are skipped; it may be that none is left.
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

/// [`read_instances`] with an environment of one's own; hands the warnings back.
///
/// # Errors
/// As [`read_instances`].
pub fn read_instances_with(
    root: &Path,
    environment: Environment<'_>,
) -> Result<(Vec<InstanceConfig>, Vec<Warning>), Error> {
    load(
        read_elements_with(root, environment)?,
        Vec::new(),
        environment,
    )
}

/// Makes instances of the elements of our Type, beside those that are `given` in code, and checks all of them together.
pub(crate) fn load(
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
    let warnings = check_together(&mut instances)?;
    Ok((instances, warnings))
}

#[cfg(test)]
mod tests;
