//! Nodes that can crash: each has a runtime that is shut down under it.

use tokio::runtime::{Builder as RuntimeBuilder, Runtime};
use wecom_login::{Builder, WecomLogin};

pub(crate) struct RunningNode {
    pub(crate) login: WecomLogin,
    runtime: Option<Runtime>,
}

impl RunningNode {
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

    /// Crashes the node: every task is dropped where it waits.
    pub(crate) fn kill(mut self) {
        self.tear_down();
    }

    fn tear_down(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Drop for RunningNode {
    fn drop(&mut self) {
        self.tear_down();
    }
}
