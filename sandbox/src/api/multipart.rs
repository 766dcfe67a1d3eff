//! Multipart form data (RFC 7578), as far as `media/upload` needs it: one file.

/// A file in a form.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct FormFile<'a> {
    pub(super) name: String,
    pub(super) content: &'a [u8],
}

/// The boundary in a `Content-Type`, if it is that of a form.
pub(super) fn boundary(content_type: &str) -> Option<&str> {
    let (kind, parameters) = content_type.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    parameters.split(';').find_map(|parameter| {
        let (name, value) = parameter.trim().split_once('=')?;
        name.eq_ignore_ascii_case("boundary")
            .then(|| value.trim_matches('"'))
            .filter(|value| !value.is_empty())
    })
}

/// The file in the field with this name. A field without a filename is no file.
pub(super) fn form_file<'a>(body: &'a [u8], boundary: &str, field: &str) -> Option<FormFile<'a>> {
    let delimiter = format!("\r\n--{boundary}");
    // The first boundary has no line before it.
    let mut rest = body.strip_prefix(&delimiter.as_bytes()[2..])?;
    while let Some(part) = rest.strip_prefix(b"\r\n") {
        let end = find_delimiter(part, delimiter.as_bytes())?;
        let (part, after) = part.split_at(end);
        if let Some(file) = file_of(part, field) {
            return Some(file);
        }
        rest = &after[delimiter.len()..];
    }
    None
}

fn file_of<'a>(part: &'a [u8], field: &str) -> Option<FormFile<'a>> {
    let end = find(part, b"\r\n\r\n")?;
    let (headers, content) = (String::from_utf8_lossy(&part[..end]), &part[end + 4..]);
    let disposition = headers.split("\r\n").find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.trim()
            .eq_ignore_ascii_case("content-disposition")
            .then_some(value)
    })?;
    if parameter(disposition, "name")? != field {
        return None;
    }
    let name = parameter(disposition, "filename").filter(|name| !name.is_empty())?;
    Some(FormFile { name, content })
}

/// A parameter of a header, which may hold `;` in quotes.
fn parameter(value: &str, name: &str) -> Option<String> {
    let mut rest = value;
    while let Some((_, after)) = rest.split_once(';') {
        let after = after.trim_start();
        let (key, value) = after.split_once('=')?;
        let text = match value.strip_prefix('"') {
            Some(quoted) => quoted.split('"').next()?,
            None => value.split(';').next()?.trim(),
        };
        if key.trim().eq_ignore_ascii_case(name) {
            return Some(text.to_owned());
        }
        rest = match value.strip_prefix('"') {
            Some(quoted) => quoted.get(text.len() + 1..)?,
            None => value,
        };
    }
    None
}

/// Where a delimiter stands that ends its line or the form: a file may hold a line that only begins like one.
fn find_delimiter(body: &[u8], delimiter: &[u8]) -> Option<usize> {
    let mut from = 0;
    loop {
        let at = from + find(&body[from..], delimiter)?;
        from = at + delimiter.len();
        if body[from..].starts_with(b"\r\n") || body[from..].starts_with(b"--") {
            return Some(at);
        }
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack
        .windows(needle.len())
        .position(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORM: &[u8] = b"--b\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\n--bad\r\n\
        --b\r\ncontent-type: text/plain\r\nContent-Disposition: form-data; filename=\"a;b.txt\"; name=\"media\"\r\n\r\n\
        one\r\n--two\r\n\r\n--b--\r\n";

    #[test]
    fn form_file_finds_the_file_of_the_field() {
        let file = form_file(FORM, "b", "media").unwrap();
        assert_eq!(file.name, "a;b.txt");
        assert_eq!(file.content, b"one\r\n--two\r\n");
        assert_eq!(form_file(FORM, "b", "note"), None, "a field is no file");
        assert_eq!(form_file(FORM, "other", "media"), None);
        assert_eq!(form_file(&FORM[..150], "b", "media"), None, "cut off");
    }

    #[test]
    fn boundary_is_that_of_a_form() {
        for (text, expected) in [
            ("multipart/form-data; boundary=b", Some("b")),
            (
                "Multipart/Form-Data; charset=utf-8; Boundary=\"b c\"",
                Some("b c"),
            ),
            ("multipart/form-data; boundary=", None),
            ("multipart/form-data", None),
            ("multipart/mixed; boundary=b", None),
        ] {
            assert_eq!(boundary(text), expected, "{text}");
        }
    }
}
