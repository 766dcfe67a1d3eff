//! A call that names a corp by its id: repeated with the other id of the corp, where WeCom does not know the one that is
//! stored.

use crate::domain::{CorpAliases, CorpId, SuiteId};
use crate::wecom::{CallError, Errcode};

/// Makes a call that names a corp, and makes it once more with another id of the corp if WeCom says that there is no such
/// corp (40013): after its ids were migrated WeCom may know it by the encrypted one only.
pub(crate) async fn with_either_id<T, F>(
    aliases: &CorpAliases,
    suite_id: &SuiteId,
    corp_id: &CorpId,
    call: impl Fn(CorpId) -> F,
) -> Result<T, CallError>
where
    F: Future<Output = Result<T, CallError>>,
{
    let answer = call(corp_id.clone()).await;
    let is_unknown = |error: &CallError| error.errcode() == Some(Errcode::INVALID_CORP_ID);
    if !answer.as_ref().is_err_and(is_unknown) {
        return answer;
    }
    match aliases.of(suite_id, corp_id).into_iter().next() {
        Some(other) => {
            tracing::info!(target: "wecom_login", %suite_id, %corp_id, %other, "WeCom does not know the corp by its stored id; it is named by the other one");
            call(other).await
        }
        None => answer,
    }
}
