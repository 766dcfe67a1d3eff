//! The response to an API call: JSON or a file, with WeCom's headers `Error-Code` and `Error-Msg` (D/97162).

use axum::body::{Body, Bytes};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::error::ApiError;
use super::media::Download;
use super::request::Request;
use crate::store::Fault;

const ERROR_CODE: HeaderName = HeaderName::from_static("error-code");
const ERROR_MSG: HeaderName = HeaderName::from_static("error-msg");
const JSON: &str = "application/json; charset=UTF-8";

/// The response to an API call.
pub(super) struct Answer {
    status: StatusCode,
    /// 0 on success.
    pub(super) errcode: i64,
    /// The header `Error-Msg`; none on an answer that is not WeCom's own.
    errmsg: Option<String>,
    content_type: &'static str,
    /// Of a file.
    disposition: Option<String>,
    body: Bytes,
}

impl Answer {
    /// A success. Some calls omit errcode and errmsg in the body.
    pub(super) fn of_success(fields: Value, omits_errcode: bool) -> Self {
        let body = if omits_errcode {
            fields
        } else {
            with_errcode(fields)
        };
        Self {
            status: StatusCode::OK,
            errcode: 0,
            errmsg: Some("ok".to_owned()),
            content_type: JSON,
            disposition: None,
            body: body.to_string().into(),
        }
    }

    /// A file.
    pub(super) fn of_file(file: &Download) -> Self {
        let name: String = form_urlencoded::byte_serialize(file.file_name.as_bytes()).collect();
        let name = name.replace('+', "%20");
        Self {
            status: StatusCode::OK,
            errcode: 0,
            errmsg: Some("ok".to_owned()),
            content_type: file.content_type,
            disposition: Some(format!(
                "attachment; filename=\"{name}\"; filename*=UTF-8''{name}"
            )),
            body: Bytes::copy_from_slice(&file.content),
        }
    }

    /// A refusal.
    pub(super) fn of_error(error: &ApiError, request: &Request) -> Self {
        let errmsg = error.errmsg(request);
        Self {
            status: StatusCode::OK,
            errcode: error.errcode(),
            content_type: JSON,
            disposition: None,
            body: json!({"errcode": error.errcode(), "errmsg": errmsg})
                .to_string()
                .into(),
            errmsg: Some(errmsg),
        }
    }

    /// The wrong response of a fault.
    pub(super) fn of_fault(fault: &Fault, request: &Request) -> Self {
        let status = fault
            .http_status
            .and_then(|status| StatusCode::from_u16(status).ok())
            .unwrap_or(StatusCode::OK);
        match (&fault.body, fault.errcode) {
            (Some(body), _) => Self::foreign(status, "text/plain; charset=utf-8", body),
            (None, Some(errcode)) => {
                Self::of_error(&ApiError::new(errcode), request).with_status(status)
            }
            (None, None) => Self::foreign(status, "text/html", "<html><body>nginx</body></html>"),
        }
    }

    pub(super) fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    fn foreign(status: StatusCode, content_type: &'static str, body: &str) -> Self {
        Self {
            status,
            errcode: 0,
            errmsg: None,
            content_type,
            disposition: None,
            body: body.to_owned().into(),
        }
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static(self.content_type),
        );
        if let Some(disposition) = self.disposition.and_then(|text| text.try_into().ok()) {
            headers.insert(header::CONTENT_DISPOSITION, disposition);
        }
        if let Some(errmsg) = self.errmsg {
            headers.insert(ERROR_CODE, HeaderValue::from(self.errcode));
            if let Ok(errmsg) = HeaderValue::from_str(&errmsg) {
                headers.insert(ERROR_MSG, errmsg);
            }
        }
        response
    }
}

/// Puts errcode and errmsg before the fields of a response, as WeCom does.
fn with_errcode(fields: Value) -> Value {
    let mut body = json!({"errcode": 0, "errmsg": "ok"});
    if let (Value::Object(body), Value::Object(fields)) = (&mut body, fields) {
        body.extend(fields);
    }
    body
}
