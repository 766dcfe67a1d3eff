//! A browser with a profile of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fantoccini::actions::{InputSource as _, KeyAction, KeyActions};
use fantoccini::elements::Element;
use fantoccini::key::Key;
use fantoccini::wd::WindowHandle;
use fantoccini::{Client, ClientBuilder, Locator};
use serde_json::{Value, json};

use super::driver::Chromedriver;
use super::keyhole;
use super::look::Look;

/// So long something on a page is waited for.
const PATIENCE: Duration = Duration::from_secs(15);

/// A browser. It ends with its driver.
#[derive(Debug)]
pub struct Window {
    client: Client,
    dark: bool,
}

impl Window {
    /// Opens a browser with an empty profile.
    pub async fn open(driver: &Chromedriver, look: Look) -> Self {
        let mut builder =
            ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new());
        let client = builder
            .capabilities(look.capabilities())
            .connect(&driver.url())
            .await
            .unwrap();
        let window = Self {
            client,
            dark: look.dark,
        };
        window.prepare().await;
        window
    }

    /// Prepares a tab: colours are a matter of each.
    async fn prepare(&self) {
        let scheme = if self.dark { "dark" } else { "light" };
        let params = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        keyhole::send(&self.client, "Emulation.setEmulatedMedia", params)
            .await
            .unwrap();
    }

    /// Goes where a person would who types a URL, and waits until the page is there.
    pub async fn go(&self, url: &str) {
        self.client
            .goto(url)
            .await
            .unwrap_or_else(|error| panic!("{url}: {error}"));
    }

    /// The URL of the page.
    pub async fn url(&self) -> String {
        self.client.current_url().await.unwrap().into()
    }

    /// Waits until the page is at a URL that begins so.
    pub async fn arrives(&self, url: &str) {
        let arrived = tokio::time::timeout(PATIENCE, async {
            while !self.url().await.starts_with(url) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        if arrived.await.is_err() {
            panic!(
                "not at {url} but at {}: {}",
                self.url().await,
                self.text().await
            );
        }
    }

    /// What the page says.
    pub async fn text(&self) -> String {
        self.find("body").await.text().await.unwrap()
    }

    /// Waits until the page says this.
    pub async fn says(&self, text: &str) {
        let script = "return document.body ? document.body.innerText : ''";
        let said = tokio::time::timeout(PATIENCE, async {
            loop {
                let shown = self
                    .client
                    .execute(script, Vec::new())
                    .await
                    .unwrap_or_default();
                if shown.as_str().unwrap_or_default().contains(text) {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        if said.await.is_err() {
            panic!(
                "the page at {} does not say {text:?}: {}",
                self.url().await,
                self.text().await
            );
        }
    }

    /// Waits for an element.
    pub async fn find(&self, css: &str) -> Element {
        match self
            .client
            .wait()
            .at_most(PATIENCE)
            .for_element(Locator::Css(css))
            .await
        {
            Ok(element) => element,
            Err(error) => panic!("no {css} at {}: {error}", self.url().await),
        }
    }

    /// How many elements there are now.
    pub async fn count(&self, css: &str) -> usize {
        self.client.find_all(Locator::Css(css)).await.unwrap().len()
    }

    /// Waits for an element and clicks it.
    pub async fn click(&self, css: &str) {
        self.find(css).await.click().await.unwrap();
    }

    /// Goes on within a frame of the page, until the page changes.
    pub async fn enter_frame(&self, css: &str) {
        self.find(css).await.enter_frame().await.unwrap();
    }

    /// Goes on outside of the frame, which may be gone by now.
    pub async fn leave_frame(&self) {
        let tab = self.client.window().await.unwrap();
        self.client.switch_to_window(tab).await.unwrap();
    }

    /// Presses a key, where the focus is.
    pub async fn press(&self, key: Key) {
        self.enter(&char::from(key).to_string()).await;
    }

    /// Types, where the focus is.
    pub async fn enter(&self, text: &str) {
        let keys = text
            .chars()
            .fold(KeyActions::new("keyboard".to_owned()), |keys, value| {
                keys.then(KeyAction::Down { value })
                    .then(KeyAction::Up { value })
            });
        self.client.perform_actions(keys).await.unwrap();
    }

    /// Every node that a screen reader is told of, as Chromium tells of them.
    pub async fn accessible(&self) -> Vec<Value> {
        let tree = keyhole::send(&self.client, "Accessibility.getFullAXTree", json!({}))
            .await
            .unwrap();
        let nodes = tree["nodes"].as_array().unwrap().iter();
        nodes
            .filter(|node| node["ignored"] == false)
            .cloned()
            .collect()
    }

    /// Clicks the link or the button that says this.
    pub async fn choose(&self, text: &str) {
        let path =
            format!("//*[(self::a or self::button) and contains(normalize-space(.), '{text}')]");
        match self
            .client
            .wait()
            .at_most(PATIENCE)
            .for_element(Locator::XPath(&path))
            .await
        {
            Ok(element) => element.click().await.unwrap(),
            Err(error) => panic!(
                "no {text:?} at {}: {error}: {}",
                self.url().await,
                self.text().await
            ),
        }
    }

    /// Clicks the link that says this twice, before the first click led anywhere.
    pub async fn choose_twice(&self, text: &str) {
        let script = format!(
            "const link = [...document.querySelectorAll('a')].find(one => one.innerText.includes('{text}')); \
             setTimeout(() => {{ link.click(); link.click(); }})"
        );
        self.script(&script).await;
    }

    /// Types into a field.
    pub async fn types(&self, css: &str, text: &str) {
        let field = self.find(css).await;
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    /// An attribute of an element.
    pub async fn attribute(&self, css: &str, name: &str) -> Option<String> {
        self.find(css).await.attr(name).await.unwrap()
    }

    /// Runs a script in the page.
    pub async fn script(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.unwrap()
    }

    /// Loads the page again.
    pub async fn reload(&self) {
        self.client.refresh().await.unwrap();
    }

    /// The back button.
    pub async fn back(&self) {
        self.client.back().await.unwrap();
    }

    /// Opens a further tab and goes on in it; gives the tab that was there.
    pub async fn new_tab(&self) -> WindowHandle {
        let before = self.client.window().await.unwrap();
        let tab = self.client.new_window(true).await.unwrap();
        self.client.switch_to_window(tab.handle).await.unwrap();
        self.prepare().await;
        before
    }

    /// Goes on in another tab; gives the tab that was left.
    pub async fn turn_to(&self, tab: WindowHandle) -> WindowHandle {
        let before = self.client.window().await.unwrap();
        self.client.switch_to_window(tab).await.unwrap();
        before
    }

    /// Every cookie of the page, `HttpOnly` ones too, as Chromium tells of them.
    pub async fn cookies(&self) -> Vec<Value> {
        let all = keyhole::send(&self.client, "Storage.getCookies", json!({}))
            .await
            .unwrap();
        all["cookies"].as_array().unwrap().clone()
    }

    /// Drops a cookie, as a browser does whose time is up.
    pub async fn forget(&self, name: &str) {
        self.client.delete_cookie(name).await.unwrap();
    }

    /// Keeps a picture of the whole page.
    pub async fn picture(&self, name: &str) -> PathBuf {
        let metrics = keyhole::send(&self.client, "Page.getLayoutMetrics", json!({}))
            .await
            .unwrap();
        let (page, view) = (&metrics["cssContentSize"], &metrics["cssLayoutViewport"]);
        let larger = |side: &str, view_side: &str| {
            page[side]
                .as_f64()
                .unwrap_or_default()
                .max(view[view_side].as_f64().unwrap_or_default())
        };
        let clip = json!({"x": 0, "y": 0, "width": larger("width", "clientWidth"),
                          "height": larger("height", "clientHeight"), "scale": 1});
        let params = json!({"format": "png", "captureBeyondViewport": true, "clip": clip});
        let taken = keyhole::send(&self.client, "Page.captureScreenshot", params)
            .await
            .unwrap();
        let picture = STANDARD.decode(taken["data"].as_str().unwrap()).unwrap();
        let file = kept(&format!("{name}.png"));
        fs::write(&file, picture).unwrap();
        file
    }

    /// Status and JSON of a path of the app whose page is open, with the browser's cookies.
    pub async fn fetch(&self, method: &str, path: &str) -> (u64, Value) {
        let script = format!(
            "return fetch('{path}', {{method: '{method}'}}).then(async answer => {{ \
             const text = await answer.text(); return [answer.status, text ? JSON.parse(text) : null] }})"
        );
        let mut answer = self.script(&script).await;
        (answer[0].as_u64().unwrap(), answer[1].take())
    }

    /// Whether the page is wider than the window, so that people must scroll sideways.
    pub async fn overflows(&self) -> bool {
        let script =
            "const root = document.documentElement; return root.scrollWidth > root.clientWidth";
        self.script(script).await == true
    }

    /// Closes the browser, if it still runs.
    pub(super) async fn close(&self) {
        let _ = self.client.clone().close().await;
    }
}

/// A file of `screenshots/` in the target directory.
pub(super) fn kept(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let directory = test
        .ancestors()
        .nth(3)
        .unwrap_or_else(|| Path::new("."))
        .join("screenshots");
    fs::create_dir_all(&directory).unwrap();
    directory.join(name)
}
