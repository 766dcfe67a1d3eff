//! The language of a page: Chinese or English. `Accept-Language` is read by hand: to pick one of
//! two languages needs no crate.

use crate::web::request::Headers;
use crate::wecom::QrLanguage;

/// The language of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Language {
    /// Chinese, also for a browser that names no language.
    Zh,
    /// English, also for a browser that names other languages only.
    En,
}

impl Language {
    /// The preferred language in an `Accept-Language` (RFC 9110, 12.5.4).
    #[must_use]
    pub fn from_accept_language(value: &str) -> Self {
        let mut best = None;
        let mut asked = false;
        for range in value.split(',') {
            let mut parts = range.split(';').map(str::trim);
            let tag = parts.next().unwrap_or_default().to_ascii_lowercase();
            let weight = parts
                .find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")))
                .map_or(1.0, |weight| weight.trim().parse::<f32>().unwrap_or(0.0));
            if tag.is_empty() || weight <= 0.0 {
                continue;
            }
            asked |= tag != "*";
            let language = match tag.split('-').next() {
                Some("zh") => Self::Zh,
                Some("en") => Self::En,
                _ => continue,
            };
            // Of equal weights, the first wins.
            if best.is_none_or(|(_, heaviest)| weight > heaviest) {
                best = Some((language, weight));
            }
        }
        best.map_or(if asked { Self::En } else { Self::Zh }, |(language, _)| {
            language
        })
    }

    pub(in crate::web) fn from_headers(headers: &(impl Headers + ?Sized)) -> Self {
        let values: Vec<_> = headers
            .values("accept-language")
            .map(String::from_utf8_lossy)
            .collect();
        Self::from_accept_language(&values.join(","))
    }

    /// The `lang` attribute of the page.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Zh => "zh-CN",
            Self::En => "en",
        }
    }

    /// Returns the text in this language.
    #[must_use]
    pub const fn choose<'a>(self, zh: &'a str, en: &'a str) -> &'a str {
        match self {
            Self::Zh => zh,
            Self::En => en,
        }
    }

    /// The other of the two.
    pub(in crate::web) const fn other(self) -> Self {
        match self {
            Self::Zh => Self::En,
            Self::En => Self::Zh,
        }
    }

    pub(super) const fn qr_language(self) -> QrLanguage {
        match self {
            Self::Zh => QrLanguage::Zh,
            Self::En => QrLanguage::En,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(value: &str) -> Language {
        Language::from_headers(
            [("accept-language".to_owned(), value.as_bytes().to_vec())].as_slice(),
        )
    }

    #[test]
    fn language_with_the_highest_weight_wins() {
        for (value, language) in [
            ("zh-CN,zh;q=0.9,en;q=0.8", Language::Zh),
            ("en-GB", Language::En),
            ("en;q=0.5, ZH-tw;q=0.7", Language::Zh),
            ("de,en;q=0.3,zh;q=0.2", Language::En),
            ("de-DE, fr", Language::En),
            ("en;q=0, zh;q=0.1", Language::Zh),
            ("zh, en", Language::Zh),
            ("", Language::Zh),
            ("*", Language::Zh),
            ("en;q=x", Language::Zh),
        ] {
            assert_eq!(of(value), language, "{value}");
        }
        assert_eq!(Language::from_headers([].as_slice()), Language::Zh);
    }
}
