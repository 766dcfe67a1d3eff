//! The check that a reference can only mean a path of the origin it is used on.

/// Whether a browser, a proxy or a framework can read the reference only as a path of this origin: one slash at the
/// start, and neither a backslash nor a control character, which browsers turn into a slash or drop.
pub(super) fn is_origin_path(reference: &str) -> bool {
    reference.starts_with('/')
        && !reference.starts_with("//")
        && !reference
            .chars()
            .any(|character| character == '\\' || character.is_control())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_origin_path_refuses_what_may_name_another_origin() {
        for path in ["/", "/logo.svg", "/a//b", "/a?next=//b", "/文"] {
            assert!(is_origin_path(path), "{path}");
        }
        for other in [
            "",
            "a",
            "//a.example",
            "/\\a.example",
            "/a\\b",
            "/\t/a.example",
            "/a\u{85}",
            "https://a.example",
        ] {
            assert!(!is_origin_path(other), "{other:?}");
        }
    }
}
