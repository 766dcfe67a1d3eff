//! The handle on one corp.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::authorization::{AppClient, Authorization, Authorizations, not_authorized};
use crate::corp_api::parameters::{json_body, parse_path, parse_query};
use crate::corp_api::upload::UploadFile;
use crate::db::Store;
use crate::domain::{CorpId, SuiteId, Suites};
use crate::error::{Error, Result};
use crate::members::{Licences, Members};
use crate::task_runner::{ShutdownOnDrop, TaskRunner};
use crate::wecom::{Api, CallError, CallErrorKind, CorpCall, RequestBody};

/// WeCom's server API as one corp's app calls it, with the corp's access token. From
/// [`WecomLogin::corp`](crate::WecomLogin::corp) and [`WecomLogin::corp_of`](crate::WecomLogin::corp_of). Cheap to make and
/// to clone: it holds two ids.
///
/// `path` is WeCom's below `/cgi-bin/`, as its documentation writes it. The access token is put in: it is fetched once for
/// all processes, refreshed in time, and replaced when WeCom calls it invalid, and then the call is made again.
///
/// A call begins when its method is called. It runs on the handle's own runtime and goes on when its future is dropped.
///
/// ```no_run
/// # async fn greet(login: wecom_login::WecomLogin, user: wecom_login::CurrentUser) -> wecom_login::Result<()> {
/// use serde::Deserialize;
/// use serde_json::json;
///
/// #[derive(Deserialize)]
/// struct Sent {
///     msgid: String,
/// }
///
/// let message = json!({
///     "touser": user.third_user_id(), "msgtype": "text", "agentid": 1000002, "text": {"content": "hello"},
/// });
/// let sent: Sent = login.corp_of(&user).post("message/send", &message).await?;
/// println!("message {}", sent.msgid);
/// # Ok(()) }
/// ```
///
/// # Errors of every call
///
/// - `API_PARAMS_ERROR` before anything is sent: the path has a scheme, a query or `..`, or is not below `/cgi-bin/`; query or
///   body are no object, or hold an `access_token`.
/// - `CORP_NOT_AUTHORIZED` before anything is sent: the corp has not authorized the app, its authorization is held, broken or
///   cancelled.
/// - An errcode of WeCom's other than 0 is in [`Error::errcode`](crate::Error::errcode), with WeCom's text in
///   [`Error::errmsg`](crate::Error::errmsg) and the time to wait, if any, in
///   [`Error::retry_after`](crate::Error::retry_after). The kind is that of our own calls: `UPSTREAM_ERROR`, or for some
///   errcodes one of its own, such as `USER_NOT_VISIBLE` (60111) and `LICENCE_MISSING` (701008).
/// - `UPSTREAM_ERROR`: the answer is no JSON object, not the caller's type, or over 10 MiB. `UPSTREAM_TIMEOUT`: no answer within 8 s.
///   The source of either is a [`CallError`](crate::wecom::CallError) that says which it was.
/// - `STORE_UNAVAILABLE`: the database does not answer, or the handle is shut down.
#[derive(Clone)]
pub struct CorpApi {
    pub(super) deps: Arc<CorpApiDeps>,
    pub(super) suite_id: SuiteId,
    /// As it was given: it is resolved at each call.
    pub(super) corp_id: CorpId,
    _shutdown_on_drop: ShutdownOnDrop,
}

/// The dependencies of [`CorpApi`].
pub(crate) struct CorpApiDeps {
    pub(crate) store: Store,
    pub(crate) suites: Suites,
    pub(crate) api: Api,
    pub(crate) app_client: AppClient,
    pub(crate) authorizations: Authorizations,
    pub(crate) members: Members,
    pub(crate) licences: Licences,
    pub(crate) tasks: TaskRunner,
}

impl CorpApiDeps {
    /// The corp's authorization, if calls can be made as the corp.
    ///
    /// # Errors
    /// `CORP_NOT_AUTHORIZED`.
    pub(crate) async fn authorization(
        &self,
        suite_id: &SuiteId,
        corp_id: &CorpId,
    ) -> Result<Arc<Authorization>> {
        if self.suites.find(suite_id).is_none() {
            return Err(not_authorized());
        }
        let corp_id = self.authorizations.resolve(suite_id, corp_id).await?;
        self.authorizations.require_active(suite_id, &corp_id).await
    }
}

impl CorpApi {
    pub(crate) const fn new(
        deps: Arc<CorpApiDeps>,
        suite_id: SuiteId,
        corp_id: CorpId,
        shutdown_on_drop: ShutdownOnDrop,
    ) -> Self {
        Self {
            deps,
            suite_id,
            corp_id,
            _shutdown_on_drop: shutdown_on_drop,
        }
    }

    /// The suite that the corp authorized.
    #[must_use]
    pub const fn suite_id(&self) -> &SuiteId {
        &self.suite_id
    }

    /// The corp, by the id that it was named by.
    #[must_use]
    pub const fn corp_id(&self) -> &CorpId {
        &self.corp_id
    }

    /// Makes a GET call. `query` is a struct, a list of pairs or `()`; an absent option is left out.
    ///
    /// ```no_run
    /// # async fn read(corp: wecom_login::CorpApi) -> wecom_login::Result<()> {
    /// let member: serde_json::Value = corp.get("user/get", &[("userid", "zhangwei")]).await?;
    /// let departments: serde_json::Value = corp.get("department/simplelist", &()).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// It is repeated twice after -1, 6000, 45033, a 5xx or a broken connection, unless its path ends in a verb that changes
    /// something (`user/delete`) or its query has a `code`.
    ///
    /// # Errors
    /// Those of [every call](Self#errors-of-every-call).
    pub fn get<T: DeserializeOwned + 'static>(
        &self,
        path: &str,
        query: &(impl Serialize + ?Sized),
    ) -> BoxFuture<'static, Result<T>> {
        self.call(|| {
            Ok(CorpCall {
                method: Method::GET,
                path: parse_path(path)?,
                query: parse_query(query)?,
                body: None,
                min_timeout: Duration::ZERO,
            })
        })
    }

    /// Makes a POST call with a JSON object.
    ///
    /// Because it may change something it is repeated only after an invalid token and after 45033, which say that it was not
    /// carried out. After -1, 6000, a 5xx, a broken connection or no answer it may have been carried out; what to do then
    /// is the caller's to decide.
    ///
    /// # Errors
    /// Those of [every call](Self#errors-of-every-call).
    pub fn post<T: DeserializeOwned + 'static>(
        &self,
        path: &str,
        json: &(impl Serialize + ?Sized),
    ) -> BoxFuture<'static, Result<T>> {
        self.post_with_query(path, &(), json)
    }

    /// Makes a POST call that takes parameters beside its JSON object, such as `menu/create` its `agentid` (D/90231).
    ///
    /// # Errors
    /// Those of [every call](Self#errors-of-every-call).
    pub fn post_with_query<T: DeserializeOwned + 'static>(
        &self,
        path: &str,
        query: &(impl Serialize + ?Sized),
        json: &(impl Serialize + ?Sized),
    ) -> BoxFuture<'static, Result<T>> {
        self.call(|| {
            Ok(CorpCall {
                method: Method::POST,
                path: parse_path(path)?,
                query: parse_query(query)?,
                body: Some(RequestBody::json(json_body(json)?)),
                min_timeout: Duration::ZERO,
            })
        })
    }

    /// Uploads a file as multipart form data: `media/upload` (D/90253), `media/uploadimg` (D/90256). It is repeated as a
    /// POST is, and waited for longer the larger the file is.
    ///
    /// ```no_run
    /// # async fn upload(corp: wecom_login::CorpApi, png: Vec<u8>) -> wecom_login::Result<()> {
    /// use wecom_login::UploadFile;
    ///
    /// let file = UploadFile::new("logo.png", png).with_parameter("type", "image");
    /// let uploaded: serde_json::Value = corp.upload("media/upload", file).await?;
    /// println!("{}", uploaded["media_id"]);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// Those of [every call](Self#errors-of-every-call).
    pub fn upload<T: DeserializeOwned + 'static>(
        &self,
        path: &str,
        file: UploadFile,
    ) -> BoxFuture<'static, Result<T>> {
        self.call(|| {
            Ok(CorpCall {
                method: Method::POST,
                path: parse_path(path)?,
                query: parse_query(file.parameters())?,
                min_timeout: file.min_timeout(),
                body: Some(file.into_body()),
            })
        })
    }

    /// Runs a call on our runtime, and reads its answer here.
    fn call<T: DeserializeOwned + 'static>(
        &self,
        call: impl FnOnce() -> Result<CorpCall>,
    ) -> BoxFuture<'static, Result<T>> {
        let call = match call() {
            Ok(call) => call,
            Err(error) => return Box::pin(async { Err(error) }),
        };
        let path = call.path.as_str().to_owned();
        let (suite_id, corp_id) = (self.suite_id.clone(), self.corp_id.clone());
        let answer: BoxFuture<'static, Result<Bytes>> =
            self.run(|deps| async move { deps.call(&suite_id, &corp_id, &call).await });
        Box::pin(async move {
            // serde_json's error may quote the answer.
            serde_json::from_slice(&answer.await?)
                .map_err(|_| Error::from(CallError::of_path(&path, CallErrorKind::Malformed)))
        })
    }

    /// Runs an operation on our runtime, to its end whatever becomes of the caller.
    pub(super) fn run<T: Send + 'static, F: Future<Output = Result<T>> + Send + 'static>(
        &self,
        operation: impl FnOnce(Arc<CorpApiDeps>) -> F,
    ) -> BoxFuture<'static, Result<T>> {
        self.deps.tasks.run(operation(Arc::clone(&self.deps)))
    }
}

impl fmt::Debug for CorpApi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CorpApi")
            .field("suite_id", &self.suite_id)
            .field("corp_id", &self.corp_id)
            .finish_non_exhaustive()
    }
}
