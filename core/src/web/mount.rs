//! The mount: the path below the public URL where our routes are.

use crate::error::{Error, ErrorKind, Result};

/// The path below the public URL where our routes are; empty for the root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mount {
    path: Box<str>,
}

impl Mount {
    /// `/auth`, `auth` and `/auth/` are the same; `/` and the empty text are the root.
    ///
    /// # Errors
    /// `CONFIG_ERROR`: a segment is empty or has other characters than `A-Z a-z 0-9 - . _ ~`.
    pub(crate) fn new(mount: &str) -> Result<Self> {
        let path = if mount.starts_with('/') {
            mount.to_owned()
        } else {
            format!("/{mount}")
        };
        let path = plain_path(&path).ok_or_else(|| {
            Error::new(
                ErrorKind::Config,
                "mount must be a path of the characters A-Z a-z 0-9 - . _ ~",
            )
        })?;
        Ok(Self { path: path.into() })
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.path
    }
}

impl Default for Mount {
    fn default() -> Self {
        Self {
            path: "/auth".into(),
        }
    }
}

/// The path without its trailing slash; `None` if a segment is empty, a dot segment, or has other characters than
/// `A-Z a-z 0-9 - . _ ~`.
pub(super) fn plain_path(path: &str) -> Option<&str> {
    let path = path.strip_suffix('/').unwrap_or(path);
    let plain = |segment: &str| {
        !matches!(segment, "" | "." | "..")
            && segment
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
    };
    path.split('/').skip(1).all(plain).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_normalizes_slashes_and_refuses_other_characters() {
        for (mount, path) in [
            ("/auth", "/auth"),
            ("auth/", "/auth"),
            ("/a/b", "/a/b"),
            ("/", ""),
            ("", ""),
        ] {
            assert_eq!(Mount::new(mount).unwrap().as_str(), path, "{mount}");
        }
        assert_eq!(Mount::default(), Mount::new("auth").unwrap());
        for mount in [
            "//", "/a//b", "/{x}", "/a?b", "/a#b", "/..", "/企业", "/a b", "/a%20b", "/*",
        ] {
            assert!(Mount::new(mount).is_err(), "{mount}");
        }
    }
}
