//! The example as people run it: with the sandbox beside it, and both their files in one directory.

use std::io::{BufRead as _, BufReader, Lines};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::json;
use wecom_login_tests::node::until;

use super::program::{ADMIN_KEY, json_of};

const COMPANY_A: &str = "wwdemocompanya0001";

/// The example with its sandbox; killed when it is dropped.
struct Demo {
    child: Child,
    app: SocketAddr,
    sandbox: SocketAddr,
    /// Open, because it goes on to print.
    _output: Lines<BufReader<ChildStdout>>,
}

impl Demo {
    /// Starts it and waits until it says that it is ready.
    fn start(directory: &Path, listen: &str) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_axum-app-under-test"));
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("WECOM_LOGIN_") {
                command.env_remove(name);
            }
        }
        command.current_dir(directory).env_remove("RUST_LOG").args([
            "--listen",
            listen,
            "--admin-key",
            ADMIN_KEY,
        ]);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut said = Vec::new();
        let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
        while !said
            .last()
            .is_some_and(|line: &String| line.contains("the sandbox:"))
        {
            said.push(output.next().expect("it says more").unwrap());
        }
        assert!(
            said.iter().any(|line| line.starts_with("ready")),
            "{said:?}"
        );
        let address = |what: &str| {
            let line = said.iter().find(|line| line.contains(what)).unwrap();
            let address = line.split_once("http://").unwrap().1;
            address.split('/').next().unwrap().parse().unwrap()
        };
        let (app, sandbox) = (address("the app:"), address("the sandbox:"));
        Self {
            child,
            app,
            sandbox,
            _output: output,
        }
    }

    /// Whether company A has its organisation code. The administrator is asked: look-ups by anyone are limited.
    async fn has_organisation_code(&self) -> bool {
        let corps = json_of(self.app, "GET", "/auth/corps", Some(ADMIN_KEY), None, 200).await;
        let corps = corps["corps"].as_array().unwrap();
        corps
            .iter()
            .any(|corp| corp["corpId"] == COMPANY_A && corp["orgCode"] == "demo-a")
    }

    /// How many companies 王芳 may enter.
    async fn companies_of_wangfang(&self) -> usize {
        let target = format!("/sandbox/corps/{COMPANY_A}/members/wangfang/code");
        let code = json_of(self.sandbox, "POST", &target, None, Some(json!({})), 200).await;
        let body = json!({"corpId": COMPANY_A, "code": code["code"]});
        let result = json_of(
            self.app,
            "POST",
            "/auth/loginByWorkbench",
            None,
            Some(body),
            200,
        )
        .await;
        result["corpList"].as_array().unwrap().len()
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_company_that_comes_back_is_set_up_again() {
    let directory = tempfile::tempdir().unwrap();
    // On all addresses: the sandbox beside it stays on this machine.
    let demo = Demo::start(directory.path(), "0.0.0.0:0");
    assert!(demo.app.ip().is_loopback() && demo.sandbox.ip().is_loopback());
    assert!(demo.has_organisation_code().await);
    assert_eq!(demo.companies_of_wangfang().await, 2);
    for act in ["cancel", "install"] {
        let target = format!("/sandbox/corps/{COMPANY_A}/{act}");
        json_of(demo.sandbox, "POST", &target, None, Some(json!({})), 200).await;
        if act == "cancel" {
            until("the code went with the company", async || {
                !demo.has_organisation_code().await
            })
            .await;
        }
    }
    until("it has its code again", async || {
        demo.has_organisation_code().await
    })
    .await;
    assert_eq!(
        demo.companies_of_wangfang().await,
        2,
        "its people are bound before it has the code"
    );
}

/// As after a kill between what the sandbox writes down and its push.
#[tokio::test(flavor = "multi_thread")]
async fn companies_that_only_the_sandbox_knows_authorise_again() {
    let directory = tempfile::tempdir().unwrap();
    drop(Demo::start(directory.path(), "127.0.0.1:0"));
    for file in std::fs::read_dir(directory.path()).unwrap() {
        let path = file.unwrap().path();
        if path
            .file_name()
            .unwrap()
            .to_string_lossy()
            .starts_with("axum-app.db")
        {
            std::fs::remove_file(path).unwrap();
        }
    }
    let demo = Demo::start(directory.path(), "127.0.0.1:0");
    assert_eq!(demo.companies_of_wangfang().await, 2);
}
