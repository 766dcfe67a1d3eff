//! Tabs and frames.

use fantoccini::wd::WindowHandle;

use super::Window;

impl Window {
    /// Opens a new tab and switches to it; gives the previous tab.
    pub async fn new_tab(&self) -> WindowHandle {
        let before = self.client.window().await.unwrap();
        let tab = self.client.new_window(true).await.unwrap();
        self.client.switch_to_window(tab.handle).await.unwrap();
        self.set_color_scheme().await;
        before
    }

    /// Switches to another tab; gives the previous tab.
    pub async fn switch_tab(&self, tab: WindowHandle) -> WindowHandle {
        let before = self.client.window().await.unwrap();
        self.client.switch_to_window(tab).await.unwrap();
        before
    }

    /// Switches to a frame of the page, until the page changes.
    pub async fn enter_frame(&self, css: &str) {
        self.find(css).await.enter_frame().await.unwrap();
    }

    /// Switches back to the page. The frame may be gone.
    pub async fn leave_frame(&self) {
        let tab = self.client.window().await.unwrap();
        self.client.switch_to_window(tab).await.unwrap();
    }
}
