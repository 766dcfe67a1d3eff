//! [`TlsProxy`]: nginx with a self-signed certificate before an app.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Stdio;

use tempfile::TempDir;
use tokio::process::{Child, Command};

use super::driver::find;
use crate::until;

/// A port for TLS; the app has to know its public URL before it starts.
#[derive(Debug)]
pub struct ReservedPort {
    address: SocketAddr,
}

/// A running TLS proxy. It is killed when this is dropped.
#[derive(Debug)]
pub struct TlsProxy {
    process: Child,
    _directory: TempDir,
}

impl TlsProxy {
    /// Finds a free port.
    #[must_use]
    pub fn reserve() -> ReservedPort {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        ReservedPort {
            address: free.local_addr().unwrap(),
        }
    }

    /// Kills it.
    pub async fn stop(mut self) {
        self.process.kill().await.unwrap();
    }
}

impl ReservedPort {
    /// The app's public URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// Where it will listen.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Starts the proxy before an app and waits until it listens.
    pub async fn start(self, app: SocketAddr) -> TlsProxy {
        let everything =
            format!("location / {{ proxy_pass http://{app}; proxy_set_header Host $http_host; }}");
        self.serve(&[], &everything).await
    }

    /// Starts it in place of WeCom's hosts: before a sandbox, and with a script at `path`, as the npm mirror serves it.
    pub async fn start_as_wecom(self, sandbox: SocketAddr, path: &str, script: &[u8]) -> TlsProxy {
        let locations = format!(
            "location / {{ proxy_pass http://{sandbox}; proxy_set_header Host {sandbox}; }}\n\
             location = {path} {{ alias script.js; default_type text/javascript; \
             add_header Access-Control-Allow-Origin *; }}"
        );
        self.serve(&[("script.js", script)], &locations).await
    }

    /// `locations` may name the files.
    async fn serve(self, files: &[(&str, &[u8])], locations: &str) -> TlsProxy {
        let directory = TempDir::new().unwrap();
        let root = directory.path();
        let made = Command::new(find("openssl").expect("openssl is installed"))
            .args([
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:prime256v1",
                "-nodes",
            ])
            .args([
                "-days",
                "2",
                "-subj",
                "/CN=127.0.0.1",
                "-addext",
                "subjectAltName=IP:127.0.0.1",
            ])
            .args(["-keyout", "key.pem", "-out", "certificate.pem"])
            .current_dir(root)
            .output()
            .await
            .unwrap();
        assert!(
            made.status.success(),
            "{}",
            String::from_utf8_lossy(&made.stderr)
        );
        let (listen, root_path) = (self.address, root.display());
        let configuration = format!(
            "daemon off; master_process off; pid {root_path}/pid; error_log stderr error;\n\
             events {{}}\n\
             http {{\n\
             access_log off; client_body_temp_path {root_path}/body; proxy_temp_path {root_path}/proxy;\n\
             fastcgi_temp_path {root_path}/f; uwsgi_temp_path {root_path}/u; scgi_temp_path {root_path}/s;\n\
             server {{\n\
             listen {listen} ssl; ssl_certificate {root_path}/certificate.pem; ssl_certificate_key {root_path}/key.pem;\n\
             {locations}\n\
             }}\n}}\n",
            locations = locations.replace("alias ", &format!("alias {root_path}/")),
        );
        for (name, content) in files {
            fs::write(root.join(name), content).unwrap();
        }
        fs::write(root.join("nginx.conf"), configuration).unwrap();
        let process = Command::new(find("nginx").expect("nginx is installed"))
            .arg("-p")
            .arg(root)
            .arg("-c")
            .arg(root.join("nginx.conf"))
            .args(["-e", "stderr"])
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        until("nginx listens", async || {
            TcpStream::connect(self.address).is_ok()
        })
        .await;
        TlsProxy {
            process,
            _directory: directory,
        }
    }
}
