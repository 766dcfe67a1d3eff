//! What a scenario runs on, and the end of it all, however the scenario ended.

use std::panic::{AssertUnwindSafe, resume_unwind};
use std::sync::Arc;

use futures_util::FutureExt as _;
use tokio::sync::Mutex;

use super::app::{Example, ExampleApp};
use super::driver::{Chromedriver, missing};
use super::tls::TlsFront;
use super::window::{Look, Window};

/// A running app and a driver for browsers before it.
#[derive(Debug)]
pub struct Stage {
    /// The app.
    pub app: ExampleApp,
    /// The name of the scenario and of the app, for pictures.
    pub name: String,
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
}

/// Runs a scenario against an app. Without a browser it says so; with `CI=true` that is a failure.
pub async fn run(name: &str, example: Example, scenario: impl AsyncFnOnce(&Stage)) {
    if !installed(&["chromium", "chromedriver"]) {
        return;
    }
    let app = ExampleApp::start(example, None).await;
    play(name, example, app, scenario).await;
}

/// Runs a scenario against an app behind TLS, whose public URL is https.
pub async fn run_over_https(name: &str, example: Example, scenario: impl AsyncFnOnce(&Stage)) {
    if !installed(&["chromium", "chromedriver", "nginx", "openssl"]) {
        return;
    }
    let front = TlsFront::reserve();
    let app = ExampleApp::start(example, Some(&front.url())).await;
    let front = front.start(app.address).await;
    play(name, example, app, scenario).await;
    front.end().await;
}

/// Whether these programs are there.
fn installed(programs: &[&'static str]) -> bool {
    let Some(program) = missing(programs) else { return true };
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{program} is not installed, and CI=true");
    eprintln!("NOT RUN: {program} is not installed");
    false
}

async fn play(name: &str, example: Example, app: ExampleApp, scenario: impl AsyncFnOnce(&Stage)) {
    let stage = Stage {
        app,
        name: format!("{name}-{}", example.name),
        driver: Chromedriver::start().await,
        opened: Mutex::new(Vec::new()),
    };
    let ended = AssertUnwindSafe(scenario(&stage)).catch_unwind().await;
    if ended.is_err() {
        for (number, window) in stage.opened.lock().await.iter().enumerate() {
            let name = format!("{}-failed-{number}", stage.name);
            let picture = window.picture(&name);
            // The picture must not hide why the scenario failed.
            let _ = AssertUnwindSafe(picture).catch_unwind().await;
        }
    }
    for window in stage.opened.into_inner() {
        let _ = window.client().clone().close().await;
    }
    stage.driver.end().await;
    stage.app.end().await;
    if let Err(panic) = ended {
        resume_unwind(panic);
    }
}
