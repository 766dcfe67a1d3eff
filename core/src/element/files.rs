//! The files of elements: every directory with an `e.json`, and the business file beside it.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use serde_json::Value;
use walkdir::{DirEntry, WalkDir};

use crate::element::environment::{self, Environment, process_environment};
use crate::element::fields::Fields;
use crate::element::name::InstanceName;
use crate::element::problem::ConfigError;
use crate::error::Error;

/// The maximum size of a configuration file.
const MAX_FILE_BYTES: u64 = 1024 * 1024;

/// An element that was found. Its `e.json` is read; its business file is read on demand, because only the element's
/// Type knows whether there has to be one.
#[derive(Clone)]
#[non_exhaustive]
pub struct ElementFiles {
    /// The `type` of `e.json`: the full name of the Type that can load the element.
    pub type_name: String,
    /// The directory of the two files.
    pub directory: PathBuf,
    segments: Vec<String>,
    element: Value,
}

impl ElementFiles {
    /// The full name of the element. It is checked here and not when the element is found, because an element of
    /// another Type may have a name that is invalid for an instance.
    ///
    /// # Errors
    /// The names of the directories form no valid name of an instance.
    pub fn name(&self) -> Result<InstanceName, Error> {
        let name = InstanceName::from_segments(self.segments.iter().map(String::as_str));
        Ok(name.map_err(|error| ConfigError::of_file(&self.element_path(), error.to_string()))?)
    }

    /// The path of `e.json`.
    #[must_use]
    pub fn element_path(&self) -> PathBuf {
        self.directory.join("e.json")
    }

    /// The path of `<Name>.json`.
    #[must_use]
    pub fn business_path(&self) -> PathBuf {
        let name = self.segments.last().map_or("", String::as_str);
        self.directory.join(format!("{name}.json"))
    }

    /// The content of `e.json`, with every `"${NAME}"` read from the environment.
    ///
    /// # Errors
    /// A `${NAME}` cannot be resolved.
    pub fn element(&self, environment: Environment<'_>) -> Result<Value, Error> {
        resolved(self.element.clone(), &self.element_path(), environment)
    }

    /// The `title` of `e.json`.
    ///
    /// # Errors
    /// It is missing, blank or not a text, or a `${NAME}` of the file cannot be resolved.
    pub fn title(&self, environment: Environment<'_>) -> Result<String, Error> {
        let path = self.element_path();
        let element = self.element(environment)?;
        Ok(Fields::of_file(&path, &element)?.text("title")?.to_owned())
    }

    /// Reads `<Name>.json`, with every `"${NAME}"` read from the environment.
    ///
    /// # Errors
    /// The file is missing, unreadable, larger than 1 MiB or not JSON, or a `${NAME}` cannot be resolved.
    pub fn business(&self, environment: Environment<'_>) -> Result<Value, Error> {
        let path = self.business_path();
        resolved(read_json(&path)?, &path, environment)
    }
}

/// Without the content: it may hold secrets.
impl fmt::Debug for ElementFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ElementFiles")
            .field("type_name", &self.type_name)
            .field("directory", &self.directory)
            .finish_non_exhaustive()
    }
}

/// Finds the elements of every type below a directory, in the order of their paths.
///
/// The root is the `auths` directory, or its parent. Hidden directories are skipped; links are followed without loops.
///
/// # Errors
/// The root is not a directory, a directory or an `e.json` cannot be read, or an `e.json` is not JSON with a `type`.
pub fn read_elements(root: &Path) -> Result<Vec<ElementFiles>, Error> {
    read_elements_with(root, &process_environment)
}

/// [`read_elements`], with an environment of one's own for a `type` that is `"${NAME}"`.
///
/// # Errors
/// As [`read_elements`], and such a `type` cannot be resolved.
pub fn read_elements_with(
    root: &Path,
    environment: Environment<'_>,
) -> Result<Vec<ElementFiles>, Error> {
    let root = auths_directory(root)?;
    let walk = WalkDir::new(&root)
        .follow_links(true)
        .sort_by_file_name()
        .into_iter()
        .filter_entry(|entry| entry.depth() == 0 || !is_hidden(entry));
    let mut elements = Vec::new();
    for entry in walk {
        match entry {
            Ok(entry) if entry.file_type().is_dir() => {
                let segments = segments_below(&root, entry.path());
                elements.extend(read_element(entry.path(), segments, environment)?);
            }
            Ok(_) => {}
            // A link to a directory that contains it.
            Err(error) if error.loop_ancestor().is_some() => {}
            Err(error) => {
                let path = error.path().unwrap_or(&root).to_owned();
                // Not so for a dangling link.
                if path.is_dir() {
                    let error = error
                        .into_io_error()
                        .unwrap_or_else(|| io::ErrorKind::Other.into());
                    return Err(unreadable(&path, &error).into());
                }
            }
        }
    }
    Ok(elements)
}

fn is_hidden(entry: &DirEntry) -> bool {
    entry.file_name().as_encoded_bytes().starts_with(b".")
}

/// The names of the directories from the root to this one.
fn segments_below(root: &Path, directory: &Path) -> Vec<String> {
    let below = directory.strip_prefix(root).unwrap_or(directory);
    below
        .iter()
        .map(|name| name.to_string_lossy().into_owned())
        .collect()
}

/// The element of a directory, if it is one.
fn read_element(
    directory: &Path,
    segments: Vec<String>,
    environment: Environment<'_>,
) -> Result<Option<ElementFiles>, ConfigError> {
    let path = directory.join("e.json");
    // Not `exists`: a dangling link is reported, not taken for a missing file.
    match fs::symlink_metadata(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(&path, &error)),
        Ok(_) => {}
    }
    let element = read_json(&path)?;
    let fields = Fields::of_file(&path, &element)?;
    let written = fields.text("type")?;
    let type_name = environment::resolve_text(written, environment)
        .map_err(|rule| fields.error("type", rule))?
        .unwrap_or_else(|| written.to_owned());
    Ok(Some(ElementFiles {
        type_name,
        directory: directory.to_owned(),
        segments,
        element,
    }))
}

const NO_AUTHS_DIRECTORY: &str = "there is no such directory; the auths directory (Builder::auths_dir, --auths) has \
                                  NAME/e.json and NAME/NAME.json for each login instance";

/// The `auths` directory: the given one, or the one of this name in it.
fn auths_directory(given: &Path) -> Result<PathBuf, ConfigError> {
    let true_path = fs::canonicalize(given).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => ConfigError::of_file(given, NO_AUTHS_DIRECTORY),
        _ => unreadable(given, &error),
    })?;
    if !true_path.is_dir() {
        return Err(ConfigError::of_file(given, "must be the auths directory"));
    }
    let inner = given.join("auths");
    if true_path.file_name().is_some_and(|name| name == "auths") || !inner.is_dir() {
        return Ok(given.to_owned());
    }
    // In `auths/auths/e.json` the inner directory is an element.
    let is_element = inner.join("e.json").exists();
    Ok(if is_element { given.to_owned() } else { inner })
}

fn resolved(mut value: Value, path: &Path, environment: Environment<'_>) -> Result<Value, Error> {
    environment::resolve(&mut value, environment)
        .map_err(|error| ConfigError::new(path.display().to_string(), error.field, error.rule))?;
    Ok(value)
}

fn read_json(path: &Path) -> Result<Value, ConfigError> {
    let failed = |error: io::Error| unreadable(path, &error);
    // Checked before opening: opening a pipe would wait for its other end.
    if !fs::metadata(path).map_err(failed)?.is_file() {
        return Err(ConfigError::of_file(path, "must be a file"));
    }
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes))
        .map_err(failed)?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(ConfigError::of_file(path, "must not be larger than 1 MiB"));
    }
    // Some editors write a byte order mark.
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    // The parser's message is left out, because it may quote the content.
    serde_json::from_slice(text).map_err(|error| {
        let rule = format!(
            "must be JSON; it breaks off at line {}, column {}",
            error.line(),
            error.column()
        );
        ConfigError::of_file(path, rule)
    })
}

fn unreadable(path: &Path, error: &io::Error) -> ConfigError {
    match error.kind() {
        io::ErrorKind::NotFound => ConfigError::of_file(path, "is missing"),
        kind => ConfigError::of_file(path, format!("cannot be read: {kind}")),
    }
}
