//! The configuration of an instance, from files or from code.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use crate::domain::{
    CallbackKeys, CallbackToken, CorpId, EncodingAesKey, InvalidId, ProviderSecret, Suite, SuiteId,
    SuiteSecret,
};
use crate::element::environment::Environment;
use crate::element::fields::Fields;
use crate::element::files::ElementFiles;
use crate::element::meta::QYWX_PROXY_AUTH_MODEL;
use crate::element::name::InstanceName;
use crate::element::problem::ConfigError;
use crate::element::provider::DynLoginProviderInstance;
use crate::element::read::QYWX_PROXY_TYPE;
use crate::error::Error;
use crate::wecom::{InvalidScope, Scope};

/// What `getLoginCode` and `loginByWorkbench` require beside a code: the setting `codeLogin`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CodeLogin {
    /// Nothing but the code.
    #[default]
    Open,
    /// The `state` of a login that began here, too.
    State,
    /// Both are off: members log in through the browser flow only.
    Off,
}

impl FromStr for CodeLogin {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "open" => Ok(Self::Open),
            "state" => Ok(Self::State),
            "off" => Ok(Self::Off),
            _ => Err("must be open, state or off"),
        }
    }
}

/// The configuration of an instance of `auths.loginTypes.QywxProxyType`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct InstanceConfig {
    /// The full name.
    pub name: InstanceName,
    /// The title that members see.
    pub title: String,
    /// The suite, equal for all instances of the suite.
    pub suite: Suite,
    /// Whether logins are accepted.
    pub is_active: bool,
    /// The only corp that can log in. `None` means every corp that authorized the suite and that no other instance is
    /// pinned to.
    pub corp_id: Option<CorpId>,
    /// The OAuth scope of a login.
    pub scope: Scope,
    /// What the logins by code require.
    pub code_login: CodeLogin,
    file: Option<PathBuf>,
    wrapping: Option<WrappingProvider>,
}

/// The instance of a Type of the host app that wraps one of ours.
#[derive(Clone)]
pub(crate) struct WrappingProvider {
    pub(crate) type_name: String,
    pub(crate) auth_model_name: String,
    pub(crate) instance: Arc<dyn DynLoginProviderInstance>,
}

impl fmt::Debug for WrappingProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.type_name)
    }
}

impl InstanceConfig {
    /// An instance that is active, pinned to no corp, and has the default of every setting.
    #[must_use]
    pub fn new(name: InstanceName, title: impl Into<String>, suite: Suite) -> Self {
        Self {
            name,
            title: title.into(),
            suite,
            is_active: true,
            corp_id: None,
            scope: Scope::default(),
            code_login: CodeLogin::default(),
            file: None,
            wrapping: None,
        }
    }

    /// Pins the instance to one corp.
    #[must_use]
    pub fn with_corp_id(mut self, corp_id: CorpId) -> Self {
        self.corp_id = Some(corp_id);
        self
    }

    /// Sets the OAuth scope of a login.
    #[must_use]
    pub fn with_scope(mut self, scope: Scope) -> Self {
        self.scope = scope;
        self
    }

    /// Sets what the logins by code require.
    #[must_use]
    pub fn with_code_login(mut self, code_login: CodeLogin) -> Self {
        self.code_login = code_login;
        self
    }

    /// Disables logins.
    #[must_use]
    pub fn inactive(mut self) -> Self {
        self.is_active = false;
        self
    }

    /// Reads and checks the files of an instance.
    ///
    /// # Errors
    /// `CONFIG_ERROR` with the file, the field and the broken rule, never the value.
    pub fn from_files(files: &ElementFiles, environment: Environment<'_>) -> Result<Self, Error> {
        let name = files.name()?;
        let title = files.title(environment)?;
        let business = files.business(environment)?;
        let path = files.business_path();
        let fields = Fields::of_file(&path, &business)?;

        let mut config = Self::new(name, title, suite(&fields)?);
        config.is_active = fields.optional_bool("isActive")?.unwrap_or(true);
        config.corp_id = optional_corp_id(&fields, "corpId")?;
        if let Some(text) = fields.optional_text("scope")? {
            config.scope = text.parse().map_err(|InvalidScope| {
                fields.error("scope", "must be snsapi_base or snsapi_privateinfo")
            })?;
        }
        if let Some(text) = fields.optional_text("codeLogin")? {
            config.code_login = text
                .parse()
                .map_err(|rule: &str| fields.error("codeLogin", rule))?;
        }
        config.file = Some(path);
        Ok(config)
    }

    /// The same, wrapped by an instance of a Type of the host app.
    pub(crate) fn wrapped_by(mut self, wrapping: WrappingProvider) -> Self {
        self.wrapping = Some(wrapping);
        self
    }

    pub(crate) const fn wrapping(&self) -> Option<&WrappingProvider> {
        self.wrapping.as_ref()
    }

    /// Whether logins are accepted, by the instance and by what wraps it.
    pub(crate) fn accepts_logins(&self) -> bool {
        let wrapping = self.wrapping.as_ref();
        self.is_active && wrapping.is_none_or(|wrapping| wrapping.instance.is_active())
    }

    /// The full name of the Type.
    pub(crate) fn type_name(&self) -> &str {
        let wrapping = self.wrapping.as_ref();
        wrapping.map_or(QYWX_PROXY_TYPE, |wrapping| &wrapping.type_name)
    }

    /// The full name of the auth model.
    pub(crate) fn auth_model_name(&self) -> &str {
        let wrapping = self.wrapping.as_ref();
        wrapping.map_or(QYWX_PROXY_AUTH_MODEL, |wrapping| &wrapping.auth_model_name)
    }

    /// The origin of the instance, for messages: its business file, or its name if it was built in code.
    pub(super) fn origin(&self) -> String {
        self.file
            .as_ref()
            .map_or_else(|| self.name.to_string(), |file| file.display().to_string())
    }
}

fn suite(fields: &Fields<'_>) -> Result<Suite, ConfigError> {
    let credentials = fields.object("authConfig")?;
    let id = credentials.text("suiteId")?;
    let id = SuiteId::new(id).map_err(|error| broken_id(&credentials, "suiteId", &error))?;
    let secret = SuiteSecret::new(credentials.text("suiteSecret")?);
    let mut suite = Suite::new(id, secret, callback_keys(&credentials)?);
    for pair in fields.objects("callbackKeys")? {
        suite.callback_keys.push(callback_keys(&pair)?);
    }
    suite.provider_corp_id = optional_corp_id(fields, "providerCorpId")?;
    suite.provider_secret = fields
        .optional_text("providerSecret")?
        .map(ProviderSecret::new);
    Ok(suite)
}

fn callback_keys(fields: &Fields<'_>) -> Result<CallbackKeys, ConfigError> {
    let key = EncodingAesKey::new(fields.text("encodingAESKey")?)
        .map_err(|_| fields.error("encodingAESKey", "must be 43 characters of base64"))?;
    Ok(CallbackKeys::new(
        CallbackToken::new(fields.text("token")?),
        key,
    ))
}

fn optional_corp_id(fields: &Fields<'_>, key: &str) -> Result<Option<CorpId>, ConfigError> {
    let text = fields.optional_text(key)?;
    text.map(CorpId::new)
        .transpose()
        .map_err(|error| broken_id(fields, key, &error))
}

fn broken_id(fields: &Fields<'_>, key: &str, error: &InvalidId) -> ConfigError {
    fields.error(key, format!("must be {}", error.rule))
}
