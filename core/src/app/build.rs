//! The checks of a Builder: configuration files, hosts, URLs, keys.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::app::builder::Builder;
use crate::app::handle::WecomLogin;
use crate::element::{
    InstanceKind, InstanceName, WrappingProvider, load_instances, process_environment,
    read_elements,
};
use crate::error::{Error, ErrorKind, Result};
use crate::web::{AdminAuth, AdminKey, HttpConfig, Mount, PublicUrl, TrustedProxies};
use crate::wecom::Hosts;

/// An instance and its name.
type NamedInstance = (InstanceName, InstanceKind);

impl Builder {
    /// Checks everything, opens the database, brings its tables up to date and starts the work in the background, on
    /// the tokio runtime that this runs on.
    ///
    /// # Errors
    /// `CONFIG_ERROR` with the file, the field and the rule; `STORE_UNAVAILABLE`.
    pub async fn build(self) -> Result<WecomLogin> {
        // Boxed for the depth of the caller's types, as in `TaskRunner::run`.
        let assembled: BoxFuture<'static, Result<WecomLogin>> = Box::pin(self.assemble());
        assembled.await
    }

    pub(super) fn http_config(&self) -> Result<HttpConfig> {
        let url = self
            .public_url
            .as_deref()
            .ok_or_else(|| config("Builder::public_url is missing: the root of your app as browsers see it, such as https://app.example.com"))?;
        let public_url = if self.allow_insecure_http {
            PublicUrl::insecure(url)
        } else {
            PublicUrl::new(url)
        }?;
        let key = self.admin_key.as_deref().map(AdminKey::new).transpose()?;
        let admin = AdminAuth::new(key, self.admin_predicate.clone(), Arc::clone(&self.clock));
        let proxies = TrustedProxies::new(self.trusted_proxies.clone());
        let web = HttpConfig::new(public_url, Mount::new(&self.mount)?, admin, proxies)
            .with_page_config(self.page_config.clone())
            .with_access_tokens(self.serve_access_tokens)
            .with_allowed_origins(&self.allowed_origins, self.allow_insecure_http)?;
        match &self.cookie_prefix {
            Some(prefix) => web.with_cookie_prefix(prefix),
            None => Ok(web),
        }
    }

    pub(super) fn hosts(&self) -> Result<Hosts> {
        match (&self.wecom_url, &self.hosts) {
            (Some(_), Some(_)) => Err(config("wecom_url and wecom_hosts exclude each other")),
            (Some(url), None) => Ok(Hosts::parse(url, url, url, self.allow_insecure_http)?),
            (None, hosts) => Ok(hosts.clone().unwrap_or_default()),
        }
    }

    /// The instances, and what is to be warned of.
    pub(super) fn read_instances(&self) -> Result<(Vec<NamedInstance>, Vec<String>)> {
        let elements = self
            .auths_dir
            .as_ref()
            .map(|root| read_elements(root))
            .transpose()?
            .unwrap_or_default();
        let mut all = Vec::new();
        let mut others = Vec::new();
        let mut ours = self.instances.clone();
        for files in elements {
            let Some(login_type) = self.meta.registered(&files.type_name) else {
                others.push(files);
                continue;
            };
            let instance = login_type.load(&files)?;
            let (type_name, auth_model_name) =
                (files.type_name.clone(), login_type.auth_model_name());
            if let Some(wrapped) = instance.qywx_proxy() {
                let config = wrapped.config().clone();
                ours.push(config.wrapped_by(WrappingProvider {
                    type_name,
                    auth_model_name,
                    instance,
                }));
                continue;
            }
            let kind = InstanceKind::Custom {
                type_name,
                auth_model_name,
                title: files.title(&process_environment)?,
                instance,
            };
            all.push((files.name()?, kind));
        }
        let known_types: Vec<&str> = self.meta.type_names().collect();
        let (ours, warnings) = load_instances(others, ours, &known_types, &process_environment)?;
        let warnings: Vec<String> = warnings.iter().map(ToString::to_string).collect();
        for warning in &warnings {
            tracing::warn!(target: "wecom_login", "{warning}");
        }
        all.extend(ours.into_iter().map(|config| {
            (
                config.name.clone(),
                InstanceKind::QywxProxy(Arc::new(config)),
            )
        }));
        if all.is_empty() {
            return Err(config(
                "there is no login instance: Builder::auths_dir names a directory with NAME/e.json and NAME/NAME.json, \
                 Builder::instance takes one without files",
            ));
        }
        Ok((all, warnings))
    }
}

pub(super) fn config(detail: impl Into<String>) -> Error {
    Error::new(ErrorKind::Config, detail)
}

#[cfg(all(test, feature = "sqlite"))]
mod tests {
    use super::*;
    use crate::callback::{CallbackKeys, EncodingAesKey};
    use crate::domain::{
        CallbackToken, CorpId, Platform, Principal, Suite, SuiteId, SuiteSecret, WecomUserId,
    };
    use crate::element::InstanceConfig;
    use crate::vault::{DataKey, DataKeys};

    fn builder(database_url: &str) -> Builder {
        let key = EncodingAesKey::new("abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG").unwrap();
        let keys = CallbackKeys::new(CallbackToken::new("a-token-of-16-or-more"), key);
        let suite = Suite::new(
            SuiteId::new("dk1").unwrap(),
            SuiteSecret::new("secret"),
            keys,
        );
        let name = InstanceName::new("auths.QywxProxyDefault").unwrap();
        Builder::default()
            .instance(InstanceConfig::new(name, "WeCom", suite))
            .database_url(database_url)
            .data_keys(DataKeys::from_keys([DataKey::new([7; 32])]))
            .public_url("http://127.0.0.1:3000")
    }

    async fn refusal(builder: Builder) -> String {
        let error = builder.build().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
        error.to_string()
    }

    #[tokio::test]
    async fn build_names_what_is_missing() {
        let url = "sqlite::memory:";
        let mut without_database = builder(url);
        without_database.database = None;
        let mut without_url = builder(url);
        without_url.public_url = None;
        let mut without_instance = builder(url);
        without_instance.instances.clear();
        for (builder, methods) in [
            (without_database, ["Builder::database_url", "sqlite://PATH"]),
            (
                without_url,
                ["Builder::public_url", "https://app.example.com"],
            ),
            (
                without_instance,
                ["Builder::auths_dir", "Builder::instance"],
            ),
            (
                builder(url).public_url("app.example.com"),
                ["public_url", "absolute"],
            ),
            (
                builder(url).data_keys(DataKeys::from_keys([])),
                ["no data key", "DataKeys::from_keys"],
            ),
        ] {
            let text = refusal(builder).await;
            for method in methods {
                assert!(text.contains(method), "{text}");
            }
        }
    }

    #[test]
    fn build_outside_a_runtime_says_so() {
        let error = futures_util::FutureExt::now_or_never(builder("sqlite::memory:").build());
        let text = error.expect("it does not wait").unwrap_err().to_string();
        assert!(text.contains("outside a tokio runtime"), "{text}");
    }

    #[tokio::test]
    async fn missing_keys_leave_the_database_alone() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("app.db");
        let builder = builder(&format!("sqlite://{}", file.display()));
        refusal(builder.data_keys(DataKeys::from_keys([]))).await;
        assert!(!file.exists(), "no table was made");
    }

    #[tokio::test]
    async fn no_session_is_issued_for_a_suite_of_no_instance() {
        let login = builder("sqlite::memory:").build().await.unwrap();
        for (suite_id, expected) in [("dk1", None), ("dk2", Some(ErrorKind::Config))] {
            let who = Principal::new(
                SuiteId::new(suite_id).unwrap(),
                CorpId::new("ww1").unwrap(),
                WecomUserId::new("zhangsan").unwrap(),
            );
            let issued = login.sessions().issue(&who, Platform::Web).await;
            assert_eq!(issued.err().map(|error| error.kind()), expected);
        }
        login.shutdown().await;
    }
}
