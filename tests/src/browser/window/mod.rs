//! [`Window`]: a browser with a profile of its own.

mod input;
mod inspect;
mod tabs;

use std::time::Duration;

use fantoccini::elements::Element;
use fantoccini::{Client, ClientBuilder, Locator};
use serde_json::json;

pub(in crate::browser) use self::inspect::screenshot_file;
use super::devtools;
use super::driver::Chromedriver;
use super::profile::BrowserProfile;

/// How long a test waits for something on a page.
const PAGE_TIMEOUT: Duration = Duration::from_secs(15);

/// A browser. It is closed with its driver.
#[derive(Debug)]
pub struct Window {
    client: Client,
    dark: bool,
}

impl Window {
    /// Opens a browser with an empty profile.
    pub async fn open(driver: &Chromedriver, profile: BrowserProfile) -> Self {
        let mut builder =
            ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new());
        let client = builder
            .capabilities(profile.capabilities())
            .connect(&driver.url())
            .await
            .unwrap();
        let window = Self {
            client,
            dark: profile.dark,
        };
        window.set_color_scheme().await;
        window
    }

    /// Sets the color scheme, which each tab has of its own.
    async fn set_color_scheme(&self) {
        let scheme = if self.dark { "dark" } else { "light" };
        let params = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        devtools::send(&self.client, "Emulation.setEmulatedMedia", params)
            .await
            .unwrap();
    }

    /// Navigates to a URL and waits until the page is loaded.
    pub async fn goto(&self, url: &str) {
        self.client
            .goto(url)
            .await
            .unwrap_or_else(|error| panic!("{url}: {error}"));
    }

    /// The URL of the page.
    pub async fn url(&self) -> String {
        self.client.current_url().await.unwrap().into()
    }

    /// Waits until the URL of the page starts with `url`.
    pub async fn wait_for_url(&self, url: &str) {
        let waited = tokio::time::timeout(PAGE_TIMEOUT, async {
            while !self.url().await.starts_with(url) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        if waited.await.is_err() {
            panic!(
                "not at {url} but at {}: {}",
                self.url().await,
                self.text().await
            );
        }
    }

    /// The visible text of the page.
    pub async fn text(&self) -> String {
        self.find("body").await.text().await.unwrap()
    }

    /// Waits until the page shows this text.
    pub async fn wait_for_text(&self, text: &str) {
        let script = "return document.body ? document.body.innerText : ''";
        let waited = tokio::time::timeout(PAGE_TIMEOUT, async {
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
        if waited.await.is_err() {
            panic!(
                "the page at {} does not show {text:?}: {}",
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
            .at_most(PAGE_TIMEOUT)
            .for_element(Locator::Css(css))
            .await
        {
            Ok(element) => element,
            Err(error) => panic!("no {css} at {}: {error}", self.url().await),
        }
    }

    /// Reloads the page.
    pub async fn reload(&self) {
        self.client.refresh().await.unwrap();
    }

    /// Presses the back button.
    pub async fn back(&self) {
        self.client.back().await.unwrap();
    }

    /// Closes the browser, if it still runs.
    pub(in crate::browser) async fn close(&self) {
        let _ = self.client.clone().close().await;
    }
}
