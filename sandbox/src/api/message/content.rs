//! What a message says, by its msgtype, with what WeCom demands of each (D/90236).

use serde_json::{Value, json};

use super::{ApiError, ApiResult, Request};
use crate::store::Store;

/// WeCom cuts off longer texts.
const MAX_TEXT_BYTES: usize = 2_048;
/// WeCom cuts off longer titles and descriptions.
const MAX_TITLE_CHARS: usize = 128;
const MAX_DESCRIPTION_CHARS: usize = 512;
const MAX_URL_BYTES: usize = 2_048;
const MAX_ARTICLES: usize = 8;
const CARD_TYPES: [&str; 5] = [
    "text_notice",
    "news_notice",
    "button_interaction",
    "vote_interaction",
    "multiple_interaction",
];

/// The text of a `text` or `markdown` message, the JSON of another one.
pub(super) fn content(
    store: &Store,
    corp_key: &str,
    request: &Request,
    msgtype: &str,
) -> ApiResult {
    let field = request.field(msgtype);
    let check_media = |media_id: &Value, kind: &str| {
        let media_id = filled(media_id).ok_or(ApiError::new(41006))?;
        store
            .media(media_id, corp_key)
            .filter(|media| media.kind == kind)
            .map(drop)
            .ok_or(ApiError::new(40007))
    };
    let mut content = field.clone();
    match msgtype {
        "text" | "markdown" => {
            let text = filled(&field["content"]).ok_or(ApiError::new(44004))?;
            content = json!(cut_off(text, MAX_TEXT_BYTES));
        }
        "image" | "voice" | "video" | "file" => check_media(&field["media_id"], msgtype)?,
        "textcard" => {
            cut_off_titles(&mut content)?;
            if filled(&field["description"]).is_none() {
                return Err(ApiError::new(41033));
            }
            check_url(&field["url"])?;
        }
        "news" => {
            for article in articles(&mut content)? {
                cut_off_titles(article)?;
                // A mini program's page stands in for the link.
                if filled(&article["appid"]).is_none() {
                    check_url(&article["url"])?;
                }
            }
        }
        "mpnews" => {
            for article in articles(&mut content)? {
                cut_off_titles(article)?;
                check_media(&article["thumb_media_id"], "image")?;
                if filled(&article["content"]).is_none() {
                    return Err(ApiError::new(44004));
                }
            }
        }
        "miniprogram_notice" => {
            if filled(&field["appid"]).is_none() {
                return Err(ApiError::new(40035));
            }
            cut_off_titles(&mut content)?;
        }
        "template_card" => {
            if !CARD_TYPES.iter().any(|kind| field["card_type"] == *kind) {
                return Err(ApiError::new(40058));
            }
        }
        _ => return Err(ApiError::new(40008)),
    }
    Ok(content)
}

/// A text that is not empty.
fn filled(value: &Value) -> Option<&str> {
    value.as_str().filter(|text| !text.is_empty())
}

fn check_url(value: &Value) -> ApiResult<()> {
    let url = filled(value).ok_or(ApiError::new(41010))?;
    if url.len() > MAX_URL_BYTES {
        return Err(ApiError::new(40039));
    }
    Ok(())
}

/// The 1 to 8 articles of `news` and `mpnews`.
fn articles(content: &mut Value) -> ApiResult<&mut Vec<Value>> {
    content
        .get_mut("articles")
        .and_then(Value::as_array_mut)
        .filter(|articles| (1..=MAX_ARTICLES).contains(&articles.len()))
        .ok_or(ApiError::new(45008))
}

/// The title is required.
fn cut_off_titles(content: &mut Value) -> ApiResult<()> {
    if filled(&content["title"]).is_none() {
        return Err(ApiError::new(41016));
    }
    for (name, max) in [
        ("title", MAX_TITLE_CHARS),
        ("description", MAX_DESCRIPTION_CHARS),
    ] {
        if let Some(Value::String(text)) = content.get_mut(name) {
            *text = text.chars().take(max).collect();
        }
    }
    Ok(())
}

/// The beginning of a text, in whole characters.
fn cut_off(text: &str, max_bytes: usize) -> &str {
    let mut end = text.len().min(max_bytes);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}
