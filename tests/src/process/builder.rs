//! The command line of an example app.

use std::env;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use sea_orm::DbBackend;

use super::app::AppProcess;
use crate::database::TestDatabase;

/// Base64 of 32 bytes.
const DATA_KEY: &str = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";

/// One of the example apps.
#[derive(Clone, Copy, Debug)]
pub struct Example {
    /// Its name.
    pub name: &'static str,
    /// Its binary, which only a test knows: `env!("CARGO_BIN_EXE_…")`.
    pub binary: &'static str,
}

impl Example {
    /// A process in this directory, without any `WECOM_LOGIN_` variable of the test's environment.
    pub fn process(self, directory: &Path) -> ProcessBuilder {
        let mut command = Command::new(self.binary);
        for (name, _) in env::vars_os() {
            if name.to_string_lossy().starts_with("WECOM_LOGIN_") {
                command.env_remove(name);
            }
        }
        command.current_dir(directory).env_remove("RUST_LOG");
        ProcessBuilder {
            name: self.name,
            command,
        }
    }
}

/// Builds the process of an example app.
#[derive(Debug)]
#[must_use = "a process is started by start()"]
pub struct ProcessBuilder {
    pub(super) name: &'static str,
    pub(super) command: Command,
}

impl ProcessBuilder {
    /// Adds arguments.
    pub fn args(mut self, arguments: &[&str]) -> Self {
        self.command.args(arguments);
        self
    }

    /// `--listen`.
    pub fn listen(self, address: &str) -> Self {
        self.args(&["--listen", address])
    }

    /// `--admin-key`.
    pub fn admin_key(self, key: &str) -> Self {
        self.args(&["--admin-key", key])
    }

    /// `--public-url`.
    pub fn public_url(self, url: &str) -> Self {
        self.args(&["--public-url", url])
    }

    /// `--wecom-url`: the app starts no sandbox of its own.
    pub fn wecom_url(self, url: &str) -> Self {
        self.args(&["--wecom-url", url])
    }

    /// `--auths`.
    pub fn auths(mut self, directory: &Path) -> Self {
        self.command.arg("--auths").arg(directory);
        self
    }

    /// `--database-url`. With an SQLite file the app keeps its data key beside the file; with a server it is given one.
    pub fn database(mut self, database: &TestDatabase) -> Self {
        if database.backend() != DbBackend::Sqlite {
            self.command.env("WECOM_LOGIN_DATA_KEY", DATA_KEY);
        }
        self.args(&["--database-url", database.url()])
    }

    /// Aborts when it reaches this failpoint.
    pub fn abort_at(mut self, failpoint: &str) -> Self {
        self.command.env("WECOM_LOGIN_ABORT_AT", failpoint);
        self
    }

    /// Logs errors only.
    pub fn quiet(mut self) -> Self {
        self.command.env("RUST_LOG", "error");
        self
    }

    /// Runs it to its end: the exit code, and what it wrote to stderr.
    #[must_use]
    pub fn run(mut self) -> (Option<i32>, String) {
        let Output { status, stderr, .. } = self.command.output().unwrap();
        (status.code(), String::from_utf8_lossy(&stderr).into_owned())
    }

    /// Starts it and waits until it says where it is.
    pub async fn start(self) -> AppProcess {
        AppProcess::start(self, " is at http://").await
    }

    pub(super) fn with_piped_output(mut self) -> Command {
        self.command.stdout(Stdio::piped());
        self.command
    }
}
