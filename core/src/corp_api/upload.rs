//! A file as multipart form data (RFC 7578). It is written by hand: one part with a file, as WeCom documents it (D/90253).

use std::fmt;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::HeaderValue;

use crate::random;
use crate::wecom::RequestBody;

/// A file is waited for a second longer for each of these: 2 Mbit/s.
const BYTES_PER_SECOND: usize = 256 << 10;
/// What a call without a file may take.
const CALL_TIMEOUT: Duration = Duration::from_secs(8);
const DEFAULT_FIELD: &str = "media";
const DEFAULT_CONTENT_TYPE: HeaderValue = HeaderValue::from_static("application/octet-stream");

/// A file for [`CorpApi::upload`](crate::CorpApi::upload).
#[derive(Clone)]
#[must_use]
pub struct UploadFile {
    name: String,
    field: String,
    content_type: HeaderValue,
    parameters: Vec<(String, String)>,
    bytes: Bytes,
}

impl UploadFile {
    /// A file of this name, which people see where WeCom shows the file.
    pub fn new(name: impl Into<String>, bytes: impl Into<Bytes>) -> Self {
        Self {
            name: name.into(),
            field: DEFAULT_FIELD.to_owned(),
            content_type: DEFAULT_CONTENT_TYPE,
            parameters: Vec::new(),
            bytes: bytes.into(),
        }
    }

    /// Adds a parameter of the call's query, such as `type` of `media/upload`: `image`, `voice`, `video` or `file`.
    pub fn with_parameter(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.parameters.push((name.into(), value.into()));
        self
    }

    /// Sets the media type of the file; `application/octet-stream` otherwise. A text that no header may have is ignored.
    pub fn with_content_type(mut self, content_type: &str) -> Self {
        self.content_type = HeaderValue::from_str(content_type).unwrap_or(DEFAULT_CONTENT_TYPE);
        self
    }

    /// Sets the name of the form's field; `media` otherwise, which all of WeCom's calls take.
    pub fn with_field(mut self, field: impl Into<String>) -> Self {
        self.field = field.into();
        self
    }

    pub(super) fn parameters(&self) -> &[(String, String)] {
        &self.parameters
    }

    pub(super) fn min_timeout(&self) -> Duration {
        let seconds = u64::try_from(self.bytes.len() / BYTES_PER_SECOND).unwrap_or(u64::MAX);
        CALL_TIMEOUT.saturating_add(Duration::from_secs(seconds))
    }

    pub(super) fn into_body(self) -> RequestBody {
        // 128 random bits, so that no file holds the boundary.
        self.into_body_with(&format!("wecom-login-{}", random::hex::<16>()))
    }

    fn into_body_with(self, boundary: &str) -> RequestBody {
        let mut body = BytesMut::with_capacity(self.bytes.len() + 512);
        let (field, name) = (escaped(&self.field), escaped(&self.name));
        let head = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"{field}\"; filename=\"{name}\"; filelength={}\r\n\
             Content-Type: ",
            self.bytes.len()
        );
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(self.content_type.as_bytes());
        body.extend_from_slice(b"\r\n\r\n");
        body.extend_from_slice(&self.bytes);
        body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
        let content_type = format!("multipart/form-data; boundary={boundary}");
        RequestBody {
            content_type: HeaderValue::try_from(content_type)
                .expect("a boundary is letters, digits and hyphens"),
            bytes: body.freeze(),
        }
    }
}

/// A text within the quotes of a part's header, as browsers write it (the HTML standard, multipart form data).
fn escaped(text: &str) -> String {
    text.chars()
        .map(|char| match char {
            '"' => "%22".to_owned(),
            '\r' => "%0D".to_owned(),
            '\n' => "%0A".to_owned(),
            char if char.is_control() => " ".to_owned(),
            char => char.to_string(),
        })
        .collect()
}

impl fmt::Debug for UploadFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UploadFile")
            .field("name", &self.name)
            .field("bytes", &self.bytes.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn body_is_one_part_with_the_file() {
        let file =
            UploadFile::new("报告.txt", &b"a\r\n--B--\r\nb"[..]).with_content_type("text/plain");
        let body = file.into_body_with("B2");
        assert_eq!(body.content_type, "multipart/form-data; boundary=B2");
        assert_eq!(
            std::str::from_utf8(&body.bytes).unwrap(),
            "--B2\r\nContent-Disposition: form-data; name=\"media\"; filename=\"报告.txt\"; filelength=11\r\n\
             Content-Type: text/plain\r\n\r\na\r\n--B--\r\nb\r\n--B2--\r\n"
        );
    }

    #[test]
    fn names_do_not_leave_their_quotes() {
        let file = UploadFile::new("a\"\r\nContent-Type: text/html\r\n\r\nx\0", Bytes::new())
            .with_field("b\"; name=\"c")
            .with_content_type("text/plain\r\nx: y");
        let body = file.into_body_with("B");
        assert_eq!(
            std::str::from_utf8(&body.bytes).unwrap(),
            "--B\r\nContent-Disposition: form-data; name=\"b%22; name=%22c\"; \
             filename=\"a%22%0D%0AContent-Type: text/html%0D%0A%0D%0Ax \"; filelength=0\r\n\
             Content-Type: application/octet-stream\r\n\r\n\r\n--B--\r\n"
        );
    }

    #[test]
    fn larger_file_is_waited_for_longer() {
        let timeout = |bytes: usize| UploadFile::new("f", vec![0; bytes]).min_timeout();
        assert_eq!(timeout(10), Duration::from_secs(8));
        assert_eq!(timeout(2 << 20), Duration::from_secs(16));
    }
}
