//! [`AppDirectory`]: the directory of an example app with one instance.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;
use tempfile::TempDir;
use wecom_sandbox::Sandbox;

use super::builder::{Example, ProcessBuilder};
use crate::app::relax_push_timing;

/// The suite of the instance.
pub const SUITE: &str = "dkrestart00000000001";
/// The callback token of the suite.
pub const TOKEN: &str = "RestartCallbackToken1";
/// The EncodingAESKey of the suite.
pub const AES_KEY: &str = "Sd7kT2mXv9LhR4sWc8YpB1nZf6JgU3aEoK5iHxMrDtB";
/// The key of the admin routes.
pub const ADMIN_KEY: &str = "an-admin-key-of-the-restarts";

/// The directory of an app: its configuration, its database file, its data key.
#[derive(Debug)]
pub struct AppDirectory {
    directory: TempDir,
}

impl AppDirectory {
    /// A new directory.
    #[must_use]
    pub fn new() -> Self {
        let directory = Self {
            directory: TempDir::new().unwrap(),
        };
        directory.write(
            "Restart.json",
            &json!({"providerCorpId": "wwrestartprovider01", "authConfig": {
                "suiteId": SUITE, "suiteSecret": "secret-of-the-suite", "token": TOKEN, "encodingAESKey": AES_KEY,
            }})
            .to_string(),
        );
        directory.write(
            "e.json",
            &json!({"title": "Restart", "type": "auths.loginTypes.QywxProxyType"}).to_string(),
        );
        directory
    }

    /// Its path.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Its `auths/` directory.
    #[must_use]
    pub fn auths(&self) -> PathBuf {
        self.path().join("auths")
    }

    /// Writes a file of the instance.
    pub fn write(&self, name: &str, text: &str) {
        let instance = self.auths().join("Restart");
        fs::create_dir_all(&instance).unwrap();
        fs::write(instance.join(name), text).unwrap();
    }

    /// A sandbox with this configuration.
    pub async fn sandbox(&self, corps: usize) -> Sandbox {
        let sandbox = Sandbox::builder()
            .auths_dir(self.auths())
            .corps(corps)
            .start()
            .await
            .unwrap();
        // A start of the app may take as long as the machine needs.
        relax_push_timing(&sandbox).await;
        sandbox
    }

    /// The process of an app with this configuration.
    pub fn process(&self, example: Example, listen: &str, wecom_url: &str) -> ProcessBuilder {
        example
            .process(self.path())
            .listen(listen)
            .auths(&self.auths())
            .wecom_url(wecom_url)
    }
}

impl Default for AppDirectory {
    fn default() -> Self {
        Self::new()
    }
}
