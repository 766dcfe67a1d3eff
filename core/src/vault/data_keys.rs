//! The sources of data keys: an environment variable, a file, code.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind as IoErrorKind, Write as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::error::{Error, ErrorKind, Result};
use crate::random;
use crate::vault::{DataKey, KeyRing};

/// The environment variable that holds the data keys.
pub const DATA_KEY_VARIABLE: &str = "WECOM_LOGIN_DATA_KEY";

/// The length of base64 of 32 bytes.
const KEY_TEXT_LENGTH: usize = 44;

/// Where the data keys come from.
///
/// ```
/// use wecom_login::{DataKey, DataKeys};
///
/// let from_code = DataKeys::from_keys([DataKey::random()]);
/// let from_a_file_created_at_the_first_start = DataKeys::from_file("wecom-login.key");
/// # let _ = (from_code, from_a_file_created_at_the_first_start);
/// ```
#[derive(Clone, Debug)]
pub struct DataKeys {
    source: Source,
}

#[derive(Clone, Debug)]
enum Source {
    Environment,
    File(PathBuf),
    Keys(Vec<DataKey>),
}

impl DataKeys {
    /// Takes the keys from `WECOM_LOGIN_DATA_KEY`: base64 of 32 bytes, several separated by commas. The first key
    /// seals, all keys open.
    #[must_use]
    pub const fn from_env() -> Self {
        Self {
            source: Source::Environment,
        }
    }

    /// Takes the keys from code. The first key seals, all keys open.
    #[must_use]
    pub fn from_keys(keys: impl IntoIterator<Item = DataKey>) -> Self {
        Self {
            source: Source::Keys(keys.into_iter().collect()),
        }
    }

    /// Takes the keys from a file with the content of the environment variable. It is created, with mode 0600, if
    /// neither it nor any data exist. A file that a crash cut off is replaced as long as there is no data.
    #[must_use]
    pub fn from_file(path: impl Into<PathBuf>) -> Self {
        Self {
            source: Source::File(path.into()),
        }
    }

    /// Checks what can be checked before the database is opened, so that a start that lacks a key changes nothing in it: a
    /// file that is missing or cut off may be created later.
    ///
    /// # Errors
    /// `CONFIG_ERROR`, as [`load`](Self::load).
    pub(crate) fn check(&self) -> Result<()> {
        match &self.source {
            Source::Keys(_) | Source::Environment => self.load(false).map(drop),
            Source::File(path) => match fs::read_to_string(path).map(Zeroizing::new) {
                Ok(text) if is_cut_off(&text) => Ok(()),
                Ok(text) => parse(&text, &path.display().to_string()).map(drop),
                Err(error) if error.kind() == IoErrorKind::NotFound => Ok(()),
                Err(error) => Err(config_error(format!(
                    "the key file {} cannot be read: {error}",
                    path.display()
                ))),
            },
        }
    }

    /// Loads the keys. A missing file is created if `database_is_empty`, and one that was cut off is replaced.
    ///
    /// # Errors
    /// `CONFIG_ERROR`: there is no key, or it is malformed, or the file cannot be read or created.
    pub(super) fn load(&self, database_is_empty: bool) -> Result<KeyRing> {
        match &self.source {
            Source::Keys(keys) => KeyRing::new(keys.clone()),
            Source::Environment => match std::env::var(DATA_KEY_VARIABLE).map(Zeroizing::new) {
                Ok(text) => parse(&text, DATA_KEY_VARIABLE),
                Err(_) => Err(config_error(format!(
                    "{DATA_KEY_VARIABLE} is not set: set it to base64 of 32 random bytes (openssl rand -base64 32), or give \
                     Builder::data_keys another source"
                ))),
            },
            Source::File(path) => read_or_create(path, database_is_empty),
        }
    }
}

fn read_or_create(path: &Path, may_create: bool) -> Result<KeyRing> {
    let origin = path.display().to_string();
    match fs::read_to_string(path).map(Zeroizing::new) {
        Ok(text) if is_cut_off(&text) && may_create => {
            tracing::warn!(
                target: "wecom_login", path = origin,
                "the key file is cut off, as by a crash while it was written; the database is empty, so that the file \
                 is created anew"
            );
            create(path, true)
        }
        Ok(text) if is_cut_off(&text) => Err(config_error(format!(
            "the key file {origin} is cut off, but the database is not empty; restore the file from a backup"
        ))),
        Ok(text) => parse(&text, &origin),
        Err(error) if error.kind() == IoErrorKind::NotFound && may_create => create(path, false),
        Err(error) if error.kind() == IoErrorKind::NotFound => Err(config_error(format!(
            "the key file {origin} is missing, but the database is not empty; restore the file"
        ))),
        Err(error) => Err(config_error(format!(
            "the key file {origin} cannot be read: {error}"
        ))),
    }
}

/// Creates the file, whole or not at all: it is written beside its place, and put there once it is on the disk.
fn create(path: &Path, replace: bool) -> Result<KeyRing> {
    let origin = path.display().to_string();
    let key = DataKey::random();
    let text = Zeroizing::new(STANDARD.encode(key.bytes()));
    match write_whole(path, text.as_bytes(), replace) {
        Ok(()) => KeyRing::new(vec![key]),
        // Another process created it since we looked; its key counts.
        Err(error) if error.kind() == IoErrorKind::AlreadyExists => {
            let text = fs::read_to_string(path).map(Zeroizing::new);
            let text = text.map_err(|error| {
                config_error(format!("the key file {origin} cannot be read: {error}"))
            })?;
            parse(&text, &origin)
        }
        Err(error) => Err(config_error(format!(
            "the key file {origin} cannot be created: {error}"
        ))),
    }
}

/// Writes a file with mode 0600. Unless it replaces one, it fails with `AlreadyExists` where one is.
fn write_whole(path: &Path, content: &[u8], replace: bool) -> io::Result<()> {
    let directory = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.tmp", random::hex::<8>()));
    let temporary = directory.join(name);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(&temporary).and_then(|mut file| {
        file.write_all(content)?;
        file.sync_all()?;
        if replace {
            fs::rename(&temporary, path)
        } else {
            link_or_rename(&temporary, path)
        }
    });
    let _ = fs::remove_file(&temporary);
    written?;
    // The name is on the disk when its directory is.
    #[cfg(unix)]
    fs::File::open(directory)?.sync_all()?;
    Ok(())
}

/// Puts a file in a place where none is.
fn link_or_rename(from: &Path, to: &Path) -> io::Result<()> {
    // A rename would replace the file of another process.
    match fs::hard_link(from, to) {
        Err(error) if error.kind() != IoErrorKind::AlreadyExists && !to.try_exists()? => {
            // Not every file system has links.
            fs::rename(from, to)
        }
        linked => linked,
    }
}

/// Whether this is less than a key, as a crash leaves it that cuts off what was written.
fn is_cut_off(text: &str) -> bool {
    text.len() < KEY_TEXT_LENGTH
        && text
            .bytes()
            .all(|byte| byte == 0 || byte.is_ascii_alphanumeric() || b"+/".contains(&byte))
}

fn parse(text: &str, origin: &str) -> Result<KeyRing> {
    let keys = text.trim().split(',').map(|key| {
        let bytes = STANDARD.decode(key.trim()).map(Zeroizing::new).ok();
        let bytes = bytes.and_then(|bytes| <[u8; 32]>::try_from(bytes.as_slice()).ok());
        bytes.map(DataKey::new).ok_or_else(|| {
            config_error(format!(
                "{origin} must hold base64 of 32 bytes, or several separated by commas"
            ))
        })
    });
    KeyRing::new(keys.collect::<Result<_>>()?)
}

fn config_error(detail: String) -> Error {
    Error::new(ErrorKind::Config, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_file_is_created_once_with_mode_0600() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("data.key");
        let keys = DataKeys::from_file(&path);
        let created = keys.load(true).unwrap();
        let read = keys.load(false).unwrap();
        assert_eq!(created.primary().id(), read.primary().id());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(
                fs::metadata(&path).unwrap().permissions().mode() & 0o777,
                0o600
            );
        }
    }

    #[test]
    fn missing_key_file_is_an_error_when_there_is_data() {
        let directory = tempfile::tempdir().unwrap();
        let error = DataKeys::from_file(directory.path().join("data.key"))
            .load(false)
            .unwrap_err();
        assert!(error.detail().contains("not empty"), "{error}");
    }

    #[test]
    fn cut_off_key_file_is_replaced_while_there_is_no_data() {
        for content in ["", "c2hvcnQ", "\0\0\0"] {
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join("data.key");
            fs::write(&path, content).unwrap();
            let keys = DataKeys::from_file(&path);
            let error = keys.load(false).unwrap_err();
            assert!(error.detail().contains("from a backup"), "{error}");
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
            let created = keys.load(true).unwrap();
            let read = keys.load(false).unwrap();
            assert_eq!(created.primary().id(), read.primary().id());
            let files = fs::read_dir(directory.path()).unwrap().count();
            assert_eq!(files, 1, "nothing is left beside it");
        }
    }

    #[test]
    fn key_file_with_another_content_is_never_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("data.key");
        let two = format!("{},c2hv", STANDARD.encode([1; 32]));
        for content in ["my password!", "short,short", &two] {
            fs::write(&path, content).unwrap();
            DataKeys::from_file(&path).load(true).unwrap_err();
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
        }
    }

    #[test]
    fn parses_comma_separated_keys_first_is_primary() {
        let (one, two) = (STANDARD.encode([1; 32]), STANDARD.encode([2; 32]));
        let ring = parse(&format!(" {two}, {one}\n"), "test").unwrap();
        assert_eq!(ring.primary().id(), DataKey::new([2; 32]).id());
        assert!(ring.find(DataKey::new([1; 32]).id()).is_some());
        for bad in ["", "short", &STANDARD.encode([1; 31]), &format!("{one},")] {
            assert!(parse(bad, "test").is_err(), "{bad}");
        }
    }
}
