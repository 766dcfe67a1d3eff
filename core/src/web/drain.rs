//! What is left of the body of a rejected request: read and dropped before the response is written. A proxy that still
//! sends a body when the connection closes answers 502 in place of the rejection.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Buf as _;
use http::Version;
use pin_project_lite::pin_project;

use crate::clock::Sleep;
use crate::web::http_service::HttpDeps;
use crate::web::request::Headers;
use crate::web::websocket;

/// How much of a body is read: more than the proxies' own limits (nginx has 1 MiB) let through.
const MAX_DRAINED_BYTES: usize = 2 * 1024 * 1024;
/// How long a body is waited for.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);

pin_project! {
    /// Reads and drops what is left of a body, up to 2 MiB and for at most 5 s; made by
    /// [`Guard::drain`](crate::web::Guard::drain). It may be polled on any runtime.
    pub struct Drain<B> {
        #[pin]
        body: B,
        left: usize,
        timeout: Sleep,
    }
}

impl HttpDeps {
    /// Whether the body of such a request may be under way and hold the response up. Over HTTP/2 a response passes the
    /// body; after `Expect` the client waits before it sends one; a handshake has none that ends.
    pub(super) fn may_drain(
        method: &str,
        version: Version,
        headers: &(impl Headers + ?Sized),
    ) -> bool {
        version <= Version::HTTP_11
            && headers.values("expect").next().is_none()
            && !websocket::is_handshake(method, headers)
    }

    /// Reads what is left of a body; `None` if nothing is.
    pub(super) fn drain<B: http_body::Body>(&self, body: B) -> Option<Drain<B>> {
        (!body.is_end_stream()).then(|| Drain {
            body,
            left: MAX_DRAINED_BYTES,
            timeout: self.sleep(DRAIN_TIMEOUT),
        })
    }
}

impl<B: http_body::Body> Future for Drain<B> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        if this.timeout.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        loop {
            let Some(Ok(frame)) = ready!(this.body.as_mut().poll_frame(cx)) else {
                return Poll::Ready(());
            };
            let read = frame.data_ref().map_or(0, |data| data.remaining());
            match this.left.checked_sub(read) {
                Some(left) => *this.left = left,
                None => return Poll::Ready(()),
            }
        }
    }
}

impl<B> fmt::Debug for Drain<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Drain")
            .field("left", &self.left)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use bytes::Bytes;
    use futures_util::stream::{self, StreamExt as _};
    use http_body::Frame;
    use http_body_util::StreamBody;

    use super::*;
    use crate::clock::{Clock as _, ManualClock};

    type Chunk = Result<Frame<Bytes>, Infallible>;

    fn drain<S: futures_util::Stream<Item = Chunk>>(
        clock: &ManualClock,
        chunks: S,
    ) -> Drain<StreamBody<S>> {
        Drain {
            body: StreamBody::new(chunks),
            left: MAX_DRAINED_BYTES,
            timeout: clock.sleep(DRAIN_TIMEOUT),
        }
    }

    fn chunks(read: &Arc<AtomicUsize>) -> impl futures_util::Stream<Item = Chunk> + use<> {
        let read = Arc::clone(read);
        stream::repeat_with(move || {
            read.fetch_add(1, Ordering::Relaxed);
            Ok(Frame::data(Bytes::from(vec![0; 64 * 1024])))
        })
    }

    #[tokio::test]
    async fn drain_reads_to_the_end_or_two_mebibytes() {
        let clock = ManualClock::starting_now();
        for (length, expected) in [(3, 3), (1000, 33)] {
            let read = Arc::new(AtomicUsize::new(0));
            drain(&clock, chunks(&read).take(length)).await;
            assert_eq!(read.load(Ordering::Relaxed), expected);
        }
    }

    #[tokio::test]
    async fn drain_ends_after_five_seconds() {
        let clock = ManualClock::starting_now();
        let draining = tokio::spawn(drain(&clock, stream::pending()));
        tokio::task::yield_now().await;
        assert!(!draining.is_finished());
        clock.advance(DRAIN_TIMEOUT);
        draining.await.unwrap();
    }
}
