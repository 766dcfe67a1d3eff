//! The body of a request, and its version, of `http` 1.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use actix_web::dev::Payload;
use actix_web::http::Version;
use bytes::Bytes;
use futures_util::Stream as _;
use http_body::{Body, Frame};

/// A payload of actix, as core reads it.
pub(crate) struct PayloadBody {
    payload: Payload,
}

impl PayloadBody {
    pub(crate) const fn new(payload: Payload) -> Self {
        Self { payload }
    }
}

impl Body for PayloadBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let chunk = ready!(Pin::new(&mut self.payload).poll_next(cx));
        Poll::Ready(chunk.map(|chunk| {
            chunk
                .map(Frame::data)
                .map_err(|error| io::Error::other(error.to_string()))
        }))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.payload, Payload::None)
    }
}

impl fmt::Debug for PayloadBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PayloadBody")
    }
}

/// A version of actix, which is on another `http` than core.
pub(crate) fn http_version(version: Version) -> http::Version {
    match version {
        Version::HTTP_09 => http::Version::HTTP_09,
        Version::HTTP_10 => http::Version::HTTP_10,
        Version::HTTP_2 => http::Version::HTTP_2,
        Version::HTTP_3 => http::Version::HTTP_3,
        _ => http::Version::HTTP_11,
    }
}
