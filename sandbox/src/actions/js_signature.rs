//! The check of a page's JS-SDK signature, which WeCom's client makes when a page calls `ww.register`.

use axum::http::Uri;
use sha1::{Digest as _, Sha1};

use super::find_corp;
use crate::delivery::host_and_port;
use crate::engine::Engine;
use crate::problem::Problem;
use crate::store::{App, Corp, Store, TokenSubject};

/// What a page presents to WeCom's client.
#[derive(Debug)]
pub(crate) struct JsSignature {
    pub(crate) corp_id: String,
    /// With it the signature is the app's (`agentConfig`), without it the corp's (`config`).
    pub(crate) agent_id: Option<i64>,
    /// The page, as the browser shows it.
    pub(crate) url: String,
    pub(crate) timestamp: String,
    pub(crate) nonce_str: String,
    pub(crate) signature: String,
}

/// Why a page may not use the JS-SDK.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct JsRefusal {
    /// As in WeCom's table (D/90313).
    pub(crate) errcode: i64,
    /// As WeCom's client says it.
    pub(crate) message: &'static str,
    /// What to mend.
    pub(crate) hint: &'static str,
}

const fn invalid_signature(hint: &'static str) -> JsRefusal {
    JsRefusal {
        errcode: 40093,
        message: "invalid signature",
        hint,
    }
}

impl Engine {
    /// Checks a signature against the tickets that this sandbox gave out, and its page against the trusted
    /// domain (D/90506).
    pub(crate) fn check_js_signature(
        &self,
        presented: &JsSignature,
    ) -> Result<Result<(), JsRefusal>, Problem> {
        self.read(|store| {
            let corp = find_corp(store, &presented.corp_id)?;
            let app = match presented.agent_id {
                None => None,
                Some(agent_id) => Some(
                    corp.installed_apps()
                        .find(|app| app.agent_id == agent_id)
                        .ok_or_else(|| Problem::not_found("the corp has no such app"))?,
                ),
            };
            Ok(check(self, store, corp, app, presented))
        })
    }
}

fn check(
    engine: &Engine,
    store: &Store,
    corp: &Corp,
    app: Option<&App>,
    presented: &JsSignature,
) -> Result<(), JsRefusal> {
    let page = presented.url.split('#').next().unwrap_or_default();
    let host = page.parse::<Uri>().ok().and_then(|uri| host_and_port(&uri));
    if host.is_none() || host != engine.trusted_domain(store) {
        return Err(JsRefusal {
            errcode: 80001,
            message: "invalid url domain",
            hint: "the page is not on the app's trusted domain",
        });
    }
    let corp_ticket = TokenSubject::CorpTicket(corp.key.clone());
    let app_tickets: Vec<TokenSubject> = corp
        .apps
        .iter()
        .map(|app| TokenSubject::AppTicket(corp.key.clone(), app.suite_id.clone()))
        .collect();
    let expected = match app {
        None => &corp_ticket,
        Some(app) => app_tickets
            .iter()
            .find(|subject| matches!(subject, TokenSubject::AppTicket(_, suite) if *suite == app.suite_id))
            .unwrap_or(&corp_ticket),
    };
    let now = store.now();
    let signer = |subject: &TokenSubject, page: &str| {
        store
            .tokens
            .of_subject(subject, now)
            .find(|(ticket, _)| sign(ticket, presented, page) == presented.signature)
            .map(|(_, is_valid)| is_valid)
    };
    match signer(expected, page) {
        Some(true) => return Ok(()),
        Some(false) => return Err(invalid_signature("the ticket has expired")),
        None => {}
    }
    if store.tokens.of_subject(expected, now).next().is_none() {
        return Err(invalid_signature(
            "no ticket of this kind was fetched: get_jsapi_ticket for the corp's, ticket/get for the app's",
        ));
    }
    let others = std::iter::once(&corp_ticket).chain(&app_tickets);
    if others
        .clone()
        .any(|subject| signer(subject, page).is_some())
    {
        return Err(invalid_signature(
            "signed with another ticket: config takes the corp's, agentConfig the app's",
        ));
    }
    if signer(expected, &presented.url).is_some() {
        return Err(invalid_signature("the signed URL has a fragment"));
    }
    Err(invalid_signature(
        "another URL, noncestr or timestamp was signed, or the order of the fields is another",
    ))
}

/// The signature of a page (D/90506).
fn sign(ticket: &str, presented: &JsSignature, url: &str) -> String {
    let (nonce, timestamp) = (&presented.nonce_str, &presented.timestamp);
    let text = format!("jsapi_ticket={ticket}&noncestr={nonce}&timestamp={timestamp}&url={url}");
    hex::encode(Sha1::digest(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sign_matches_wecoms_example() {
        let url = "http://mp.weixin.qq.com?params=value";
        let presented = JsSignature {
            corp_id: String::new(),
            agent_id: None,
            url: url.to_owned(),
            timestamp: "1414587457".to_owned(),
            nonce_str: "Wm3WZYTPz0wzccnW".to_owned(),
            signature: String::new(),
        };
        let ticket = "sM4AOVdWfPE4DxkXGEs8VMCPGGVi4C3VM0P37wVUCFvkVAy_90u5h9nbSlYy3-Sl-HhTdfl2fzFy1AOcHKP7qg";
        assert_eq!(
            sign(ticket, &presented, url),
            "0f9de62fce790f9a083d5c99e95740ceb90c27ed"
        );
    }
}
