//! An event, encrypted and signed for the app's callback URL.

use serde_json::json;
use wecom_login::Suite;
use wecom_login::callback::{CallbackKeys, encrypt, sign};

use super::Target;
use super::event::{Event, cdata};
use crate::random;
use crate::world::{Corp, Format, Settings, World};

/// Stands in for the provider's corpid where none is configured.
const MADE_UP_PROVIDER: &str = "wwSandboxProvider";

/// What is sent: the address and the body.
#[derive(Clone, Debug)]
pub(crate) struct Sealed {
    pub(crate) url: String,
    /// None for the check by GET.
    pub(crate) body: Option<String>,
    pub(crate) content_type: &'static str,
}

impl Sealed {
    pub(crate) fn event(world: &World, suite: &Suite, event: &Event, target: &Target) -> Self {
        let settings = &world.settings;
        let corp = event.corp.as_deref().and_then(|key| world.corp(key));
        let (receive_id, pair) = if event.to_app {
            (id(&settings.receiveid.app, suite, corp, settings), settings.app_keys)
        } else {
            (id(&settings.receiveid.suite, suite, corp, settings), settings.suite_keys)
        };
        let keys = keys(suite, pair);
        let text = event.text(settings.format);
        let encrypted = encrypt(&keys.encoding_aes_key, &random::block(), text.as_bytes(), &receive_id);
        let usual = if event.to_app { "corpId" } else { "suiteId" };
        let to = id(settings.outer_to_user_name.as_deref().unwrap_or(usual), suite, corp, settings);
        // AgentID is empty for suite events (D/97172).
        let agent = match (event.to_app, corp.and_then(|corp| corp.app(&event.suite_id))) {
            (true, Some(app)) => app.agent_id.to_string(),
            _ => String::new(),
        };
        let (body, content_type) = match settings.format {
            Format::Xml => (
                format!(
                    "<xml><ToUserName>{}</ToUserName><Encrypt>{}</Encrypt><AgentID>{}</AgentID></xml>",
                    cdata(&to),
                    cdata(&encrypted),
                    cdata(&agent)
                ),
                "text/xml",
            ),
            Format::Json => (
                json!({"ToUserName": to, "AgentID": agent, "Encrypt": encrypted}).to_string(),
                "application/json",
            ),
        };
        let url = signed(target, keys, &encrypted, world.now(), None);
        Self { url, body: Some(body), content_type }
    }

    /// The check of the URL by GET, and the text that has to come back (D/96238).
    pub(crate) fn verification(world: &World, suite: &Suite, target: &Target) -> (Self, String) {
        let settings = &world.settings;
        let echo = random::digits(19);
        let keys = keys(suite, settings.suite_keys);
        let receive_id = id(&settings.receiveid.get, suite, None, settings);
        let echostr = encrypt(&keys.encoding_aes_key, &random::block(), echo.as_bytes(), &receive_id);
        let url = signed(target, keys, &echostr, world.now(), Some(&echostr));
        (Self { url, body: None, content_type: "" }, echo)
    }
}

fn keys(suite: &Suite, pair: usize) -> &CallbackKeys {
    &suite.callback_keys[pair.min(suite.callback_keys.len() - 1)]
}

/// The id that a switch names, or the text that it holds.
fn id(word: &str, suite: &Suite, corp: Option<&Corp>, settings: &Settings) -> String {
    match (word, corp) {
        ("suiteId", _) => suite.id.as_str().to_owned(),
        ("corpId", Some(corp)) => corp.shown_id(settings.ids).to_owned(),
        ("providerCorpId" | "corpId", _) => suite
            .provider_corp_id
            .as_ref()
            .map_or_else(|| MADE_UP_PROVIDER.to_owned(), |provider| provider.as_str().to_owned()),
        (text, _) => text.to_owned(),
    }
}

fn signed(target: &Target, keys: &CallbackKeys, encrypted: &str, now: i64, echostr: Option<&str>) -> String {
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
    target.with_query(&query.finish())
}
