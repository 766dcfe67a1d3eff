//! The flat fields of an envelope or a message: direct children of an XML root, or the top keys of a JSON object.
//!
//! No tree is built: nested content is skipped, flat text is borrowed.

use std::borrow::Cow;

use crate::callback::{json, xml};

/// The text is neither the XML nor the JSON that WeCom writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unreadable;

/// The trimmed text of a field; `None` if the field has nested content.
pub(super) type FieldText<'a> = Option<Cow<'a, str>>;

/// Calls `visit` with name and text of each field, in the order of the document. A byte order mark is tolerated.
///
/// After an error, the fields before it have been visited. Use them for a record only.
pub(super) fn each_field<'a>(
    text: &'a str,
    visit: impl FnMut(&str, FieldText<'a>),
) -> Result<(), Unreadable> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim_start_matches(is_space).starts_with('{') {
        json::each_key(text, visit)
    } else {
        xml::each_child(text, visit)
    }
}

/// Trims the white space of XML only: an id may end with any other.
pub(super) fn trim(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim_matches(is_space)),
        Cow::Owned(text) if text.starts_with(is_space) || text.ends_with(is_space) => {
            Cow::Owned(text.trim_matches(is_space).to_owned())
        }
        owned => owned,
    }
}

/// White space as XML and JSON define it.
pub(super) const fn is_space(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\r' | '\n')
}
