//! The tokio runtime of a handle: what is started on it goes on when its caller goes away, and ends with the handle.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use crate::error::{Error, ErrorKind, Result};

/// When a caller may come back that met a shutdown: another process serves by then.
const RETRY_AFTER_SHUTDOWN: Duration = Duration::from_secs(5);

/// Starts work on the runtime that the handle was built on.
#[derive(Clone, Debug)]
pub(crate) struct TaskRunner {
    runtime: Handle,
    tasks: TaskTracker,
    shutdown: CancellationToken,
}

/// Shuts the background work down when the last clone is dropped. Everything that a host app can hold has one.
#[derive(Clone, Debug)]
pub(crate) struct ShutdownOnDrop {
    _guard: Arc<DropGuard>,
}

impl TaskRunner {
    pub(crate) fn new(runtime: Handle) -> Self {
        Self {
            runtime,
            tasks: TaskTracker::new(),
            shutdown: CancellationToken::new(),
        }
    }

    /// Runs work to its end, whatever becomes of the caller.
    ///
    /// Boxed twice on purpose: it keeps our future types out of the caller's type, which otherwise overflows rustc's
    /// type-depth limit.
    ///
    /// # Errors
    /// What the work says; `STORE_UNAVAILABLE` once the handle is shut down.
    pub(crate) fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T>> + Send + 'static,
    ) -> BoxFuture<'static, Result<T>> {
        if self.shutdown.is_cancelled() {
            return Box::pin(std::future::ready(Err(shutting_down())));
        }
        let work: BoxFuture<'static, Result<T>> = Box::pin(work);
        let running = self.spawn(work);
        let shutdown = self.shutdown.clone();
        Box::pin(async move {
            running.await.unwrap_or_else(|error| {
                Err(if error.is_panic() {
                    Error::new(ErrorKind::Internal, "a task panicked")
                } else if shutdown.is_cancelled() {
                    shutting_down()
                } else {
                    runtime_gone()
                })
            })
        })
    }

    /// Starts a task that a shutdown waits for.
    pub(crate) fn spawn<T: Send + 'static>(
        &self,
        task: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        self.tasks.spawn_on(task, &self.runtime)
    }

    /// Starts a task that a shutdown cancels.
    pub(crate) fn spawn_until_shutdown(&self, task: impl Future<Output = ()> + Send + 'static) {
        drop(self.spawn_cancellable(task));
    }

    /// Starts a task that a shutdown cancels. Its result is `None` then.
    pub(crate) fn spawn_cancellable<T: Send + 'static>(
        &self,
        task: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<Option<T>> {
        let shutdown = self.shutdown.clone();
        self.spawn(async move { shutdown.run_until_cancelled_owned(task).await })
    }

    /// Starts a task that a shutdown neither cancels nor waits for.
    pub(crate) fn spawn_detached(&self, task: impl Future<Output = ()> + Send + 'static) {
        drop(self.runtime.spawn(task));
    }

    pub(crate) const fn runtime(&self) -> &Handle {
        &self.runtime
    }

    pub(crate) const fn tasks(&self) -> &TaskTracker {
        &self.tasks
    }

    /// Cancelled when the shutdown begins.
    pub(crate) const fn shutdown_token(&self) -> &CancellationToken {
        &self.shutdown
    }

    pub(crate) fn shutdown_on_drop(&self) -> ShutdownOnDrop {
        ShutdownOnDrop {
            _guard: Arc::new(self.shutdown.clone().drop_guard()),
        }
    }

    /// Begins the shutdown: what can be cancelled is, and no more work is begun.
    pub(crate) fn begin_shutdown(&self) {
        self.shutdown.cancel();
        self.tasks.close();
    }

    /// Waits for the tasks of a shutdown; says whether they ended within the time.
    pub(crate) async fn wait(&self, timeout: Duration) -> bool {
        tokio::time::timeout(timeout, self.tasks.wait())
            .await
            .is_ok()
    }
}

/// The error of work that a shutdown keeps from running.
pub(crate) fn shutting_down() -> Error {
    Error::new(ErrorKind::StoreUnavailable, "the service is shutting down")
        .with_retry_after(RETRY_AFTER_SHUTDOWN)
}

/// The error of work whose runtime ended without a shutdown.
pub(crate) fn runtime_gone() -> Error {
    Error::new(
        ErrorKind::StoreUnavailable,
        "the tokio runtime that this login was built on has ended: call Builder::build once, on the runtime of the whole \
         program (in actix outside the closure of HttpServer::new, in tests within the test that uses it)",
    )
    .with_retry_after(RETRY_AFTER_SHUTDOWN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn run_says_that_its_runtime_is_gone() {
        let first = tokio::runtime::Runtime::new().unwrap();
        let tasks = TaskRunner::new(first.handle().clone());
        drop(first);
        let second = tokio::runtime::Runtime::new().unwrap();
        let error = second.block_on(tasks.run(async { Ok(()) })).unwrap_err();
        assert!(error.to_string().contains("Builder::build once"), "{error}");
        tasks.begin_shutdown();
        let error = second.block_on(tasks.run(async { Ok(()) })).unwrap_err();
        assert!(error.to_string().ends_with("shutting down"), "{error}");
    }
}
