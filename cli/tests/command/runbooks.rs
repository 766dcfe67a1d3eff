//! The runbooks: the commands of each page, in its order, against an app with a sandbox.

use std::fs;
use std::path::Path;

use wecom_login_tests::TestApp;
use wecom_login_tests::auths::{COMPANY_A, SUITE};

use crate::process::{Cli, Run};

/// Ends the script at the first command that could not do what it was asked for; 1 is a finding, which a runbook has.
const PRELUDE: &str = r#"
set -eu -o pipefail
wecom-login() { command wecom-login "$@" || [ $? -eq 1 ]; }
env() { command env "$@" || [ $? -eq 1 ]; }
set -x
"#;

/// The shell blocks of a page.
fn script(page: &Path) -> String {
    let text = fs::read_to_string(page).unwrap();
    let (mut script, mut in_block) = (String::new(), false);
    for line in text.lines() {
        let (code, indent) = (line.trim_start(), line.len() - line.trim_start().len());
        if code == "```sh" {
            in_block = true;
        } else if code.starts_with("```") {
            in_block = false;
        } else if in_block {
            // Blocks of a list are indented as its items are.
            script.push_str(&line[indent.min(3)..]);
            script.push('\n');
        }
    }
    script
}

/// Runs a page's commands on the service and on the database of an app, in an empty directory.
fn run(app: &TestApp, language: &str, page: &str) -> Run {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    let script = script(&docs.join(language).join(format!("{page}.md")));
    assert!(script.contains("wecom-login "), "{page} has no command");
    let directory = tempfile::tempdir().unwrap();
    let mut cli = Cli::on_service(app);
    cli.variables.extend(Cli::on_database(app).variables);
    let new = directory.path().join("new.db");
    cli.variables.extend([
        ("SUITE_ID", SUITE.to_owned()),
        ("CORP_ID", COMPANY_A.to_owned()),
        (
            "PERMANENT_CODE",
            app.sandbox.permanent_code(COMPANY_A, SUITE).unwrap(),
        ),
        (
            "NEW_DATABASE_URL",
            format!("sqlite://{}?mode=rwc", new.display()),
        ),
    ]);
    let run = cli.script(&format!("{PRELUDE}{script}"), directory.path());
    assert_eq!(run.status, Some(0), "{page}: {run:?}");
    run
}

async fn app() -> TestApp {
    TestApp::from_auths_directory().system_clock().start().await
}

#[tokio::test(flavor = "multi_thread")]
async fn runbooks_run_from_their_pages() {
    let app = app().await;
    let member = app.member(COMPANY_A);
    let _ = app.log_in(COMPANY_A, &member).await;
    for language in ["", "zh"] {
        let run = |page: &str| run(&app, language, page);
        assert!(run("suite-secret").stdout.contains("valid until"));
        assert!(run("wecom-bar").stdout.contains("STATUS "));
        let out = run("moving-out").stdout;
        assert!(
            out.contains("3 imported, 0 unchanged, 0 wrong") || out.contains("4 imported"),
            "{out}"
        );
        let moved = run("moving-in").stdout;
        assert!(moved.contains(" 0 wrong"), "{moved}");
        let company = app.token(COMPANY_A, &member).await;
        assert!(run("broken-company").stdout.contains("valid until"));
        assert_eq!(app.hello_status(&company).await, 401);
        let token = app.token(COMPANY_A, &member).await;
        let _ = run("key-change");
        assert_eq!(app.hello_status(&token).await, 401);
        let token = app.token(COMPANY_A, &member).await;
        let _ = run("restore");
        wecom_login_tests::until("every session has ended", async || {
            app.hello_status(&token).await == 401
        })
        .await;
    }
    app.stop().await;
}
