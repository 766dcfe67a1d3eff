//! A request body, read up to a limit of our own, whatever limits the host app has.

use std::error::Error as StdError;
use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};

use crate::clock::Sleep;

/// How long a body may take: the longest is 64 KiB.
pub(super) const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// The body of a request, as far as it could be read.
#[derive(Clone)]
pub(super) enum Body {
    /// The whole body.
    Complete(Bytes),
    /// The body is longer than the route allows.
    TooLarge,
    /// The connection broke, or the framing is wrong.
    Incomplete,
    /// The body did not arrive in time.
    TimedOut,
}

impl Body {
    /// Reads at most `limit` bytes, until the timeout that `timeout` begins. A body whose `content_length`
    /// (`Content-Length`, or 0 without one) is larger is not read at all; with a limit of 0 no body is.
    pub(super) async fn read<B>(
        body: Pin<&mut B>,
        content_length: u64,
        limit: usize,
        timeout: impl FnOnce() -> Sleep,
    ) -> Self
    where
        B: http_body::Body<Error: Into<Box<dyn StdError + Send + Sync>>>,
    {
        if limit == 0 || body.is_end_stream() {
            return Self::Complete(Bytes::new());
        }
        if usize::try_from(content_length).map_or(true, |length| length > limit) {
            return Self::TooLarge;
        }
        let mut timeout = timeout();
        let collected = tokio::select! {
            biased;
            collected = Limited::new(body, limit).collect() => collected,
            () = &mut timeout => return Self::TimedOut,
        };
        match collected {
            Ok(collected) => Self::Complete(collected.to_bytes()),
            Err(error) if error.is::<LengthLimitError>() => Self::TooLarge,
            Err(_) => Self::Incomplete,
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Complete(_) => "Complete(..)",
            Self::TooLarge => "TooLarge",
            Self::Incomplete => "Incomplete",
            Self::TimedOut => "TimedOut",
        })
    }
}

#[cfg(test)]
mod tests {
    use futures_util::stream;
    use http_body::Frame;
    use http_body_util::StreamBody;

    use super::*;
    use crate::clock::{Clock as _, ManualClock};

    async fn read(chunks: &[Result<&'static [u8], ()>], content_length: u64, limit: usize) -> Body {
        let frames = chunks.iter().copied().map(|chunk| {
            chunk
                .map(Frame::data)
                .map_err(|()| std::io::Error::other("the connection broke"))
        });
        let body = std::pin::pin!(StreamBody::new(stream::iter(frames)));
        let clock = ManualClock::starting_now();
        Body::read(body, content_length, limit, || clock.sleep(BODY_TIMEOUT)).await
    }

    #[tokio::test]
    async fn read_gives_a_body_ten_seconds() {
        let clock = ManualClock::starting_now();
        let timeout = clock.sleep(BODY_TIMEOUT);
        let reading = tokio::spawn(async move {
            type Frames = stream::Pending<Result<Frame<Bytes>, std::io::Error>>;
            let frames: Frames = stream::pending();
            let body = std::pin::pin!(StreamBody::new(frames));
            Body::read(body, 100, 1000, || timeout).await
        });
        clock.advance(BODY_TIMEOUT - Duration::from_millis(1));
        tokio::task::yield_now().await;
        assert!(!reading.is_finished());
        clock.advance(Duration::from_millis(1));
        assert!(matches!(reading.await.unwrap(), Body::TimedOut));
    }

    fn bytes(body: Body) -> Option<Bytes> {
        if let Body::Complete(bytes) = body {
            Some(bytes)
        } else {
            None
        }
    }

    #[tokio::test]
    async fn read_enforces_the_limit_with_and_without_content_length() {
        for content_length in [0, 8] {
            assert_eq!(
                bytes(read(&[Ok(b"abcd"), Ok(b"efgh")], content_length, 8).await).unwrap(),
                "abcdefgh"
            );
        }
        assert!(matches!(
            read(&[Ok(b"abcd"), Ok(b"efghi")], 0, 8).await,
            Body::TooLarge
        ));
        assert!(matches!(
            read(&[Ok(b"abcd"), Ok(b"efgh"), Ok(b"i")], 0, 8).await,
            Body::TooLarge
        ));
        assert!(matches!(
            read(&[Ok(b"abcd"), Err(())], 0, 8).await,
            Body::Incomplete
        ));
    }

    #[tokio::test]
    async fn read_refuses_a_larger_content_length_unread() {
        assert!(matches!(read(&[Err(())], 9, 8).await, Body::TooLarge));
        assert!(matches!(
            read(&[Err(())], u64::MAX, 8).await,
            Body::TooLarge
        ));
    }

    #[tokio::test]
    async fn read_with_limit_zero_reads_nothing() {
        assert!(bytes(read(&[Err(())], 9, 0).await).unwrap().is_empty());
        assert!(matches!(read(&[Err(())], 0, 1).await, Body::Incomplete));
    }
}
