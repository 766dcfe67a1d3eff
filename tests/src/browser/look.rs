//! How a browser looks, and what it says of itself.

use std::net::SocketAddr;

use fantoccini::wd::Capabilities;
use serde_json::{Value, json};

use super::driver::find;

/// The User-Agent of WeCom's built-in browser on a phone.
const WXWORK: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
                      Mobile/15E148 wxwork/4.1.36 MicroMessenger/7.0.1 Language/zh ColorScheme/Light";

/// How large the page is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// 390 × 844, as on a phone.
    Phone,
    /// 1280 × 800.
    Desktop,
}

/// What the person reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// 中文.
    Chinese,
    /// English.
    English,
}

/// How a browser looks and what it says of itself.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// How large the page is.
    pub size: Size,
    /// What the person reads.
    pub language: Language,
    /// Whether the person likes it dark.
    pub dark: bool,
    /// Whether it is the browser inside WeCom.
    pub wxwork: bool,
    /// Whether certificates of nobody are taken.
    pub any_certificate: bool,
    /// Who is asked in place of WeCom's QR page and of the mirror of npm. Nobody else is asked at all.
    pub wecom_at: Option<SocketAddr>,
}

impl Look {
    /// A desktop browser, in English and light.
    #[must_use]
    pub const fn desktop() -> Self {
        Self {
            size: Size::Desktop,
            language: Language::English,
            dark: false,
            wxwork: false,
            any_certificate: false,
            wecom_at: None,
        }
    }

    /// WeCom's own browser on a phone, in Chinese.
    #[must_use]
    pub const fn workbench() -> Self {
        Self {
            size: Size::Phone,
            language: Language::Chinese,
            wxwork: true,
            ..Self::desktop()
        }
    }

    /// What the driver is told.
    pub(super) fn capabilities(self) -> Capabilities {
        let (width, height) = match self.size {
            Size::Phone => (390, 844),
            Size::Desktop => (1280, 800),
        };
        let phone = self.size == Size::Phone;
        let mut emulation = json!({
            "deviceMetrics": {"width": width, "height": height, "pixelRatio": if phone { 2 } else { 1 },
                              "mobile": phone, "touch": phone},
        });
        if self.wxwork {
            emulation["userAgent"] = WXWORK.into();
        }
        let (languages, tag) = match self.language {
            Language::Chinese => ("zh-CN,zh", "zh-CN"),
            Language::English => ("en-US,en", "en-US"),
        };
        let wecom = self.wecom_at.map(|address| {
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
                // It talks to this machine and to nobody else.
                format!("--host-resolver-rules={}MAP * ~NOTFOUND,EXCLUDE 127.0.0.1", wecom.unwrap_or_default()),
                format!("--window-size={width},{height}"), format!("--lang={tag}"),
            ],
            "prefs": {"intl.accept_languages": languages},
            "mobileEmulation": emulation,
        });
        let all = json!({
            "browserName": "chrome",
            "acceptInsecureCerts": self.any_certificate,
            "goog:chromeOptions": options,
        });
        let Value::Object(all) = all else {
            unreachable!("capabilities are an object")
        };
        all
    }
}
