//! The uploaded files, of which only the name is kept.

use serde::{Deserialize, Serialize};

use super::Store;

/// How long a media_id is good (D/90253).
const MEDIA_TTL_MS: i64 = 3 * 86_400_000;

/// An uploaded file. All apps of the corp may send it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Media {
    pub(crate) corp_key: String,
    /// `image`, `voice`, `video` or `file`.
    pub(crate) kind: String,
    pub(crate) file_name: String,
    pub(crate) created_at: i64,
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
        self.dirty = true;
        media_id
    }

    /// The file with this media_id, if an app of the corp may send it.
    pub(crate) fn media(&self, media_id: &str, corp_key: &str) -> Option<&Media> {
        self.media
            .get(media_id)
            .filter(|media| media.corp_key == corp_key && !media.is_expired(self.now()))
    }
}
