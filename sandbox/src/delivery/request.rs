//! The HTTP request of a callback: an event, encrypted and signed for the notify URL.

use serde_json::json;
use wecom_login::Suite;
use wecom_login::callback::{CallbackKeys, encrypt, sign};

use super::NotifyUrl;
use super::event::{Event, cdata_section};
use crate::random;
use crate::store::{CallbackFormat, Corp, Store};

/// The provider's corpid where the suite has none.
const DEFAULT_PROVIDER_CORP_ID: &str = "wwSandboxProvider";

/// The URL and body of a callback.
#[derive(Clone, Debug)]
pub(crate) struct CallbackRequest {
    pub(super) url: String,
    /// `None` for the URL verification by GET.
    pub(super) body: Option<String>,
    pub(super) content_type: &'static str,
}

impl CallbackRequest {
    pub(crate) fn for_event(
        store: &Store,
        suite: &Suite,
        event: &Event,
        notify_url: &NotifyUrl,
    ) -> Self {
        let settings = &store.settings;
        let corp = event.corp_key.as_deref().and_then(|key| store.corp(key));
        let (receive_id, keys_index, default_to) = if event.is_app_event {
            (&settings.receiveid.app, settings.app_keys, "corpId")
        } else {
            (&settings.receiveid.suite, settings.suite_keys, "suiteId")
        };
        let receive_id = resolve_id(receive_id, suite, corp, store);
        let keys = callback_keys(suite, keys_index);
        let text = event.to_text(settings.format);
        let encrypted = encrypt(
            &keys.encoding_aes_key,
            &random::callback_prefix(),
            text.as_bytes(),
            &receive_id,
        );
        let to = settings.outer_to_user_name.as_deref().unwrap_or(default_to);
        let to = resolve_id(to, suite, corp, store);
        // AgentID is empty for suite events (D/97172).
        let agent_id = match corp.and_then(|corp| corp.app(&event.suite_id)) {
            Some(app) if event.is_app_event => app.agent_id.to_string(),
            _ => String::new(),
        };
        let (body, content_type) = match settings.format {
            CallbackFormat::Xml => (
                format!(
                    "<xml><ToUserName>{}</ToUserName><Encrypt>{}</Encrypt><AgentID>{}</AgentID></xml>",
                    cdata_section(&to),
                    cdata_section(&encrypted),
                    cdata_section(&agent_id)
                ),
                "text/xml",
            ),
            CallbackFormat::Json => (
                json!({"ToUserName": to, "AgentID": agent_id, "Encrypt": encrypted}).to_string(),
                "application/json",
            ),
        };
        let url = signed_url(notify_url, keys, &encrypted, store.now(), None);
        Self {
            url,
            body: Some(body),
            content_type,
        }
    }

    /// The URL verification by GET, and the text that the app has to echo (D/96238).
    pub(crate) fn for_verification(
        store: &Store,
        suite: &Suite,
        notify_url: &NotifyUrl,
    ) -> (Self, String) {
        let settings = &store.settings;
        let echo = random::digits(19);
        let keys = callback_keys(suite, settings.suite_keys);
        let receive_id = resolve_id(&settings.receiveid.get, suite, None, store);
        let echostr = encrypt(
            &keys.encoding_aes_key,
            &random::callback_prefix(),
            echo.as_bytes(),
            &receive_id,
        );
        let url = signed_url(notify_url, keys, &echostr, store.now(), Some(&echostr));
        (
            Self {
                url,
                body: None,
                content_type: "",
            },
            echo,
        )
    }
}

fn callback_keys(suite: &Suite, index: usize) -> &CallbackKeys {
    &suite.callback_keys[index.min(suite.callback_keys.len() - 1)]
}

/// The id that a setting names, or the text of the setting itself.
fn resolve_id(setting: &str, suite: &Suite, corp: Option<&Corp>, store: &Store) -> String {
    match (setting, corp) {
        ("suiteId", _) => suite.id.as_str().to_owned(),
        ("corpId", Some(corp)) => corp
            .public_id(store.id_form_in(corp, suite.id.as_str()))
            .to_owned(),
        ("providerCorpId" | "corpId", _) => suite
            .provider_corp_id
            .as_ref()
            .map_or(DEFAULT_PROVIDER_CORP_ID, |provider| provider.as_str())
            .to_owned(),
        (text, _) => text.to_owned(),
    }
}

fn signed_url(
    notify_url: &NotifyUrl,
    keys: &CallbackKeys,
    encrypted: &str,
    now: i64,
    echostr: Option<&str>,
) -> String {
    let timestamp = (now / 1000).to_string();
    let nonce = random::digits(10);
    let signature = sign(keys.token.expose(), &timestamp, &nonce, encrypted);
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("msg_signature", &signature);
    query.append_pair("timestamp", &timestamp);
    query.append_pair("nonce", &nonce);
    if let Some(echostr) = echostr {
        query.append_pair("echostr", echostr);
    }
    notify_url.with_query(&query.finish())
}
