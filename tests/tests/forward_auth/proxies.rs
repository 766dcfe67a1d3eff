//! The proxies, set up as the documentation says.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;

use tempfile::TempDir;
use wecom_login_adapter_tests::try_send;
use wecom_login_tests::browser::find;
use wecom_login_tests::{TestRequest, until};

const PAGE: &str = include_str!("../../../docs/forward-auth.md");
const CHINESE_PAGE: &str = include_str!("../../../docs/zh/forward-auth.md");

/// A proxy.
pub(crate) struct Proxy {
    pub(crate) name: &'static str,
    pub(crate) needs: &'static [&'static str],
    /// The files of the documentation, the one to start with first.
    files: &'static [&'static str],
    /// The arguments, where `DIR` is the directory of the files.
    arguments: &'static [&'static str],
    /// What a POST without a session is answered.
    pub(crate) refused_post: u16,
}

pub(crate) const PROXIES: [Proxy; 5] = [
    Proxy {
        name: "nginx",
        needs: &["nginx"],
        files: &["nginx.conf"],
        arguments: &["-e", "DIR/errors", "-c", "DIR/nginx.conf"],
        refused_post: 401,
    },
    Proxy {
        name: "caddy",
        needs: &["caddy"],
        files: &["Caddyfile"],
        arguments: &["run", "--adapter", "caddyfile", "--config", "DIR/Caddyfile"],
        refused_post: 401,
    },
    Proxy {
        name: "traefik",
        needs: &["traefik"],
        files: &["traefik.yml", "dynamic.yml"],
        arguments: &["--configFile=DIR/traefik.yml"],
        refused_post: 401,
    },
    Proxy {
        name: "haproxy",
        needs: &["haproxy"],
        files: &["haproxy.cfg", "forward_auth.lua"],
        arguments: &["-db", "-f", "DIR/haproxy.cfg"],
        refused_post: 401,
    },
    Proxy {
        name: "envoy",
        needs: &["envoy"],
        files: &["envoy.yml"],
        arguments: &[
            "-c",
            "DIR/envoy.yml",
            "--use-dynamic-base-id",
            "--concurrency",
            "1",
            "-l",
            "error",
        ],
        refused_post: 401,
    },
];

/// A proxy that runs; it ends when this is dropped.
pub(crate) struct RunningProxy {
    child: Mutex<Child>,
    _directory: TempDir,
}

impl Proxy {
    /// Listens at `front`, asks `app` and serves `backend`. If it ends, what it said is the error.
    pub(crate) async fn start(
        &self,
        front: SocketAddr,
        app: SocketAddr,
        backend: SocketAddr,
    ) -> Result<RunningProxy, String> {
        let directory = TempDir::new().unwrap();
        let path = directory.path().to_str().unwrap().to_owned();
        for name in self.files {
            let mut text = block(name).replace("/etc/haproxy/", &format!("{path}/"));
            text = text.replace("/etc/traefik/", &format!("{path}/"));
            for (port, address) in [(8080, front), (3000, app), (4000, backend)] {
                text = text
                    .replace(&format!("127.0.0.1:{port}"), &address.to_string())
                    .replace(
                        &format!("port_value: {port}"),
                        &format!("port_value: {}", address.port()),
                    );
            }
            fs::write(
                directory.path().join(name),
                around(name, &text, directory.path()),
            )
            .unwrap();
        }
        let log = directory.path().join("log");
        let output = fs::File::create(&log).unwrap();
        let arguments = self
            .arguments
            .iter()
            .map(|argument| argument.replace("DIR", &path));
        let child = Command::new(find(self.needs[0]).expect("the proxy is installed"))
            .args(arguments)
            // Caddy keeps files there.
            .env("HOME", &path)
            .env("XDG_DATA_HOME", &path)
            .env("XDG_CONFIG_HOME", &path)
            .current_dir(directory.path())
            .stdin(Stdio::null())
            .stdout(output.try_clone().unwrap())
            .stderr(output)
            .spawn()
            .unwrap();
        let running = RunningProxy {
            child: Mutex::new(child),
            _directory: directory,
        };
        until("the proxy serves the app", async || {
            let live = try_send(front, &TestRequest::get("/auth/me")).await;
            live.is_some_and(|reply| {
                reply.status == 401 && reply.text().contains("UNAUTHENTICATED")
            }) || running.has_ended()
        })
        .await;
        if running.has_ended() {
            return Err(fs::read_to_string(log).unwrap_or_default());
        }
        Ok(running)
    }
}

impl RunningProxy {
    fn has_ended(&self) -> bool {
        self.child.lock().unwrap().try_wait().unwrap().is_some()
    }
}

impl Drop for RunningProxy {
    fn drop(&mut self) {
        let child = self.child.get_mut().unwrap();
        let _ = child.kill();
        let _ = child.wait();
    }
}

/// The block of the documentation whose first line names this file, the same in both languages.
fn block(name: &str) -> String {
    let block = block_of(PAGE, name);
    assert_eq!(block, block_of(CHINESE_PAGE, name));
    block
}

fn block_of(page: &str, name: &str) -> String {
    let mut blocks = page.split("\n```").skip(1).step_by(2);
    let block = blocks.find(|block| {
        let first = block.lines().nth(1).unwrap_or_default();
        first.trim_start_matches(['#', '-', ' ']) == name
    });
    let block = block.unwrap_or_else(|| panic!("the documentation has no {name}"));
    block.split_once('\n').unwrap().1.to_owned()
}

/// A file with what it needs around the block to run alone.
fn around(name: &str, block: &str, directory: &Path) -> String {
    let path = directory.display();
    match name {
        "nginx.conf" => {
            let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
                .map(|kind| format!("{kind}_temp_path {path}/{kind};\n"))
                .concat();
            format!(
                "daemon off;\nmaster_process off;\npid {path}/pid;\nerror_log stderr;\nevents {{}}\nhttp {{\n\
                 access_log off;\n{temporary}{block}\n}}\n"
            )
        }
        "Caddyfile" => format!("{{\n\tadmin off\n\tauto_https off\n}}\n{block}\n"),
        _ => format!("{block}\n"),
    }
}
