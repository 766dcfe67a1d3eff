//! Reading a body up to a limit of our own, whatever other limits the host app has.

use std::fmt;
use std::pin::pin;

use bytes::{Buf, Bytes, BytesMut};
use futures_util::{Stream, StreamExt as _};

/// The body of a request, as far as it could be read.
#[derive(Clone)]
#[non_exhaustive]
pub enum Body {
    /// All of it.
    Complete(Bytes),
    /// It is longer than the route allows.
    TooLarge,
    /// The connection broke, or the framing is wrong.
    Incomplete,
}

impl Body {
    /// Reads at most `limit` bytes, and nothing of a body that announces more (`content_length`: `Content-Length`, or 0).
    /// With a limit of 0 the body is not touched.
    pub async fn read<C: Buf, E>(
        chunks: impl Stream<Item = Result<C, E>>,
        content_length: u64,
        limit: usize,
    ) -> Self {
        if limit == 0 {
            return Self::Complete(Bytes::new());
        }
        if usize::try_from(content_length).map_or(true, |length| length > limit) {
            return Self::TooLarge;
        }
        let mut chunks = pin!(chunks);
        let mut read = BytesMut::new();
        while let Some(chunk) = chunks.next().await {
            let Ok(mut chunk) = chunk else {
                return Self::Incomplete;
            };
            if chunk.remaining() > limit - read.len() {
                return Self::TooLarge;
            }
            read.extend_from_slice(&chunk.copy_to_bytes(chunk.remaining()));
        }
        Self::Complete(read.freeze())
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Complete(_) => "Complete(..)",
            Self::TooLarge => "TooLarge",
            Self::Incomplete => "Broken",
        })
    }
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    async fn read(chunks: &[Result<&'static [u8], ()>], content_length: u64, limit: usize) -> Body {
        Body::read(stream::iter(chunks.to_vec()), content_length, limit).await
    }

    fn bytes(body: Body) -> Option<Bytes> {
        if let Body::Complete(bytes) = body {
            Some(bytes)
        } else {
            None
        }
    }

    #[tokio::test]
    async fn the_limit_holds_for_known_and_unknown_lengths() {
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
    async fn what_announces_too_much_is_not_read() {
        assert!(matches!(read(&[Err(())], 9, 8).await, Body::TooLarge));
        assert!(matches!(
            read(&[Err(())], u64::MAX, 8).await,
            Body::TooLarge
        ));
    }

    #[tokio::test]
    async fn without_a_limit_nothing_is_read() {
        assert!(bytes(read(&[Err(())], 9, 0).await).unwrap().is_empty());
        assert!(matches!(read(&[Err(())], 0, 1).await, Body::Incomplete));
    }
}
