//! Nodes that can die: each has a runtime of its own, which is torn down under it.

use tokio::runtime::{Builder as RuntimeBuilder, Runtime};
use wecom_login::{Builder, WecomLogin};

pub(crate) struct Running {
    pub(crate) login: WecomLogin,
    runtime: Option<Runtime>,
}

impl Running {
    /// Builds a handle on a runtime of its own.
    pub(crate) async fn start(builder: Builder) -> Self {
        let runtime = RuntimeBuilder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let login = runtime.spawn(builder.build()).await.unwrap().unwrap();
        Self {
            login,
            runtime: Some(runtime),
        }
    }

    /// Ends it in the middle of whatever it does: every task is dropped where it waits.
    pub(crate) fn kill(mut self) {
        self.tear_down();
    }

    fn tear_down(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.tear_down();
    }
}
