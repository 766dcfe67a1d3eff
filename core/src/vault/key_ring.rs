//! The data keys: which there are, and where they come from.

use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind as IoErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::error::{Error, ErrorKind, Result};
use crate::random;

/// The environment variable that holds the data keys.
pub const DATA_KEY_VARIABLE: &str = "WECOM_LOGIN_DATA_KEY";

pub(crate) const KEY_ID_BYTES: usize = 8;

/// One key of 32 bytes, under which secrets are stored.
#[derive(Clone)]
pub struct DataKey {
    id: [u8; KEY_ID_BYTES],
    bytes: Zeroizing<[u8; 32]>,
}

impl DataKey {
    /// The key of these bytes.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        let digest: [u8; 32] = Sha256::new()
            .chain_update(b"wecom-login data key")
            .chain_update(bytes)
            .finalize()
            .into();
        let mut id = [0; KEY_ID_BYTES];
        id.copy_from_slice(&digest[..KEY_ID_BYTES]);
        Self {
            id,
            bytes: Zeroizing::new(bytes),
        }
    }

    /// A new key from the system's randomness.
    #[must_use]
    pub fn random() -> Self {
        Self::new(random::bytes())
    }

    pub(crate) fn id(&self) -> &[u8; KEY_ID_BYTES] {
        &self.id
    }

    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.bytes
    }

    /// A key for one purpose, derived from this one.
    pub(crate) fn derive(&self, purpose: &[u8]) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.bytes.as_slice())
            .expect("HMAC takes keys of any length");
        mac.update(purpose);
        mac.finalize().into_bytes().into()
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey(******)")
    }
}

/// Where the data keys come from.
///
/// ```
/// use wecom_login::{DataKey, DataKeys};
///
/// let given = DataKeys::from_keys([DataKey::random()]);
/// let from_a_file_made_at_the_first_start = DataKeys::from_file("wecom-login.key");
/// # let _ = (given, from_a_file_made_at_the_first_start);
/// ```
#[derive(Clone, Debug)]
pub struct DataKeys(Source);

#[derive(Clone, Debug)]
enum Source {
    Environment,
    File(PathBuf),
    Given(Vec<DataKey>),
}

impl DataKeys {
    /// From `WECOM_LOGIN_DATA_KEY`: base64 of 32 bytes, several separated by commas; the first writes, all read.
    #[must_use]
    pub const fn from_env() -> Self {
        Self(Source::Environment)
    }

    /// From code. The first key writes, all read.
    #[must_use]
    pub fn from_keys(keys: impl IntoIterator<Item = DataKey>) -> Self {
        Self(Source::Given(keys.into_iter().collect()))
    }

    /// From a file of the same form as the variable, made with mode 0600 if neither it nor any data exist yet.
    #[must_use]
    pub fn from_file(path: impl Into<PathBuf>) -> Self {
        Self(Source::File(path.into()))
    }

    /// Reads the keys; `database_is_empty` says whether a new key may be made.
    pub(crate) fn load(&self, database_is_empty: bool) -> Result<KeyRing> {
        match &self.0 {
            Source::Given(keys) => KeyRing::new(keys.clone()),
            Source::Environment => {
                let text = std::env::var(DATA_KEY_VARIABLE)
                    .map(Zeroizing::new)
                    .map_err(|_| {
                        config(format!(
                            "{DATA_KEY_VARIABLE} is not set: it holds base64 of 32 random bytes"
                        ))
                    })?;
                parse(&text, DATA_KEY_VARIABLE)
            }
            Source::File(path) => read_or_create(path, database_is_empty),
        }
    }
}

/// The data keys of this node: the first writes, all read.
#[derive(Clone, Debug)]
pub(crate) struct KeyRing {
    keys: Arc<[DataKey]>,
}

impl KeyRing {
    pub(crate) fn new(keys: Vec<DataKey>) -> Result<Self> {
        if keys.is_empty() {
            return Err(config("no data key is given"));
        }
        Ok(Self { keys: keys.into() })
    }

    pub(crate) fn primary(&self) -> &DataKey {
        &self.keys[0]
    }

    pub(crate) fn find(&self, id: &[u8]) -> Option<&DataKey> {
        self.keys.iter().find(|key| key.id() == id)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &DataKey> {
        self.keys.iter()
    }
}

fn config(detail: impl Into<String>) -> Error {
    Error::new(ErrorKind::Config, detail)
}

fn parse(text: &str, origin: &str) -> Result<KeyRing> {
    let keys = text.trim().split(',').map(|key| {
        let bytes = STANDARD.decode(key.trim()).map(Zeroizing::new).ok();
        let bytes = bytes.and_then(|bytes| <[u8; 32]>::try_from(bytes.as_slice()).ok());
        bytes.map(DataKey::new).ok_or_else(|| {
            config(format!(
                "{origin} must hold base64 of 32 bytes, or several with commas"
            ))
        })
    });
    KeyRing::new(keys.collect::<Result<_>>()?)
}

fn read_or_create(path: &Path, may_create: bool) -> Result<KeyRing> {
    let shown = path.display();
    match fs::read_to_string(path).map(Zeroizing::new) {
        Ok(text) => return parse(&text, &shown.to_string()),
        Err(error) if error.kind() == IoErrorKind::NotFound && may_create => {}
        Err(error) if error.kind() == IoErrorKind::NotFound => {
            return Err(config(format!(
                "the key file {shown} is gone, but the database is not empty: bring it back"
            )));
        }
        Err(error) => {
            return Err(config(format!(
                "the key file {shown} cannot be read: {error}"
            )));
        }
    }
    let key = DataKey::random();
    let text = Zeroizing::new(STANDARD.encode(key.bytes()));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(path).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    match written {
        Ok(()) => KeyRing::new(vec![key]),
        // Another process made it between our look and our write: its key is the one.
        Err(error) if error.kind() == IoErrorKind::AlreadyExists => parse(
            &Zeroizing::new(
                fs::read_to_string(path).map_err(|error| config(format!("{shown}: {error}")))?,
            ),
            &shown.to_string(),
        ),
        Err(error) => Err(config(format!(
            "the key file {shown} cannot be written: {error}"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_made_once_for_its_owner_only_and_read_again() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("data.key");
        let keys = DataKeys::from_file(&path);
        let made = keys.load(true).unwrap();
        let read = keys.load(false).unwrap();
        assert_eq!(made.primary().id(), read.primary().id());
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
    fn a_lost_file_is_not_replaced_when_there_is_data() {
        let directory = tempfile::tempdir().unwrap();
        let error = DataKeys::from_file(directory.path().join("data.key"))
            .load(false)
            .unwrap_err();
        assert!(error.detail().contains("not empty"), "{error}");
    }

    #[test]
    fn several_keys_stand_with_commas_and_the_first_writes() {
        let (one, two) = (STANDARD.encode([1; 32]), STANDARD.encode([2; 32]));
        let ring = parse(&format!(" {two}, {one}\n"), "test").unwrap();
        assert_eq!(ring.primary().id(), DataKey::new([2; 32]).id());
        assert!(ring.find(DataKey::new([1; 32]).id()).is_some());
        for bad in ["", "short", &STANDARD.encode([1; 31]), &format!("{one},")] {
            assert!(parse(bad, "test").is_err(), "{bad}");
        }
    }
}
