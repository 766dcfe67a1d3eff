//! Two witnesses of `/openapi.json`: a validator of another project, and a client that a generator of another project makes
//! of it, which logs a person in at both example apps.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test may panic")]

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};

use serde_json::json;
use tempfile::TempDir;
use wecom_login_tests::TestRequest;
use wecom_login_tests::browser::find;
use wecom_login_tests::process::{DemoProcess, Example};
use wecom_login_tests::scenarios::{self, Scenario};

const EXAMPLES: [Example; 2] = [
    Example {
        name: "axum-app",
        binary: env!("CARGO_BIN_EXE_axum-app-under-test"),
    },
    Example {
        name: "actix-app",
        binary: env!("CARGO_BIN_EXE_actix-app-under-test"),
    },
];
const VALIDATOR: &str = "openapi-spec-validator";
const GENERATOR: &str = "openapi-python-client";
/// The bodies that the generator has no form for are handed over as they are.
const GENERATOR_CONFIG: &str = "content_type_overrides:\n  application/jsonl: application/octet-stream\n  text/xml: application/octet-stream\n";
const ADMIN_KEY: &str = "demo-tests-admin-key-0001";
/// The first instance of the examples.
const INSTANCE: &str = "QywxProxyCompanyA";

fn main() -> ExitCode {
    let scenarios = EXAMPLES.into_iter().flat_map(|example| {
        let name = |name: &str| format!("openapi::{}::{name}", example.name);
        [
            Scenario::new(name("is_valid"), &[VALIDATOR], move || is_valid(example)),
            Scenario::new(name("generated_client_logs_in"), &[GENERATOR], move || {
                generated_client_logs_in(example)
            }),
        ]
    });
    scenarios::run(scenarios.collect())
}

async fn is_valid(example: Example) {
    let app = DemoProcess::start(example, None).await;
    let directory = TempDir::new().unwrap();
    let document = write_document(&app, directory.path()).await;
    run(Command::new(find(VALIDATOR).unwrap()).arg(&document));
    app.stop();
}

async fn generated_client_logs_in(example: Example) {
    let app = DemoProcess::start(example, None).await;
    let directory = TempDir::new().unwrap();
    let document = write_document(&app, directory.path()).await;
    let generator = find(GENERATOR).unwrap();
    let config = directory.path().join("config.yaml");
    fs::write(&config, GENERATOR_CONFIG).unwrap();
    run(Command::new(&generator)
        .args([
            "generate",
            "--meta",
            "none",
            "--overwrite",
            "--fail-on-warning",
        ])
        .arg("--config")
        .arg(config)
        .arg("--path")
        .arg(&document)
        .arg("--output-path")
        .arg(directory.path().join("client")));
    let corp = app.authorized_corps().await.remove(0);
    let code = format!("/corps/{}/members/{}/code", corp.id, corp.member.0);
    let code = app.control(&code, &json!({})).await;
    // The Python beside the generator has what generated clients import.
    let python = fs::canonicalize(generator.parent().unwrap())
        .unwrap()
        .join("python3");
    let flow = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/openapi/flow.py");
    run(Command::new(python)
        .arg(flow)
        .args([&app.url, INSTANCE, &corp.id])
        .arg(code["code"].as_str().unwrap())
        .arg(ADMIN_KEY)
        .env("PYTHONPATH", directory.path()));
    app.stop();
}

/// The document of the app in a file.
async fn write_document(app: &DemoProcess, directory: &Path) -> std::path::PathBuf {
    let document = app.send(TestRequest::get("/auth/openapi.json")).await;
    let path = directory.join("openapi.json");
    fs::write(&path, document.success().to_string()).unwrap();
    path
}

/// Runs a program, and shows what it printed if it fails.
fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}
