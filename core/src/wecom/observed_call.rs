//! What is told of a call to WeCom: a span, a metric and a line of the log. The query and the body hold tokens, codes and
//! secrets, so none of the three has them.

use std::borrow::Cow;

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use tracing::Span;
use tracing::field::Empty;

use crate::metrics::{self, Stopwatch};
use crate::wecom::call_error::{CallError, CallErrorKind};

/// The paths of calls that host apps make most. Others share a label.
const PATHS_OF_HOST_APPS: &[&str] = &[
    "agent/get",
    "agent/list",
    "department/get",
    "department/list",
    "department/simplelist",
    "media/upload",
    "menu/create",
    "message/recall",
    "message/send",
    "oa/applyevent",
    "oa/approval/getapprovaldetail",
    "oa/gettemplatedetail",
    "tag/get",
    "tag/list",
    "user/get",
    "user/getuserid",
    "user/list",
    "user/list_id",
    "user/simplelist",
];

/// The label of the path of a call that the host app chose.
pub(super) fn label_of(path: &str) -> &'static str {
    PATHS_OF_HOST_APPS
        .iter()
        .find(|known| **known == path)
        .copied()
        .unwrap_or(metrics::OTHER)
}

/// A call that is under way. The names are OpenTelemetry's, of the spans of HTTP clients.
pub(super) struct ObservedCall {
    span: Span,
    stopwatch: Stopwatch,
    started_at: std::time::Instant,
}

impl ObservedCall {
    pub(super) fn start(path: &str, request: Option<&Request<Full<Bytes>>>) -> Self {
        let span = tracing::debug_span!(
            target: "wecom_login::wecom",
            "wecom_call",
            "otel.kind" = "client",
            "http.request.method" = Empty,
            "server.address" = Empty,
            "server.port" = Empty,
            "url.template" = path,
            "http.response.status_code" = Empty,
            "error.type" = Empty,
            "wecom.errcode" = Empty,
        );
        if let Some(request) = request {
            span.record("http.request.method", request.method().as_str());
            span.record("server.address", request.uri().host());
            let is_https = request.uri().scheme_str() == Some("https");
            let default_port = if is_https { 443 } else { 80 };
            let port = request.uri().port_u16().unwrap_or(default_port);
            span.record("server.port", port);
        }
        Self {
            span,
            stopwatch: Stopwatch::start(),
            started_at: std::time::Instant::now(),
        }
    }

    pub(super) fn span(&self) -> Span {
        self.span.clone()
    }

    /// Tells of the end of the call: its path, its outcome and its duration.
    pub(super) fn finish(self, path: &str, label: &str, error: Option<&CallError>) {
        let took = self.started_at.elapsed();
        let kind = error.map(|error| error.kind);
        let errcode = match kind {
            None => Some(0),
            Some(CallErrorKind::Refused(errcode)) => Some(errcode.number()),
            Some(_) => None,
        };
        let outcome = outcome_label(kind);
        metrics::wecom_called(label, &outcome, self.stopwatch.elapsed());
        let status = match kind {
            None | Some(CallErrorKind::Refused(_)) => Some(200),
            Some(CallErrorKind::HttpStatus(status)) => Some(status),
            Some(_) => None,
        };
        self.span.record("http.response.status_code", status);
        self.span.record("wecom.errcode", errcode);
        if kind.is_some() {
            self.span.record("error.type", &*outcome);
        }
        let _entered = self.span.enter();
        let failure = error.map(|error| tracing::field::display(error.kind));
        tracing::debug!(target: "wecom_login::wecom", path, errcode, failure, took_ms = took.as_millis(), "WeCom call");
    }
}

/// The label of an outcome: an errcode that is known, or a word.
fn outcome_label(kind: Option<CallErrorKind>) -> Cow<'static, str> {
    let word = match kind {
        None => "0",
        Some(CallErrorKind::Refused(errcode)) if errcode.is_known() => {
            return errcode.number().to_string().into();
        }
        Some(CallErrorKind::Refused(_)) => metrics::OTHER,
        Some(CallErrorKind::HttpStatus(_)) => "http_status",
        Some(CallErrorKind::Timeout) => "timeout",
        Some(CallErrorKind::Unreachable) => "unreachable",
        Some(CallErrorKind::ConnectionLost) => "connection_lost",
        Some(CallErrorKind::TooLarge) => "too_large",
        Some(CallErrorKind::Malformed) => "malformed",
    };
    word.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wecom::Errcode;

    #[test]
    fn labels_are_bounded() {
        assert_eq!(label_of("message/send"), "message/send");
        assert_eq!(label_of("anything/else"), "other");
        let refused = |number| outcome_label(Some(CallErrorKind::Refused(Errcode::new(number))));
        assert_eq!(refused(40029), "40029");
        assert_eq!(refused(987_654), "other");
        assert_eq!(outcome_label(None), "0");
    }
}
