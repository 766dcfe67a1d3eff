//! The check of a callback URL that is entered in the provider console (D/96238).

use std::time::Duration;

use bytes::Bytes;

use crate::callback::decrypt;
use crate::domain::{Suite, SuiteId, is_plain_id};
use crate::error::Result;
use crate::inbox::receive_id::ReceiveId;
use crate::inbox::receiver::CallbackReceiver;
use crate::inbox::request::NotifyRequest;
use crate::inbox::response::NotifyResponse;

/// WeCom waits one second for the response (D/97172); the rest is for the network.
const URL_CHECK_TIMEOUT: Duration = Duration::from_millis(800);

impl CallbackReceiver {
    /// Answers a URL check with the plaintext of `echostr`.
    ///
    /// GET and POST are signed alike: a captured POST that is sent as `echostr` would come back decrypted if a
    /// plaintext of any shape were answered.
    pub(super) async fn check_url(
        &self,
        scope: Option<&SuiteId>,
        request: &NotifyRequest,
        echostr: &str,
    ) -> NotifyResponse {
        let check = self.answer_url_check(scope, request, echostr);
        let response = tokio::time::timeout(URL_CHECK_TIMEOUT, check).await;
        response.unwrap_or_else(|_| NotifyResponse::rejection(500))
    }

    async fn answer_url_check(
        &self,
        scope: Option<&SuiteId>,
        request: &NotifyRequest,
        echostr: &str,
    ) -> NotifyResponse {
        for (suite, keys) in self.matching_suites(scope, request, echostr) {
            let Ok(plain) = decrypt(&keys.encoding_aes_key, echostr) else {
                continue;
            };
            let echo = plain.message();
            if !std::str::from_utf8(echo).is_ok_and(is_plain_id) {
                continue;
            }
            let receive_id = ReceiveId::parse(plain.receive_id(), suite);
            match self.may_check_url(suite, receive_id).await {
                Ok(true) => {
                    return NotifyResponse {
                        status: 200,
                        body: Bytes::copy_from_slice(echo),
                    };
                }
                Ok(false) => {}
                Err(_) => return NotifyResponse::rejection(500),
            }
        }
        NotifyResponse::rejection(403)
    }

    /// Without a configured provider, any id could be the provider's.
    async fn may_check_url(&self, suite: &Suite, receive_id: ReceiveId) -> Result<bool> {
        let has_provider = suite.provider_corp_id.is_some();
        Ok(match receive_id {
            ReceiveId::Suite | ReceiveId::Provider(_) => true,
            ReceiveId::Corp(corp_id) => {
                let pinned = self.inner.instances.suites_pinned_to(&corp_id);
                !has_provider
                    || pinned.contains(&suite.id)
                    || self.is_authorized(suite, &corp_id).await?
            }
            ReceiveId::Empty => !has_provider,
            ReceiveId::Invalid => false,
        })
    }
}
