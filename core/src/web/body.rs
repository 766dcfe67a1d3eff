//! A request body, read up to a limit of our own, whatever limits the host app has.

use std::error::Error as StdError;
use std::fmt;

use bytes::Bytes;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};

/// The body of a request, as far as it could be read.
#[derive(Clone)]
pub(super) enum Body {
    /// The whole body.
    Complete(Bytes),
    /// The body is longer than the route allows.
    TooLarge,
    /// The connection broke, or the framing is wrong.
    Incomplete,
}

impl Body {
    /// Reads at most `limit` bytes. A body whose `content_length` (`Content-Length`, or 0 without one) is larger is not
    /// read at all; with a limit of 0 no body is.
    pub(super) async fn read<B>(body: B, content_length: u64, limit: usize) -> Self
    where
        B: http_body::Body<Error: Into<Box<dyn StdError + Send + Sync>>>,
    {
        if limit == 0 {
            return Self::Complete(Bytes::new());
        }
        if usize::try_from(content_length).map_or(true, |length| length > limit) {
            return Self::TooLarge;
        }
        match Limited::new(body, limit).collect().await {
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
        })
    }
}

#[cfg(test)]
mod tests {
    use futures_util::stream;
    use http_body::Frame;
    use http_body_util::StreamBody;

    use super::*;

    async fn read(chunks: &[Result<&'static [u8], ()>], content_length: u64, limit: usize) -> Body {
        let frames = chunks.iter().copied().map(|chunk| {
            chunk
                .map(Frame::data)
                .map_err(|()| std::io::Error::other("the connection broke"))
        });
        Body::read(StreamBody::new(stream::iter(frames)), content_length, limit).await
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
