//! Reading a body up to a limit of our own, whatever other limits the host app has.

use bytes::{Buf as _, BytesMut};
use http_body_util::BodyExt as _;
use wecom_login::web::Body;

/// Reads at most `limit` bytes. With a limit of 0 the body is not touched.
pub(crate) async fn read<B: http_body::Body>(body: B, limit: usize) -> Body {
    if limit == 0 {
        return Body::Complete(bytes::Bytes::new());
    }
    if usize::try_from(body.size_hint().lower()).is_ok_and(|length| length > limit) {
        return Body::TooLarge;
    }
    let mut body = std::pin::pin!(body);
    let mut read = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return Body::Broken };
        let Ok(mut data) = frame.into_data() else { continue };
        if read.len() + data.remaining() > limit {
            return Body::TooLarge;
        }
        read.extend_from_slice(&data.copy_to_bytes(data.remaining()));
    }
    Body::Complete(read.freeze())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use bytes::Bytes;
    use http_body::Frame;
    use http_body_util::Full;

    use super::*;

    /// A body of unknown length.
    struct Chunks(Vec<Result<&'static [u8], &'static str>>);

    impl http_body::Body for Chunks {
        type Data = Bytes;
        type Error = &'static str;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
            let next = (!self.0.is_empty()).then(|| self.0.remove(0));
            Poll::Ready(next.map(|chunk| chunk.map(|chunk| Frame::data(Bytes::from_static(chunk)))))
        }
    }

    fn bytes(body: Body) -> Option<Bytes> {
        if let Body::Complete(bytes) = body { Some(bytes) } else { None }
    }

    #[tokio::test]
    async fn the_limit_holds_for_known_and_unknown_lengths() {
        let full = |length| Full::<Bytes>::from(vec![b'x'; length]);
        assert_eq!(bytes(read(full(8), 8).await).unwrap().len(), 8);
        assert!(matches!(read(full(9), 8).await, Body::TooLarge));
        assert_eq!(bytes(read(Chunks(vec![Ok(b"abcd"), Ok(b"efgh")]), 8).await).unwrap(), "abcdefgh");
        assert!(matches!(read(Chunks(vec![Ok(b"abcd"), Ok(b"efghi")]), 8).await, Body::TooLarge));
        assert!(matches!(read(Chunks(vec![Ok(b"abcd"), Err("cut")]), 8).await, Body::Broken));
    }

    #[tokio::test]
    async fn without_a_limit_nothing_is_read() {
        assert!(bytes(read(Chunks(vec![Err("touched")]), 0).await).unwrap().is_empty());
        assert!(matches!(read(Chunks(vec![Err("touched")]), 1).await, Body::Broken));
    }
}
