//! Further handles on the database of a [`TestApp`]: other nodes, or later starts of the same one.

use wecom_login::{Builder, Error, Platform, WecomLogin};

use super::builder::Instances;
use super::instances::base;
use super::login::accepts;
use super::{NodeConfig, SUITE, TestApp, principal};
use crate::until;

impl TestApp {
    /// A second handle with the same suites and hooks. No server serves it.
    pub async fn second_handle(&self) -> WecomLogin {
        self.second_handle_with(|builder| builder).await
    }

    /// A second handle, with changes to its builder.
    pub async fn second_handle_with(
        &self,
        configure: impl FnOnce(Builder) -> Builder,
    ) -> WecomLogin {
        let builder = match self.instances {
            Instances::Code(config) => self.second_builder(config),
            Instances::Files => base(&self.public_url(), self.database.url())
                .mount(self.layout.mount())
                .wecom_url(self.sandbox.url())
                .auths_dir(self.directory.path().join("auths")),
        };
        configure(builder.hooks(self.hooks.clone()))
            .build()
            .await
            .expect("the handle is built")
    }

    /// A second handle that has only one of the suites, with changes to its builder.
    pub async fn second_handle_for_suite(
        &self,
        suite_id: &'static str,
        configure: impl FnOnce(Builder) -> Builder,
    ) -> WecomLogin {
        let config = NodeConfig {
            only: Some(suite_id),
            ..self.node_config()
        };
        let builder = self.second_builder(config);
        configure(builder.hooks(self.hooks.clone()))
            .build()
            .await
            .expect("the handle is built")
    }

    /// A second handle, with changes to its builder, or the error with which it is not built.
    ///
    /// # Errors
    /// What `build` says.
    pub async fn build_second_handle(
        &self,
        configure: impl FnOnce(Builder) -> Builder,
    ) -> wecom_login::Result<WecomLogin> {
        configure(self.second_builder(self.node_config()))
            .build()
            .await
    }

    /// The error with which a second handle, with changes to its builder, is not built.
    pub async fn second_handle_error(&self, configure: impl FnOnce(Builder) -> Builder) -> Error {
        let built = self.build_second_handle(configure).await;
        built.expect_err("the handle is built")
    }

    /// Waits until a handle on this database follows the revocation log. Until its first poll a handle may read a cached
    /// session once more.
    pub async fn wait_until_following(&self, login: &WecomLogin) {
        let member = principal(SUITE, "wwtestsofnobody", "nobody");
        let other = self.second_handle().await;
        let issued = other
            .sessions()
            .issue(&member, Platform::App)
            .await
            .expect("a session");
        let token = issued.token.expose();
        until(
            "the handle accepts a session of another handle",
            async || accepts(login, token).await,
        )
        .await;
        other
            .sessions()
            .logout(&issued.user)
            .await
            .expect("a logout");
        until("the handle learns of a revocation", async || {
            !accepts(login, token).await
        })
        .await;
        other.shutdown().await;
    }

    fn second_builder(&self, config: NodeConfig) -> Builder {
        config.builder(&self.public_url(), self.database.url(), &self.sandbox)
    }

    fn public_url(&self) -> String {
        format!("http://{}", self.address())
    }

    fn node_config(&self) -> NodeConfig {
        match self.instances {
            Instances::Code(config) => config,
            Instances::Files => panic!("a second handle needs instances in code"),
        }
    }
}
