//! The command, run to its end.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use wecom_login_tests::TestApp;
use wecom_login_tests::app::ADMIN_KEY;

/// The data key of the tests' handles, base64 of 32 bytes.
pub(crate) const DATA_KEY: &str = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";

/// The command with its environment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cli {
    pub(crate) variables: Vec<(&'static str, String)>,
}

/// What a run of the command left.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Cli {
    /// On the service that runs.
    pub(crate) fn on_service(app: &TestApp) -> Self {
        Self {
            variables: vec![
                ("WECOM_LOGIN_URL", format!("http://{}", app.address())),
                ("WECOM_LOGIN_ADMIN_KEY", ADMIN_KEY.to_owned()),
            ],
        }
    }

    /// On the app's database and `auths` directory.
    pub(crate) fn on_database(app: &TestApp) -> Self {
        Self::on(app, app.database.url())
    }

    /// On another database, with the app's `auths` directory and WeCom.
    pub(crate) fn on(app: &TestApp, database_url: &str) -> Self {
        let auths = app.directory().join("auths");
        Self {
            variables: vec![
                ("WECOM_LOGIN_DATABASE_URL", database_url.to_owned()),
                ("WECOM_LOGIN_DATA_KEY", DATA_KEY.to_owned()),
                ("WECOM_LOGIN_AUTHS", auths.display().to_string()),
                ("WECOM_LOGIN_WECOM_URL", app.sandbox.url()),
            ],
        }
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wecom-login"));
        command.args(arguments);
        self.finish(command)
    }

    /// A shell script whose `wecom-login` is this one.
    pub(crate) fn script(&self, script: &str, directory: &Path) -> Run {
        let binary = Path::new(env!("CARGO_BIN_EXE_wecom-login"));
        let mut path = vec![binary.parent().unwrap().to_owned()];
        path.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap()));
        let mut command = Command::new("bash");
        command
            .args(["-c", script])
            .current_dir(directory)
            .env("PATH", std::env::join_paths(path).unwrap());
        self.finish(command)
    }

    fn finish(&self, mut command: Command) -> Run {
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("WECOM_LOGIN_") {
                command.env_remove(name);
            }
        }
        for (name, value) in &self.variables {
            command.env(name, value);
        }
        let output = command
            .env_remove("RUST_LOG")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let Output {
            status,
            stdout,
            stderr,
        } = output;
        Run {
            status: status.code(),
            stdout: String::from_utf8(stdout).unwrap(),
            stderr: String::from_utf8(stderr).unwrap(),
        }
    }
}

impl Run {
    /// What it printed, if it ended with 0.
    #[track_caller]
    pub(crate) fn done(self) -> String {
        assert_eq!(self.status, Some(0), "{self:?}");
        self.stdout
    }

    /// The JSON that it printed, if it ended with 0 or 1.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        assert!(matches!(self.status, Some(0 | 1)), "{self:?}");
        serde_json::from_str(&self.stdout).unwrap_or_else(|_| panic!("{self:?}"))
    }

    /// The sentence of a command that could not.
    #[track_caller]
    pub(crate) fn sentence(self) -> String {
        assert_eq!(self.status, Some(2), "{self:?}");
        assert!(self.stdout.is_empty(), "{self:?}");
        assert_eq!(self.stderr.lines().count(), 1, "{self:?}");
        self.stderr
    }
}
