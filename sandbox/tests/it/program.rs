//! The program `wecom-sandbox` and its flags.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use axum::http::Method;
use wecom_sandbox::WARNING;

use crate::harness::send;

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn write_instance(root: &std::path::Path, name: &str, corp: Option<&str>) {
    let directory = root.join(name);
    std::fs::create_dir_all(&directory).unwrap();
    let element = r#"{"title": "Login", "type": "auths.loginTypes.QywxProxyType"}"#;
    std::fs::write(directory.join("e.json"), element).unwrap();
    let pin = corp
        .map(|corp| format!(", \"corpId\": \"{corp}\""))
        .unwrap_or_default();
    let business = format!(
        r#"{{"authConfig": {{"suiteId": "dk0123456789abcdef", "suiteSecret": "secret",
        "encodingAESKey": "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C", "token": "QDG6eKQDG6eKQDG6eK"}}{pin}}}"#
    );
    std::fs::write(directory.join(format!("{name}.json")), business).unwrap();
}

#[tokio::test]
async fn program_reads_auths_prints_warning_and_serves() {
    let directory = tempfile::tempdir().unwrap();
    write_instance(directory.path(), "Pinned", Some("wwpinnedcompany01"));
    write_instance(directory.path(), "Others", None);
    let child = Command::new(env!("CARGO_BIN_EXE_wecom-sandbox"))
        .args([
            "--listen",
            "127.0.0.1:0",
            "--corps",
            "2",
            "--members",
            "4",
            "--auths",
        ])
        .arg(directory.path())
        .args(["--notify", "http://127.0.0.1:9/auth/notify"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut running = Running(child);
    let mut lines = BufReader::new(running.0.stdout.take().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), WARNING);
    let console = lines.next().unwrap().unwrap();
    let url = console.strip_prefix("Console: ").unwrap();
    let state = send(Method::GET, &format!("{url}/state"), &[], String::new())
        .await
        .json();
    assert_eq!(state["suites"][0]["instances"].as_array().unwrap().len(), 2);
    assert_eq!(state["corps"][0]["corpId"], "wwpinnedcompany01");
    assert_eq!(state["corps"].as_array().unwrap().len(), 2);
    assert_eq!(state["corps"][0]["members"].as_array().unwrap().len(), 4);
    assert_eq!(state["trustedDomain"], "127.0.0.1:9");
}

#[test]
fn program_rejects_other_addresses_without_remote() {
    let directory = tempfile::tempdir().unwrap();
    write_instance(directory.path(), "Others", None);
    let output = Command::new(env!("CARGO_BIN_EXE_wecom-sandbox"))
        .args(["--listen", "0.0.0.0:0", "--auths"])
        .arg(directory.path())
        .output()
        .unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("this machine"));
}
