//! TLS before an app: nginx with a certificate of its own.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Stdio;

use tempfile::TempDir;
use tokio::process::{Child, Command};

use super::driver::find;
use crate::until::until;

/// A port for TLS, before the app is there.
#[derive(Debug)]
pub struct Reserved {
    address: SocketAddr,
}

/// A running TLS proxy. It ends when this is dropped.
#[derive(Debug)]
pub struct TlsFront {
    process: Child,
    _directory: TempDir,
}

impl TlsFront {
    /// Finds a free port: the app has to know its public URL before it starts.
    #[must_use]
    pub fn reserve() -> Reserved {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        Reserved {
            address: free.local_addr().unwrap(),
        }
    }

    /// Ends it.
    pub async fn end(mut self) {
        self.process.kill().await.unwrap();
    }
}

impl Reserved {
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
    pub async fn start(self, app: SocketAddr) -> TlsFront {
        let everything =
            format!("location / {{ proxy_pass http://{app}; proxy_set_header Host $http_host; }}");
        self.serve(&[], &everything).await
    }

    /// Starts it in place of WeCom's hosts: a sandbox, and a script at `path`, as a mirror of npm serves it.
    pub async fn start_as_wecom(self, sandbox: SocketAddr, path: &str, script: &[u8]) -> TlsFront {
        let locations = format!(
            "location / {{ proxy_pass http://{sandbox}; proxy_set_header Host {sandbox}; }}\n\
             location = {path} {{ alias script.js; default_type text/javascript; \
             add_header Access-Control-Allow-Origin *; }}"
        );
        self.serve(&[("script.js", script)], &locations).await
    }

    /// `locations` may name the files.
    async fn serve(self, files: &[(&str, &[u8])], locations: &str) -> TlsFront {
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
        TlsFront {
            process,
            _directory: directory,
        }
    }
}
