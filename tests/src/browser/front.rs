//! [`FrontProxy`]: nginx before an app, with a self-signed certificate or with a cache.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Stdio;

use tempfile::TempDir;
use tokio::process::{Child, Command};

use super::driver::find;
use crate::until;

/// A port for the proxy; the app has to know its public URL before it starts.
#[derive(Debug)]
pub struct ReservedPort {
    address: SocketAddr,
}

/// A running proxy. It is killed when this is dropped.
#[derive(Debug)]
pub struct FrontProxy {
    process: Child,
    _directory: TempDir,
}

impl FrontProxy {
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
    /// The app's public URL behind TLS.
    #[must_use]
    pub fn https_url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// The app's public URL without TLS.
    #[must_use]
    pub fn http_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where it will listen.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Starts the proxy before an app and waits until it listens.
    pub async fn start(self, app: SocketAddr) -> FrontProxy {
        let everything =
            format!("location / {{ proxy_pass http://{app}; proxy_set_header Host $http_host; }}");
        self.serve_over_tls(&[], &everything).await
    }

    /// Starts it before an app without TLS; it keeps every page for a minute that it may keep.
    pub async fn start_as_cache(self, app: SocketAddr) -> FrontProxy {
        let directory = TempDir::new().unwrap();
        let http = format!(
            "proxy_cache_path {}/cache keys_zone=pages:1m;",
            directory.path().display()
        );
        let everything = format!(
            "location / {{ proxy_pass http://{app}; proxy_set_header Host $http_host; proxy_cache pages; \
             proxy_cache_valid 200 1m; add_header X-Cache $upstream_cache_status always; }}"
        );
        self.serve(directory, &http, "", &everything).await
    }

    /// Starts it in place of WeCom's hosts: before a sandbox, and with a script at `path`, as the npm mirror serves it.
    pub async fn start_as_wecom(
        self,
        sandbox: SocketAddr,
        path: &str,
        script: &[u8],
    ) -> FrontProxy {
        let locations = format!(
            "location / {{ proxy_pass http://{sandbox}; proxy_set_header Host {sandbox}; }}\n\
             location = {path} {{ alias script.js; default_type text/javascript; \
             add_header Access-Control-Allow-Origin *; }}"
        );
        self.serve_over_tls(&[("script.js", script)], &locations)
            .await
    }

    /// `locations` may name the files.
    async fn serve_over_tls(self, files: &[(&str, &[u8])], locations: &str) -> FrontProxy {
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
        for (name, content) in files {
            fs::write(root.join(name), content).unwrap();
        }
        let root = root.display();
        let http =
            format!("ssl_certificate {root}/certificate.pem; ssl_certificate_key {root}/key.pem;");
        let locations = locations.replace("alias ", &format!("alias {root}/"));
        self.serve(directory, &http, "ssl", &locations).await
    }

    async fn serve(
        self,
        directory: TempDir,
        http: &str,
        listen_options: &str,
        locations: &str,
    ) -> FrontProxy {
        let (listen, root) = (self.address, directory.path());
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {}/{kind};\n", root.display()))
            .concat();
        let configuration = format!(
            "daemon off; master_process off; pid {}/pid; error_log stderr error;\n\
             events {{}}\n\
             http {{\n\
             access_log off;\n{temporary}{http}\n\
             server {{\nlisten {listen} {listen_options};\n{locations}\n}}\n}}\n",
            root.display(),
        );
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
        FrontProxy {
            process,
            _directory: directory,
        }
    }
}
