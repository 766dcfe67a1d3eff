//! [`BrowserSession`]: a driver for the browsers of a scenario, which are closed however the scenario ends.

use std::fs;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::sync::Arc;

use futures_util::FutureExt as _;
use tokio::sync::Mutex;

use super::driver::Chromedriver;
use super::front::FrontProxy;
use super::profile::BrowserProfile;
use super::window::{Window, screenshot_file};
use crate::adapter::Adapter;
use crate::app::{TestApp, TestAppBuilder};
use crate::process::{DemoProcess, Example};

/// The browsers of a scenario.
#[derive(Debug)]
pub struct BrowserSession {
    /// The scenario and the app, for the names of files.
    name: String,
    driver: Chromedriver,
    opened: Mutex<Vec<Arc<Window>>>,
}

impl BrowserSession {
    /// Opens a browser. It is closed when the scenario ends.
    pub async fn open(&self, profile: BrowserProfile) -> Arc<Window> {
        let window = Arc::new(Window::open(&self.driver, profile).await);
        self.opened.lock().await.push(Arc::clone(&window));
        window
    }

    /// Saves a screenshot under the name of the scenario.
    pub async fn screenshot(&self, window: &Window, name: &str) {
        window.screenshot(&format!("{}-{name}", self.name)).await;
    }

    /// Saves a text beside the screenshots.
    pub fn save_text(&self, text: &str) {
        fs::write(screenshot_file(&format!("{}.txt", self.name)), text).unwrap();
    }
}

/// The programs of a scenario with a browser.
pub const BROWSER: &[&str] = &["chromium", "chromedriver"];
/// The programs of a scenario with a browser and nginx.
pub const BROWSER_BEHIND_NGINX: &[&str] = &["chromium", "chromedriver", "nginx"];
/// The programs of a scenario with a browser and TLS.
pub const BROWSER_OVER_TLS: &[&str] = &["chromium", "chromedriver", "nginx", "openssl"];

/// Runs a scenario against an example app.
pub async fn run(
    name: &str,
    example: Example,
    scenario: impl AsyncFnOnce(&BrowserSession, &DemoProcess),
) {
    let app = DemoProcess::start(example, None).await;
    run_scenario(name, example.name, async |session: &BrowserSession| {
        scenario(session, &app).await
    })
    .await;
    app.stop();
}

/// Runs a scenario against an example app behind TLS, whose public URL is https.
pub async fn run_over_https(
    name: &str,
    example: Example,
    scenario: impl AsyncFnOnce(&BrowserSession, &DemoProcess),
) {
    let front = FrontProxy::reserve();
    let app = DemoProcess::start(example, Some(&front.https_url())).await;
    let front = front.start(app.address).await;
    run_scenario(name, example.name, async |session: &BrowserSession| {
        scenario(session, &app).await
    })
    .await;
    front.stop().await;
    app.stop();
}

/// Runs a scenario against an example app behind nginx, which caches what it may for a minute.
pub async fn run_behind_cache(
    name: &str,
    example: Example,
    scenario: impl AsyncFnOnce(&BrowserSession, &DemoProcess),
) {
    let front = FrontProxy::reserve();
    let app = DemoProcess::start(example, Some(&front.http_url())).await;
    let front = front.start_as_cache(app.address).await;
    run_scenario(name, example.name, async |session: &BrowserSession| {
        scenario(session, &app).await
    })
    .await;
    front.stop().await;
    app.stop();
}

/// Runs a scenario against an app within the test, whose clock can be advanced and whose handle can be configured.
pub async fn run_embedded(
    name: &str,
    adapter: &dyn Adapter,
    app: TestAppBuilder<'_>,
    scenario: impl AsyncFnOnce(&BrowserSession, &TestApp),
) {
    let app = app.adapter(adapter).start().await;
    run_scenario(name, adapter.name(), async |session: &BrowserSession| {
        scenario(session, &app).await
    })
    .await;
    app.stop().await;
}

/// The same with WeCom's QR page at its real host name, as WeCom's script requires: the sandbox answers there, and serves
/// `script` at `NPM_FILE`.
pub async fn run_with_panel(
    name: &str,
    adapter: &dyn Adapter,
    app: TestAppBuilder<'_>,
    script: &[u8],
    scenario: impl AsyncFnOnce(&BrowserSession, &TestApp, BrowserProfile),
) {
    let app = app
        .adapter(adapter)
        .qr_host("https://login.work.weixin.qq.com")
        .start()
        .await;
    let front = FrontProxy::reserve();
    let profile = BrowserProfile {
        accept_invalid_certificates: true,
        wecom_address: Some(front.address()),
        ..BrowserProfile::desktop()
    };
    let sandbox = app
        .sandbox
        .url()
        .trim_start_matches("http://")
        .parse()
        .unwrap();
    let front = front.start_as_wecom(sandbox, NPM_FILE, script).await;
    run_scenario(name, adapter.name(), async |session: &BrowserSession| {
        scenario(session, &app, profile).await
    })
    .await;
    front.stop().await;
    app.stop().await;
}

/// The path of WeCom's script on the npm mirror.
const NPM_FILE: &str = "/npm/@wecom/jssdk@2.4.4/dist/wecom.global.prod.js";

async fn run_scenario(name: &str, app: &str, scenario: impl AsyncFnOnce(&BrowserSession)) {
    let driver = Chromedriver::start().await;
    let session = BrowserSession {
        name: format!("{name}-{app}"),
        driver,
        opened: Mutex::new(Vec::new()),
    };
    let ended = AssertUnwindSafe(scenario(&session)).catch_unwind().await;
    if ended.is_err() {
        for (number, window) in session.opened.lock().await.iter().enumerate() {
            let name = format!("{}-failed-{number}", session.name);
            // A failing screenshot must not hide why the scenario failed.
            let _ = AssertUnwindSafe(window.screenshot(&name))
                .catch_unwind()
                .await;
        }
    }
    for window in session.opened.into_inner() {
        window.close().await;
    }
    session.driver.stop().await;
    if let Err(panic) = ended {
        resume_unwind(panic);
    }
}
