//! What a test reads of a page: elements, cookies, the accessibility tree, a screenshot.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fantoccini::Locator;
use serde_json::{Value, json};

use super::{Window, devtools};

impl Window {
    /// The number of elements on the page now.
    pub async fn count(&self, css: &str) -> usize {
        self.client.find_all(Locator::Css(css)).await.unwrap().len()
    }

    /// An attribute of an element.
    pub async fn attribute(&self, css: &str, name: &str) -> Option<String> {
        self.find(css).await.attr(name).await.unwrap()
    }

    /// Every node of the accessibility tree that is not ignored.
    pub async fn accessibility_tree(&self) -> Vec<Value> {
        let tree = devtools::send(&self.client, "Accessibility.getFullAXTree", json!({}))
            .await
            .unwrap();
        let nodes = tree["nodes"].as_array().unwrap().iter();
        nodes
            .filter(|node| node["ignored"] == false)
            .cloned()
            .collect()
    }

    /// Runs a script in the page.
    pub async fn script(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.unwrap()
    }

    /// Every cookie of the browser, `HttpOnly` ones too.
    pub async fn cookies(&self) -> Vec<Value> {
        let all = devtools::send(&self.client, "Storage.getCookies", json!({}))
            .await
            .unwrap();
        all["cookies"].as_array().unwrap().clone()
    }

    /// Deletes a cookie, as the browser does when it expires.
    pub async fn delete_cookie(&self, name: &str) {
        self.client.delete_cookie(name).await.unwrap();
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

    /// Whether the page is wider than the viewport.
    pub async fn overflows_horizontally(&self) -> bool {
        let script =
            "const root = document.documentElement; return root.scrollWidth > root.clientWidth";
        self.script(script).await == true
    }

    /// Saves a screenshot of the whole page.
    pub async fn screenshot(&self, name: &str) -> PathBuf {
        let metrics = devtools::send(&self.client, "Page.getLayoutMetrics", json!({}))
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
        let screenshot = devtools::send(&self.client, "Page.captureScreenshot", params)
            .await
            .unwrap();
        let image = STANDARD
            .decode(screenshot["data"].as_str().unwrap())
            .unwrap();
        let file = screenshot_file(&format!("{name}.png"));
        fs::write(&file, image).unwrap();
        file
    }
}

/// A file in `screenshots/` of the target directory.
pub(in crate::browser) fn screenshot_file(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let directory = test
        .ancestors()
        .nth(3)
        .unwrap_or_else(|| Path::new("."))
        .join("screenshots");
    fs::create_dir_all(&directory).unwrap();
    directory.join(name)
}
