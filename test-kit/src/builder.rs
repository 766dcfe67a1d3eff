//! What differs from test to test.

use std::fmt;

use wecom_login::{Builder, DataKey, DataKeys, ManualClock, WecomLogin};

use crate::TestLogin;
use crate::corp::instance;

/// Where the app under test is, unless it is said.
const PUBLIC_URL: &str = "http://127.0.0.1:3000";

type Configure = Box<dyn FnOnce(Builder) -> Builder + Send>;

/// Builds a [`TestLogin`].
#[must_use = "a login is started by start()"]
pub struct TestLoginBuilder {
    public_url: String,
    configure: Configure,
    #[cfg(feature = "sandbox")]
    sandbox: bool,
}

impl Default for TestLoginBuilder {
    fn default() -> Self {
        Self {
            public_url: PUBLIC_URL.to_owned(),
            configure: Box::new(|builder| builder),
            #[cfg(feature = "sandbox")]
            sandbox: false,
        }
    }
}

impl TestLoginBuilder {
    /// The URL of the app under test as browsers see it; `http://127.0.0.1:3000` unless it is set.
    pub fn public_url(mut self, url: impl Into<String>) -> Self {
        self.public_url = url.into();
        self
    }

    /// Changes the handle's builder, after everything else was set: the binder, hooks, an admin key.
    ///
    /// ```
    /// # use wecom_login_test::TestLogin;
    /// # #[tokio::main]
    /// # async fn main() {
    /// let test = TestLogin::builder()
    ///     .configure(|builder| builder.admin_key("an-admin-key-of-24-or-more"))
    ///     .start()
    ///     .await;
    /// # drop(test);
    /// # }
    /// ```
    pub fn configure(
        mut self,
        configure: impl FnOnce(Builder) -> Builder + Send + 'static,
    ) -> Self {
        let earlier = self.configure;
        self.configure = Box::new(move |builder| configure(earlier(builder)));
        self
    }

    /// Starts a sandbox that plays WeCom, on a port of its own, with [`CORP`](crate::CORP) authorized.
    #[cfg(feature = "sandbox")]
    pub const fn sandbox(mut self) -> Self {
        self.sandbox = true;
        self
    }

    /// Starts the login.
    ///
    /// # Panics
    /// The handle cannot be built, or the sandbox does not start.
    pub async fn start(self) -> TestLogin {
        let clock = ManualClock::starting_now();
        let builder = WecomLogin::builder()
            .instance(instance())
            .database_url("sqlite::memory:")
            .data_keys(DataKeys::from_keys([DataKey::random()]))
            .public_url(self.public_url.clone())
            .clock(clock.clone());
        #[cfg(feature = "sandbox")]
        let (starting, builder) = if self.sandbox {
            let starting = crate::wecom::Starting::begin(&self.public_url).await;
            let builder = builder.wecom_url(starting.url());
            (Some(starting), builder)
        } else {
            (None, builder)
        };
        let handle = (self.configure)(builder)
            .build()
            .await
            .unwrap_or_else(|error| panic!("the login of the test cannot be built: {error}"));
        TestLogin {
            #[cfg(feature = "sandbox")]
            wecom: match starting {
                Some(starting) => Some(starting.finish(&handle).await),
                None => None,
            },
            handle,
            clock,
        }
    }
}

impl fmt::Debug for TestLoginBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestLoginBuilder")
            .field("public_url", &self.public_url)
            .finish_non_exhaustive()
    }
}
