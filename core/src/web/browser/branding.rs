//! The branding of the login pages, and the whole configuration of the pages.

use std::fmt;
use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::web::browser::origin_path::is_origin_path;
use crate::web::browser::pages::{DefaultPages, PageRenderer};
use crate::web::browser::qr_panel::QrPanel;

/// Name, logo and colors of the host app on the login pages.
///
/// ```
/// use wecom_login::web::Branding;
///
/// let branding = Branding::new().with_name("Acme").with_logo("/logo.svg")?.with_colors("#0052d9", "#4f8cff")?;
/// # let _ = branding;
/// # Ok::<(), wecom_login::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Branding {
    name: Option<Box<str>>,
    logo: Option<Box<str>>,
    colors: Option<(Box<str>, Box<str>)>,
}

impl Branding {
    /// No name, no logo, the default colors.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Shows this name above each page and in its title.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into().into());
        self
    }

    /// Shows this image above each page: a path of this origin, or a `data:image/` URL.
    ///
    /// # Errors
    /// `CONFIG_ERROR`: any other URL. The pages load nothing from other origins.
    pub fn with_logo(mut self, url: impl Into<String>) -> Result<Self> {
        let url = url.into();
        if !is_origin_path(&url) && !url.starts_with("data:image/") {
            return Err(config_error(
                "the logo must be a path of this origin or a data:image/ URL",
            ));
        }
        self.logo = Some(url.into());
        Ok(self)
    }

    /// Sets the color of buttons and links on light and on dark pages, as `#rgb` or `#rrggbb`. Text on a button is
    /// white on light pages and black on dark ones.
    ///
    /// # Errors
    /// `CONFIG_ERROR`: the text is not such a color.
    pub fn with_colors(mut self, light: &str, dark: &str) -> Result<Self> {
        if !is_color(light) || !is_color(dark) {
            return Err(config_error("a color must be #rgb or #rrggbb"));
        }
        self.colors = Some((light.into(), dark.into()));
        Ok(self)
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The URL of the logo.
    #[must_use]
    pub fn logo(&self) -> Option<&str> {
        self.logo.as_deref()
    }

    /// The colors on light and on dark pages.
    #[must_use]
    pub fn colors(&self) -> Option<(&str, &str)> {
        self.colors
            .as_ref()
            .map(|(light, dark)| (&**light, &**dark))
    }
}

fn is_color(text: &str) -> bool {
    text.strip_prefix('#').is_some_and(|digits| {
        matches!(digits.len(), 3 | 6) && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
    })
}

fn config_error(rule: &str) -> Error {
    Error::new(ErrorKind::Config, rule)
}

/// What the host app configures for the pages.
#[derive(Clone)]
pub(crate) struct PageConfig {
    pub(crate) branding: Branding,
    pub(crate) qr_panel: Option<QrPanel>,
    pub(super) pages: Arc<dyn PageRenderer>,
    /// The host app replaced pages, so its style sheets, images and fonts are allowed on them.
    pub(super) has_custom_pages: bool,
}

impl PageConfig {
    pub(crate) fn set_pages(&mut self, pages: impl PageRenderer) {
        self.pages = Arc::new(pages);
        self.has_custom_pages = true;
    }
}

impl Default for PageConfig {
    fn default() -> Self {
        Self {
            branding: Branding::default(),
            qr_panel: None,
            pages: Arc::new(DefaultPages),
            has_custom_pages: false,
        }
    }
}

impl fmt::Debug for PageConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Look")
            .field("branding", &self.branding)
            .field("qr_panel", &self.qr_panel)
            .field("own_pages", &self.has_custom_pages)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn branding_refuses_other_origins_and_css() {
        for logo in [
            "https://a.example/x.svg",
            "//a.example/x.svg",
            "/\\a.example",
            "x.svg",
            "data:text/html,a",
        ] {
            assert!(Branding::new().with_logo(logo).is_err(), "{logo}");
        }
        for color in ["red", "#12", "#12345g", "#fff;}", "", "fff"] {
            assert!(
                Branding::new().with_colors(color, "#fff").is_err(),
                "{color}"
            );
            assert!(
                Branding::new().with_colors("#FFF000", color).is_err(),
                "{color}"
            );
        }
    }
}
