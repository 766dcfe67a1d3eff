//! What a scenario runs on, and the end of it all, however the scenario ended.

use std::fs;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::sync::Arc;

use futures_util::FutureExt as _;
use tokio::sync::Mutex;

use super::app::{Example, ExampleApp};
use super::driver::Chromedriver;
use super::look::Look;
use super::tls::TlsFront;
use super::window::{Window, kept};
use crate::adapter::{Adapter, Layout};
use crate::setup::Setup;
use crate::world::World;

/// A driver for the browsers of a scenario.
#[derive(Debug)]
pub struct Stage {
    /// The name of the scenario and of the app, for what is kept.
    name: String,
    driver: Chromedriver,
    opened: Mutex<Vec<Arc<Window>>>,
}

impl Stage {
    /// Opens a browser. It ends with the scenario.
    pub async fn open(&self, look: Look) -> Arc<Window> {
        let window = Arc::new(Window::open(&self.driver, look).await);
        self.opened.lock().await.push(Arc::clone(&window));
        window
    }

    /// Keeps a picture under the name of the scenario.
    pub async fn picture(&self, window: &Window, what: &str) {
        window.picture(&format!("{}-{what}", self.name)).await;
    }

    /// Keeps a text beside the pictures.
    pub fn keep(&self, text: &str) {
        fs::write(kept(&format!("{}.txt", self.name)), text).unwrap();
    }
}

/// What a browser needs.
pub const BROWSER: &[&str] = &["chromium", "chromedriver"];
/// What a browser before an app behind TLS needs.
pub const BROWSER_OVER_TLS: &[&str] = &["chromium", "chromedriver", "nginx", "openssl"];

/// Runs a scenario against an example app.
pub async fn run(name: &str, example: Example, scenario: impl AsyncFnOnce(&Stage, &ExampleApp)) {
    let app = ExampleApp::start(example, None).await;
    play(name, example.name, async |stage: &Stage| {
        scenario(stage, &app).await
    })
    .await;
    app.end().await;
}

/// Runs a scenario against an example app behind TLS, whose public URL is https.
pub async fn run_over_https(
    name: &str,
    example: Example,
    scenario: impl AsyncFnOnce(&Stage, &ExampleApp),
) {
    let front = TlsFront::reserve();
    let app = ExampleApp::start(example, Some(&front.url())).await;
    let front = front.start(app.address).await;
    play(name, example.name, async |stage: &Stage| {
        scenario(stage, &app).await
    })
    .await;
    front.end().await;
    app.end().await;
}

/// Runs a scenario against an app within the test: its clock can be moved and its handle built otherwise.
pub async fn run_within(
    name: &str,
    adapter: &dyn Adapter,
    setup: Setup,
    scenario: impl AsyncFnOnce(&Stage, &World),
) {
    let world = World::start(adapter, Layout::Auth, setup).await;
    play(name, adapter.name(), async |stage: &Stage| {
        scenario(stage, &world).await
    })
    .await;
    world.end().await;
}

/// The same with WeCom's QR page at its own name, as WeCom's script wants it: the sandbox answers there, and `script`
/// at `NPM_FILE`.
pub async fn run_with_panel(
    name: &str,
    adapter: &dyn Adapter,
    setup: Setup,
    script: &[u8],
    scenario: impl AsyncFnOnce(&Stage, &World, Look),
) {
    let world = World::start(
        adapter,
        Layout::Auth,
        setup.qr_host("https://login.work.weixin.qq.com"),
    )
    .await;
    let front = TlsFront::reserve();
    let look = Look {
        any_certificate: true,
        wecom_at: Some(front.address()),
        ..Look::desktop()
    };
    let sandbox = world
        .sandbox
        .url()
        .trim_start_matches("http://")
        .parse()
        .unwrap();
    let front = front.start_as_wecom(sandbox, NPM_FILE, script).await;
    play(name, adapter.name(), async |stage: &Stage| {
        scenario(stage, &world, look).await
    })
    .await;
    front.end().await;
    world.end().await;
}

/// Where the mirror of npm has the script of WeCom.
const NPM_FILE: &str = "/npm/@wecom/jssdk@2.4.4/dist/wecom.global.prod.js";

async fn play(name: &str, app: &str, scenario: impl AsyncFnOnce(&Stage)) {
    let driver = Chromedriver::start().await;
    let stage = Stage {
        name: format!("{name}-{app}"),
        driver,
        opened: Mutex::new(Vec::new()),
    };
    let ended = AssertUnwindSafe(scenario(&stage)).catch_unwind().await;
    if ended.is_err() {
        for (number, window) in stage.opened.lock().await.iter().enumerate() {
            let name = format!("{}-failed-{number}", stage.name);
            // The picture must not hide why the scenario failed.
            let _ = AssertUnwindSafe(window.picture(&name)).catch_unwind().await;
        }
    }
    for window in stage.opened.into_inner() {
        window.close().await;
    }
    stage.driver.end().await;
    if let Err(panic) = ended {
        resume_unwind(panic);
    }
}
