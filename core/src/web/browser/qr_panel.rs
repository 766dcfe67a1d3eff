//! WeCom's QR code in a page of ours, shown by WeCom's own script (D/98174, D/98478).

use serde_json::json;

use crate::error::{Error, ErrorKind, Result};
use crate::web::browser::language::Language;
use crate::web::browser::origin_path::is_origin_path;
use crate::wecom::Hosts;

/// A mirror of npm that serves the package's files unchanged, at one exact version. Chrome 142 and later need 2.3.2
/// or newer.
const DEFAULT_SCRIPT_URL: &str =
    "https://cdn.jsdelivr.net/npm/@wecom/jssdk@2.4.4/dist/wecom.global.prod.js";
/// The origin of the panel's frame. It is fixed in the script.
const FRAME_ORIGIN: &str = "https://login.work.weixin.qq.com";

/// The script of `@wecom/jssdk` whose `createWWLoginPanel` shows WeCom's QR code in our page.
#[derive(Clone, Debug)]
pub struct QrPanel {
    script_url: Box<str>,
    integrity: Option<Box<str>>,
}

impl QrPanel {
    /// The digest of `dist/wecom.global.prod.js` in the npm package `@wecom/jssdk`, version 2.4.4.
    pub const INTEGRITY: &'static str =
        "sha384-58T8QqVW4IseQxZ1mXd4kc17bxqd7EJTWvRp+7TlmYAyprNKkgJhP2+xYGhdDczy";

    /// The file of the npm package, version 2.4.4, from jsDelivr, with [`Self::INTEGRITY`], so browsers run no
    /// other file. If the file cannot be loaded, the page redirects to WeCom's own page.
    #[must_use]
    pub fn new() -> Self {
        Self {
            script_url: DEFAULT_SCRIPT_URL.into(),
            integrity: Some(Self::INTEGRITY.into()),
        }
    }

    /// Loads the script from another place: an https URL or a path of this origin. With an `integrity` (`sha384-…`)
    /// browsers run no other file.
    ///
    /// jsDelivr is not reliable in mainland China: serve a copy of the npm file yourself. For WeCom's CDN
    /// (`https://wwcdn.weixin.qq.com/node/open/js/wecom-jssdk-….js`, D/98560) WeCom publishes no digest, and its file
    /// may differ from npm's: use it without a digest, or with one that you computed.
    ///
    /// ```
    /// use wecom_login::web::QrPanel;
    ///
    /// let own_copy = QrPanel::new().with_script("/static/wecom.global.prod.js", Some(QrPanel::INTEGRITY))?;
    /// # let _ = own_copy;
    /// # Ok::<(), wecom_login::Error>(())
    /// ```
    ///
    /// # Errors
    /// `CONFIG_ERROR`: neither a path of this origin nor an https URL, or not a digest of SHA-256, SHA-384 or
    /// SHA-512.
    pub fn with_script(mut self, url: impl Into<String>, integrity: Option<&str>) -> Result<Self> {
        let config_error = |rule: &str| Error::new(ErrorKind::Config, rule);
        let url = url.into();
        if !is_origin_path(&url) && !url.starts_with("https://") {
            return Err(config_error(
                "the panel's script must be an https URL or a path of this origin",
            ));
        }
        let is_digest = |text: &str| {
            ["sha256-", "sha384-", "sha512-"]
                .iter()
                .any(|prefix| text.starts_with(prefix))
                && text
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"+/=-".contains(&byte))
        };
        if !integrity.is_none_or(is_digest) {
            return Err(config_error(
                "the integrity of the panel's script must be sha256-, sha384- or sha512-",
            ));
        }
        self.script_url = url.into();
        self.integrity = integrity.map(Into::into);
        Ok(self)
    }

    pub(super) fn script_url(&self) -> &str {
        &self.script_url
    }

    pub(super) fn integrity(&self) -> Option<&str> {
        self.integrity.as_deref()
    }

    /// Whether the panel works with these hosts: the script's frame is always WeCom's own.
    pub(super) fn supports(hosts: &Hosts) -> bool {
        hosts.qr() == FRAME_ORIGIN
    }

    /// The origin that the page must be allowed to frame.
    pub(super) const fn frame_origin() -> &'static str {
        FRAME_ORIGIN
    }
}

impl Default for QrPanel {
    fn default() -> Self {
        Self::new()
    }
}

/// The `params` of `createWWLoginPanel` as JSON, escaped for use in a script.
pub(super) fn panel_parameters(
    corp_id: &str,
    agent_id: &str,
    redirect_uri: &str,
    state: &str,
    language: Language,
) -> String {
    let parameters = json!({
        "login_type": "CorpApp",
        "appid": corp_id,
        "agentid": agent_id,
        "redirect_uri": redirect_uri,
        "state": state,
        "redirect_type": "top",
        "panel_size": "small",
        "lang": language.choose("zh", "en"),
        "color_scheme": "auto",
    });
    // So that no text can end the script that contains it.
    parameters
        .to_string()
        .replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn with_script_refuses_other_urls_and_digests() {
        let set = |url: &str, integrity| QrPanel::new().with_script(url, integrity).is_ok();
        assert!(
            set("/static/wecom.js", None) && set("https://cdn.example/w.js", Some("sha384-AbC+/="))
        );
        for url in [
            "http://cdn.example/w.js",
            "//cdn.example/w.js",
            "w.js",
            "/\\x",
        ] {
            assert!(!set(url, None), "{url}");
        }
        for digest in ["md5-AbC", "sha384-\"", "", "sha384"] {
            assert!(!set("/w.js", Some(digest)), "{digest}");
        }
    }

    #[test]
    fn panel_parameters_cannot_end_their_script() {
        let text = panel_parameters(
            "</script>",
            "1",
            "https://a.example/x?a=b&c",
            "s",
            Language::En,
        );
        assert!(!text.contains(['<', '>', '&']), "{text}");
        let read: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(read["appid"], "</script>");
        assert_eq!(read["redirect_uri"], "https://a.example/x?a=b&c");
    }
}
