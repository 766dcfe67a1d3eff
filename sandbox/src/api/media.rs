//! Temporary media: a file is uploaded (D/90253), its media_id is good in messages for three days, and the corp's apps can
//! download it (D/90254).

use std::sync::Arc;

use serde_json::json;

use super::{ApiError, ApiResult, Request};
use crate::engine::Engine;
use crate::store::{Media, Store};

const MIB: usize = 1024 * 1024;
/// Smaller files are refused.
const MIN_FILE_BYTES: usize = 6;

/// `media/upload`: a file as multipart form data, in the field `media`.
pub(super) fn upload(store: &mut Store, _: &Engine, request: &Request) -> ApiResult {
    let caller = request.caller(store)?;
    let kind = request.query("type", 40005)?;
    let max_bytes = match kind {
        "image" | "video" => 10 * MIB,
        "voice" => 2 * MIB,
        "file" => 20 * MIB,
        _ => return Err(ApiError::new(40005)),
    };
    let file = request.form_file("media").ok_or(ApiError::new(41005))?;
    match file.content.len() {
        0 => return Err(ApiError::new(44001)),
        bytes if bytes < MIN_FILE_BYTES => return Err(ApiError::new(40006)),
        bytes if bytes > max_bytes => return Err(ApiError::new(45001)),
        _ => {}
    }
    if !has_format(kind, file.content) {
        return Err(ApiError::new(40004));
    }
    let created_at = store.now();
    let media_id = store.new_media(Media {
        corp_key: caller.corp_key,
        kind: kind.to_owned(),
        file_name: file.name,
        created_at,
        content: Some(file.content.into()),
    });
    Ok(json!({
        "type": kind,
        "media_id": media_id,
        "created_at": (created_at / 1000).to_string(),
    }))
}

/// A file as an answer.
pub(super) struct Download {
    pub(super) content: Arc<[u8]>,
    pub(super) content_type: &'static str,
    pub(super) file_name: String,
}

/// `media/get`: the file itself.
pub(super) fn get(store: &mut Store, _: &Engine, request: &Request) -> ApiResult<Download> {
    let caller = request.caller(store)?;
    let media_id = request.query("media_id", 41006)?;
    let found = store.media(media_id, &caller.corp_key);
    let (media, content) = found
        .and_then(|media| Some((media, media.content.clone()?)))
        .ok_or(ApiError::new(40007))?;
    Ok(Download {
        content_type: content_type(&media.kind, &content),
        file_name: media.file_name.clone(),
        content,
    })
}

fn content_type(kind: &str, content: &[u8]) -> &'static str {
    match kind {
        "image" if content.starts_with(b"\x89PNG") => "image/png",
        "image" => "image/jpeg",
        "voice" => "audio/amr",
        "video" => "video/mp4",
        _ => "application/octet-stream",
    }
}

/// Whether a file begins as those of its kind: JPG and PNG, AMR, MP4.
fn has_format(kind: &str, content: &[u8]) -> bool {
    match kind {
        "image" => content.starts_with(b"\xff\xd8\xff") || content.starts_with(b"\x89PNG\r\n"),
        "voice" => content.starts_with(b"#!AMR"),
        "video" => content.get(4..8) == Some(b"ftyp"),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_format_knows_the_kinds() {
        for (kind, content, expected) in [
            ("image", &b"\x89PNG\r\n\x1a\n"[..], true),
            ("image", b"GIF89a", false),
            ("voice", b"#!AMR\n", true),
            ("voice", b"ID3abc", false),
            ("video", b"\0\0\0\x18ftypmp42", true),
            ("video", b"ftypmp42", false),
            ("file", b"anything", true),
        ] {
            assert_eq!(has_format(kind, content), expected, "{kind} {content:?}");
        }
    }
}
