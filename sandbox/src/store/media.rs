//! The uploaded files. Their content is kept in memory only.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Store;

/// How long a media_id is good (D/90253).
const MEDIA_TTL_MS: i64 = 3 * 86_400_000;
/// The content of so many bytes is kept, of the newest files.
const MAX_CONTENT_BYTES: usize = 64 * 1024 * 1024;

/// An uploaded file. All apps of the corp may send it.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Media {
    pub(crate) corp_key: String,
    /// `image`, `voice`, `video` or `file`.
    pub(crate) kind: String,
    pub(crate) file_name: String,
    pub(crate) created_at: i64,
    /// `None` after a restart, and of older files once the newer ones are many.
    #[serde(skip)]
    pub(crate) content: Option<Arc<[u8]>>,
}

impl fmt::Debug for Media {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Media")
            .field("corp_key", &self.corp_key)
            .field("kind", &self.kind)
            .field("file_name", &self.file_name)
            .finish_non_exhaustive()
    }
}

impl Media {
    const fn is_expired(&self, now: i64) -> bool {
        now - self.created_at >= MEDIA_TTL_MS
    }
}

impl Store {
    /// Keeps a file under a new media_id and forgets the expired ones.
    pub(crate) fn new_media(&mut self, media: Media) -> String {
        let now = self.now();
        self.media.retain(|_, media| !media.is_expired(now));
        let media_id = crate::random::url_safe(64);
        self.media.insert(media_id.clone(), media);
        self.drop_old_content();
        self.dirty = true;
        media_id
    }

    /// Drops the content of the oldest files while there is too much.
    fn drop_old_content(&mut self) {
        let mut kept: Vec<_> = self
            .media
            .values_mut()
            .filter(|media| media.content.is_some())
            .collect();
        kept.sort_by_key(|media| std::cmp::Reverse(media.created_at));
        let mut bytes = 0;
        for media in kept {
            bytes += media.content.as_ref().map_or(0, |content| content.len());
            if bytes > MAX_CONTENT_BYTES {
                media.content = None;
            }
        }
    }

    /// The file with this media_id, if an app of the corp may send it.
    pub(crate) fn media(&self, media_id: &str, corp_key: &str) -> Option<&Media> {
        self.media
            .get(media_id)
            .filter(|media| media.corp_key == corp_key && !media.is_expired(self.now()))
    }
}
