//! `wecom-login new`. That its code compiles, the examples of this package show: they are the files that it writes.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::process::{Cli, DATA_KEY};

#[test]
fn new_writes_a_project_that_the_command_reads() {
    for (framework, main) in [
        ("axum", include_str!("../../templates/axum/main.rs")),
        ("actix", include_str!("../../templates/actix/main.rs")),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let project = directory.path().join("app");
        let path = project.to_str().unwrap();
        let arguments = [
            "new",
            path,
            "--framework",
            framework,
            "--suite-id",
            "dk1234567890abcdef",
            "--provider-corp-id",
            "ww1234567890abcdef",
            "--app-url",
            "https://app.example.com",
        ];
        let printed = Cli::default().run(&arguments).done();
        assert!(
            printed.contains("auths/QywxProxyDefault/e.json"),
            "{printed}"
        );
        let read = |name: &str| fs::read_to_string(project.join(name)).unwrap();
        assert_eq!(read("src/main.rs"), main);
        assert!(read("wecom-login.env").contains("APP_URL='https://app.example.com'"));
        assert!(read(".gitignore").contains("wecom-login.key"));
        assert_eq!(read("wecom-login.key").len(), DATA_KEY.len());
        #[cfg(unix)]
        for secret in ["wecom-login.key", "wecom-login.env"] {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = fs::metadata(project.join(secret))
                .unwrap()
                .permissions()
                .mode();
            assert_eq!(mode & 0o777, 0o600, "{secret}");
        }
        is_a_package(&project);

        // The instance loads with the secrets of the environment, and the key is a data key.
        let cli = Cli {
            variables: vec![
                (
                    "WECOM_LOGIN_AUTHS",
                    project.join("auths").display().to_string(),
                ),
                (
                    "WECOM_LOGIN_DATA_KEY_FILE",
                    project.join("wecom-login.key").display().to_string(),
                ),
                (
                    "WECOM_LOGIN_DATABASE_URL",
                    format!("sqlite://{}?mode=rwc", project.join("a.db").display()),
                ),
                ("WECOM_SUITE_SECRET", "a-secret".to_owned()),
                ("WECOM_CALLBACK_TOKEN", "ATokenOf16OrMoreChars".to_owned()),
                (
                    "WECOM_ENCODING_AES_KEY",
                    "Qd7kT2mXv9LhR4sWc8YpB1nZf6JgU3aEoK5iHxMrDtB".to_owned(),
                ),
                ("WECOM_PROVIDER_SECRET", "another-secret".to_owned()),
            ],
        };
        cli.run(&["migrate"]).done();

        let sentence = Cli::default().run(&arguments).sentence();
        assert!(sentence.contains("nothing was written"), "{sentence}");
    }
}

/// What cargo reads without the registry.
fn is_a_package(project: &Path) {
    let metadata = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--no-deps",
            "--offline",
            "--format-version",
            "1",
        ])
        .current_dir(project)
        .output()
        .unwrap();
    assert!(metadata.status.success(), "{metadata:?}");
    let metadata: serde_json::Value = serde_json::from_slice(&metadata.stdout).unwrap();
    assert_eq!(metadata["packages"][0]["targets"][0]["kind"][0], "bin");
}

#[test]
fn new_says_which_flag_is_missing_or_wrong() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().to_str().unwrap();
    for (arguments, part) in [
        (&["new", path][..], "--framework"),
        (&["new", path, "--framework", "axum"], "--suite-id"),
        (
            &["new", path, "--framework", "axum", "--suite-id", "a b"],
            "--suite-id",
        ),
        (
            &[
                "new",
                path,
                "--framework",
                "axum",
                "--suite-id",
                "dk1",
                "--instance",
                "login",
            ],
            "--instance",
        ),
        (
            &[
                "new",
                path,
                "--framework",
                "axum",
                "--suite-id",
                "dk1",
                "--app-url",
                "x",
            ],
            "--app-url",
        ),
    ] {
        let sentence = Cli::default().run(arguments).sentence();
        assert!(sentence.contains(part), "{arguments:?}: {sentence}");
    }
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
}
