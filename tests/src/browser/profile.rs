//! [`BrowserProfile`]: viewport, language, color scheme and user agent of a browser.

use std::net::SocketAddr;

use fantoccini::wd::Capabilities;
use serde_json::{Value, json};

use super::driver::find;

/// The User-Agent of WeCom's built-in browser on a phone.
const WXWORK: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
                      Mobile/15E148 wxwork/4.1.36 MicroMessenger/7.0.1 Language/zh ColorScheme/Light";

/// The User-Agent of WeChat's built-in browser on a phone.
const WECHAT: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
                      Mobile/15E148 MicroMessenger/8.0.50 NetType/WIFI Language/zh_CN";

/// Whose built-in browser it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BuiltIn {
    /// WeCom's.
    WeCom,
    /// WeChat's.
    WeChat,
}

/// The size of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Viewport {
    /// 390 × 844, as on a phone.
    Phone,
    /// 1280 × 800.
    Desktop,
}

/// The preferred language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// 中文.
    Chinese,
    /// English.
    English,
}

/// The settings of a browser.
#[derive(Clone, Copy, Debug)]
pub struct BrowserProfile {
    /// The size of the page.
    pub viewport: Viewport,
    /// The preferred language.
    pub language: Language,
    /// Whether the preferred color scheme is dark.
    pub dark: bool,
    /// Whose built-in browser it is, if it is one.
    pub built_in: Option<BuiltIn>,
    /// Whether certificates without a known issuer are accepted.
    pub accept_invalid_certificates: bool,
    /// The address to which WeCom's QR page and the npm mirror resolve. No other host resolves.
    pub wecom_address: Option<SocketAddr>,
}

impl BrowserProfile {
    /// A desktop browser, in English and light.
    #[must_use]
    pub const fn desktop() -> Self {
        Self {
            viewport: Viewport::Desktop,
            language: Language::English,
            dark: false,
            built_in: None,
            accept_invalid_certificates: false,
            wecom_address: None,
        }
    }

    /// WeCom's own browser on a phone, in Chinese.
    #[must_use]
    pub const fn workbench() -> Self {
        Self {
            viewport: Viewport::Phone,
            language: Language::Chinese,
            built_in: Some(BuiltIn::WeCom),
            ..Self::desktop()
        }
    }

    /// WeChat's browser on a phone, in Chinese.
    #[must_use]
    pub const fn wechat() -> Self {
        Self {
            built_in: Some(BuiltIn::WeChat),
            ..Self::workbench()
        }
    }

    /// The capabilities for the driver.
    pub(super) fn capabilities(self) -> Capabilities {
        let (width, height) = match self.viewport {
            Viewport::Phone => (390, 844),
            Viewport::Desktop => (1280, 800),
        };
        let phone = self.viewport == Viewport::Phone;
        let mut emulation = json!({
            "deviceMetrics": {"width": width, "height": height, "pixelRatio": if phone { 2 } else { 1 },
                              "mobile": phone, "touch": phone},
        });
        if let Some(built_in) = self.built_in {
            emulation["userAgent"] = match built_in {
                BuiltIn::WeCom => WXWORK,
                BuiltIn::WeChat => WECHAT,
            }
            .into();
        }
        let (languages, tag) = match self.language {
            Language::Chinese => ("zh-CN,zh", "zh-CN"),
            Language::English => ("en-US,en", "en-US"),
        };
        let wecom = self.wecom_address.map(|address| {
            ["login.work.weixin.qq.com", "cdn.jsdelivr.net"]
                .map(|host| format!("MAP {host} {address},"))
                .concat()
        });
        let options = json!({
            "binary": find("chromium").expect("chromium is installed"),
            "args": [
                "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic",
                "--no-first-run", "--no-default-browser-check", "--disable-background-networking",
                "--disable-component-update", "--disable-sync", "--disable-extensions",
                // Nothing but this machine resolves.
                format!("--host-resolver-rules={}MAP * ~NOTFOUND,EXCLUDE 127.0.0.1", wecom.unwrap_or_default()),
                format!("--window-size={width},{height}"), format!("--lang={tag}"),
            ],
            "prefs": {"intl.accept_languages": languages},
            "mobileEmulation": emulation,
        });
        let all = json!({
            "browserName": "chrome",
            "acceptInsecureCerts": self.accept_invalid_certificates,
            "goog:chromeOptions": options,
        });
        let Value::Object(all) = all else {
            unreachable!("capabilities are an object")
        };
        all
    }
}
