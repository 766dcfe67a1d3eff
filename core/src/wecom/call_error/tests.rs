use super::*;

fn failed(kind: CallErrorKind) -> CallError {
    CallError::new("auth/getuserinfo", kind)
}

#[test]
fn call_error_maps_to_documented_error_kind() {
    let refused = |number| failed(CallErrorKind::Refused(Errcode::new(number)));
    for (error, kind) in [
        (refused(40029), ErrorKind::CodeInvalid),
        (refused(42003), ErrorKind::CodeInvalid),
        (refused(42022), ErrorKind::CodeInvalid),
        (refused(50003), ErrorKind::LoginDisabled),
        (refused(60111), ErrorKind::UserNotVisible),
        (refused(50002), ErrorKind::UserNotVisible),
        (refused(701_008), ErrorKind::LicenceMissing),
        (refused(701_099), ErrorKind::LicenceMissing),
        (refused(40085), ErrorKind::SuiteTicketMissing),
        (refused(41023), ErrorKind::SuiteTicketMissing),
        (refused(40001), ErrorKind::Upstream),
        (refused(45009), ErrorKind::Upstream),
        (failed(CallErrorKind::HttpStatus(502)), ErrorKind::Upstream),
        (failed(CallErrorKind::Malformed), ErrorKind::Upstream),
        (failed(CallErrorKind::Timeout), ErrorKind::UpstreamTimeout),
        (
            failed(CallErrorKind::Unreachable),
            ErrorKind::UpstreamTimeout,
        ),
        (
            failed(CallErrorKind::ConnectionLost),
            ErrorKind::UpstreamTimeout,
        ),
    ] {
        let wire = Error::from(error.clone());
        assert_eq!(wire.kind(), kind, "{error}");
        assert_eq!(
            wire.errcode(),
            error.errcode().map(Errcode::number),
            "{error}"
        );
    }
}

#[test]
fn is_definite_refusal_and_is_ambiguous_by_kind() {
    let refused = |number| failed(CallErrorKind::Refused(Errcode::new(number)));
    for sure in [
        refused(40078),
        refused(48002),
        refused(45009),
        refused(45033),
    ] {
        assert!(sure.is_definite_refusal() && !sure.is_ambiguous(), "{sure}");
    }
    for doubtful in [
        refused(-1),
        refused(6000),
        failed(CallErrorKind::Timeout),
        failed(CallErrorKind::ConnectionLost),
        failed(CallErrorKind::Malformed),
        failed(CallErrorKind::TooLarge),
        failed(CallErrorKind::HttpStatus(502)),
        failed(CallErrorKind::HttpStatus(408)),
    ] {
        assert!(
            !doubtful.is_definite_refusal() && doubtful.is_ambiguous(),
            "{doubtful}"
        );
    }
    for unsent in [
        failed(CallErrorKind::Unreachable),
        failed(CallErrorKind::HttpStatus(302)),
        failed(CallErrorKind::HttpStatus(404)),
    ] {
        assert!(
            !unsent.is_definite_refusal() && !unsent.is_ambiguous(),
            "{unsent}"
        );
    }
}

#[test]
fn call_error_display_has_path_and_kind() {
    assert_eq!(
        failed(CallErrorKind::Refused(Errcode::INVALID_CODE)).to_string(),
        "auth/getuserinfo: errcode 40029"
    );
    assert_eq!(
        failed(CallErrorKind::HttpStatus(302)).to_string(),
        "auth/getuserinfo: HTTP status 302"
    );
}
