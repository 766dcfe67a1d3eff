//! Percent-encoding of query values.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, PercentEncode, utf8_percent_encode};

/// Every character except RFC 3986's unreserved ones, as `encodeURIComponent` in WeCom's samples.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// Encodes one value of a query.
pub(super) fn component(text: &str) -> PercentEncode<'_> {
    utf8_percent_encode(text, COMPONENT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn component_encodes_reserved_characters() {
        assert_eq!(
            component("https://a.example/b c?d=e&f#g+企").to_string(),
            "https%3A%2F%2Fa.example%2Fb%20c%3Fd%3De%26f%23g%2B%E4%BC%81"
        );
        assert_eq!(component("aZ09-_.~").to_string(), "aZ09-_.~");
    }
}
