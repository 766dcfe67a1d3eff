//! Pages of long lists, and the cursors between them.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// A cursor that is longer is none of ours.
const MAX_CURSOR_BYTES: usize = 1024;

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Page<T> {
    /// The items, in the order of the list.
    pub items: Vec<T>,
    /// Where the next page begins; none after the last one.
    pub next: Option<PageCursor>,
}

impl<T> Page<T> {
    /// The page of a query that asked for one item more than `limit`.
    pub(crate) fn of_query(
        mut items: Vec<T>,
        limit: u64,
        cursor_after: impl FnOnce(&T) -> PageCursor,
    ) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let has_more = items.len() > limit;
        items.truncate(limit);
        let next = items.last().filter(|_| has_more).map(cursor_after);
        Self { items, next }
    }

    /// The same page of other items.
    pub(crate) fn with_items<U>(self, items: Vec<U>) -> Page<U> {
        Page {
            items,
            next: self.next,
        }
    }
}

/// The place in a list where a page begins, as an opaque text ([`fmt::Display`], [`FromStr`]). It stays valid while the
/// list changes, and is of use to one list only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageCursor {
    /// The key of the last item of the page before.
    parts: Vec<String>,
}

/// The text is not a cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("after must be the next of an earlier answer to the same question")]
#[non_exhaustive]
pub struct InvalidPageCursor;

impl PageCursor {
    pub(crate) fn after(parts: &[&str]) -> Self {
        Self {
            parts: parts.iter().map(|&part| part.to_owned()).collect(),
        }
    }

    /// The key of an item, if it is of this many parts.
    ///
    /// # Errors
    /// The cursor is of another list.
    pub(crate) fn parts<const N: usize>(&self) -> Result<[&str; N], InvalidPageCursor> {
        let parts: Vec<&str> = self.parts.iter().map(String::as_str).collect();
        parts.try_into().map_err(|_| InvalidPageCursor)
    }

    /// The first part, which names the list in a sequence of several, and the key of an item of it.
    pub(crate) fn split(&self) -> Option<(&str, &[String])> {
        let (list, key) = self.parts.split_first()?;
        Some((list, key))
    }

    /// The number that is the key of an item.
    ///
    /// # Errors
    /// The cursor is of another list.
    pub(crate) fn number(&self) -> Result<i64, InvalidPageCursor> {
        let [number] = self.parts()?;
        number.parse().map_err(|_| InvalidPageCursor)
    }
}

impl fmt::Display for PageCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let json = serde_json::to_vec(&self.parts).map_err(|_| fmt::Error)?;
        f.write_str(&URL_SAFE_NO_PAD.encode(json))
    }
}

impl FromStr for PageCursor {
    type Err = InvalidPageCursor;

    fn from_str(text: &str) -> Result<Self, InvalidPageCursor> {
        if text.len() > MAX_CURSOR_BYTES {
            return Err(InvalidPageCursor);
        }
        let json = URL_SAFE_NO_PAD
            .decode(text)
            .map_err(|_| InvalidPageCursor)?;
        let parts = serde_json::from_slice(&json).map_err(|_| InvalidPageCursor)?;
        Ok(Self { parts })
    }
}

impl serde::Serialize for PageCursor {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursor_survives_its_text_form() {
        let cursor = PageCursor::after(&["dk1", "ww1", "李/雷\""]);
        let text = cursor.to_string();
        assert!(
            text.bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        );
        let parsed: PageCursor = text.parse().unwrap();
        assert_eq!(parsed.parts::<3>(), Ok(["dk1", "ww1", "李/雷\""]));
        assert_eq!(parsed.parts::<1>(), Err(InvalidPageCursor));
        assert_eq!(parsed.number(), Err(InvalidPageCursor));
        assert_eq!(PageCursor::after(&["7"]).number(), Ok(7));
    }

    #[test]
    fn other_texts_are_no_cursors() {
        for text in ["", "x", "7", "W10x", "!!", &"A".repeat(2000), "eyJhIjoxfQ"] {
            assert!(text.parse::<PageCursor>().is_err(), "{text}");
        }
    }

    #[test]
    fn page_has_a_cursor_only_if_more_follows() {
        let cursor = |item: &i64| PageCursor::after(&[&item.to_string()]);
        let page = Page::of_query(vec![1, 2, 3], 2, cursor);
        assert_eq!(page.items, [1, 2]);
        assert_eq!(page.next.unwrap().number(), Ok(2));
        assert_eq!(Page::of_query(vec![1, 2], 2, cursor).next, None);
        assert_eq!(Page::of_query(Vec::new(), 2, cursor).next, None);
    }
}
