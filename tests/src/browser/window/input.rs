//! Mouse and keyboard.

use fantoccini::Locator;
use fantoccini::actions::{InputSource as _, KeyAction, KeyActions};
use fantoccini::key::Key;

use super::{PAGE_TIMEOUT, Window};

impl Window {
    /// Waits for an element and clicks it.
    pub async fn click(&self, css: &str) {
        self.find(css).await.click().await.unwrap();
    }

    /// Clicks the link or the button with this text.
    pub async fn click_text(&self, text: &str) {
        let path =
            format!("//*[(self::a or self::button) and contains(normalize-space(.), '{text}')]");
        match self
            .client
            .wait()
            .at_most(PAGE_TIMEOUT)
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

    /// Clicks the link with this text twice, before the first click navigates.
    pub async fn double_click_text(&self, text: &str) {
        let script = format!(
            "const link = [...document.querySelectorAll('a')].find(one => one.innerText.includes('{text}')); \
             setTimeout(() => {{ link.click(); link.click(); }})"
        );
        self.script(&script).await;
    }

    /// Replaces the content of a field.
    pub async fn fill(&self, css: &str, text: &str) {
        let field = self.find(css).await;
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    /// Types into the focused element.
    pub async fn type_text(&self, text: &str) {
        let keys = text
            .chars()
            .fold(KeyActions::new("keyboard".to_owned()), |keys, value| {
                keys.then(KeyAction::Down { value })
                    .then(KeyAction::Up { value })
            });
        self.client.perform_actions(keys).await.unwrap();
    }

    /// Presses a key on the focused element.
    pub async fn press(&self, key: Key) {
        self.type_text(&char::from(key).to_string()).await;
    }
}
