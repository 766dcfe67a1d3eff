use super::*;

fn parse(fields: &str) -> Result<SuiteEvent, EventError> {
    let message = format!("<xml>{fields}<TimeStamp>1403610513</TimeStamp></xml>");
    SuiteEvent::parse(message.as_bytes(), &SuiteId::new("dk1").unwrap())
}

fn reason(fields: &str) -> EventErrorReason {
    parse(fields).unwrap_err().reason
}

#[test]
fn parse_reads_every_handled_info_type() {
    // As published, with the blank before the CDATA.
    let ticket = "<SuiteId><![CDATA[dk1]]></SuiteId><InfoType> <![CDATA[suite_ticket]]></InfoType>\
        <SuiteTicket><![CDATA[asdf]]></SuiteTicket>";
    let event = parse(ticket).unwrap();
    assert_eq!(event.suite_id, Some(SuiteId::new("dk1").unwrap()));
    assert_eq!(event.info_type, "suite_ticket");
    assert_eq!(event.timestamp, Some(1_403_610_513));
    assert_eq!(
        event.kind,
        SuiteEventKind::SuiteTicket {
            ticket: SuiteTicket::new("asdf")
        }
    );

    let auth_code = AuthCode::new("AUTHCODE");
    let corp_id = CorpId::new("wxf8b4f85f3a794e77").unwrap();
    let code = "<AuthCode><![CDATA[AUTHCODE]]></AuthCode><State><![CDATA[123]]></State><ExtraInfo></ExtraInfo>";
    let corp = "<AuthCorpId>wxf8b4f85f3a794e77</AuthCorpId><State></State>";
    let state = Some("123".to_owned());
    for (fields, info_type, kind) in [
        (
            code,
            "create_auth",
            SuiteEventKind::CreateAuth {
                auth_code: auth_code.clone(),
                state: state.clone(),
            },
        ),
        (
            code,
            "reset_permanent_code",
            SuiteEventKind::ResetPermanentCode { auth_code, state },
        ),
        (
            corp,
            "change_auth",
            SuiteEventKind::ChangeAuth {
                corp_id: corp_id.clone(),
                state: None,
            },
        ),
        (corp, "cancel_auth", SuiteEventKind::CancelAuth { corp_id }),
        ("", "approve_special_auth", SuiteEventKind::Other),
    ] {
        let event = parse(&format!("{fields}<InfoType>{info_type}</InfoType>")).unwrap();
        assert_eq!(
            (event.info_type.as_str(), event.kind, event.suite_id),
            (info_type, kind, None)
        );
    }
}

#[test]
fn parse_reports_another_suite_as_foreign_first() {
    let cancel = "<InfoType>cancel_auth</InfoType><AuthCorpId>ww1</AuthCorpId>";
    for suite_id in [
        "<SuiteId>dk2</SuiteId>",
        "<SuiteId/>",
        "<SuiteId><a/>dk1</SuiteId>",
        "<SuiteId>DK1</SuiteId>",
    ] {
        let error = parse(&format!("{suite_id}{cancel}")).unwrap_err();
        assert!(error.is_foreign(), "{suite_id}");
        assert_eq!(error.event.as_deref(), Some("cancel_auth"));
    }
    assert!(
        parse("<SuiteId>dk2</SuiteId><InfoType>a")
            .unwrap_err()
            .is_foreign()
    );
    assert!(!parse(cancel).is_err_and(|error| error.is_foreign()));
}

#[test]
fn parse_names_missing_and_repeated_fields() {
    use EventErrorReason::{IllFormed, Missing, OtherKind, Repeated, Unreadable};
    let long = format!("<InfoType>{}</InfoType>", "企".repeat(65));
    for (fields, expected) in [
        ("", Missing("InfoType")),
        ("<InfoType/>", Missing("InfoType")),
        (&long, IllFormed("InfoType")),
        ("<InfoType>suite_ticket</InfoType>", Missing("SuiteTicket")),
        (
            "<InfoType>create_auth</InfoType><AuthCode> </AuthCode>",
            Missing("AuthCode"),
        ),
        (
            "<InfoType>reset_permanent_code</InfoType><AuthCode><a/></AuthCode>",
            IllFormed("AuthCode"),
        ),
        ("<InfoType>cancel_auth</InfoType>", Missing("AuthCorpId")),
        (
            "<InfoType>cancel_auth</InfoType><AuthCorpId>a b</AuthCorpId>",
            IllFormed("AuthCorpId"),
        ),
        (
            "<InfoType>a</InfoType><InfoType>a</InfoType>",
            Repeated("InfoType"),
        ),
        (
            "<InfoType>a</InfoType><TimeStamp>1</TimeStamp>",
            Repeated("TimeStamp"),
        ),
        ("<InfoType>a</InfoType><MsgType>event</MsgType>", OtherKind),
        (
            "<ToUserName>dk1</ToUserName><MsgType>event</MsgType><Event>unsubscribe</Event>",
            OtherKind,
        ),
        ("<InfoType>a</InfoType>&amp;", Unreadable),
    ] {
        assert_eq!(reason(fields), expected, "{fields}");
    }
    let repeated = parse(
        "<InfoType>cancel_auth</InfoType><AuthCorpId>a</AuthCorpId><AuthCorpId>b</AuthCorpId>",
    );
    assert_eq!(
        repeated.unwrap_err(),
        EventError::new(Repeated("AuthCorpId"), Some("cancel_auth".to_owned()))
    );
}

#[test]
fn parse_ignores_lookalikes_of_fields() {
    use EventErrorReason::Missing;
    for fields in [
        "<ExtraInfo><InfoType>cancel_auth</InfoType><AuthCorpId>ww1</AuthCorpId></ExtraInfo>",
        "<Name><![CDATA[<InfoType>cancel_auth</InfoType>]]></Name>",
        "<x InfoType='cancel_auth'/>",
        "<!-- <InfoType>cancel_auth</InfoType> -->",
        "<a:InfoType>cancel_auth</a:InfoType>",
        "<infotype>cancel_auth</infotype>",
    ] {
        assert_eq!(reason(fields), Missing("InfoType"), "{fields}");
    }
}

#[test]
fn parse_reads_json() {
    let suite_id = SuiteId::new("dk1").unwrap();
    let parse = |text: &str| SuiteEvent::parse(text.as_bytes(), &suite_id);
    let event =
        parse(r#"{"SuiteId":"dk1","InfoType":"cancel_auth","AuthCorpId":"ww1","TimeStamp":12}"#)
            .unwrap();
    assert_eq!(
        event.kind,
        SuiteEventKind::CancelAuth {
            corp_id: CorpId::new("ww1").unwrap()
        }
    );
    assert_eq!(event.timestamp, Some(12));
    assert!(parse(r#"{"SuiteId":"dk2"}"#).unwrap_err().is_foreign());
    let repeated = parse(r#"{"InfoType":"a","InfoType":"b"}"#).unwrap_err();
    assert_eq!(repeated.reason, EventErrorReason::Repeated("InfoType"));
    let nested = parse(r#"{"a":{"InfoType":"cancel_auth"}}"#).unwrap_err();
    assert_eq!(nested.reason, EventErrorReason::Missing("InfoType"));
}

#[test]
fn parse_reads_invalid_timestamp_as_none() {
    for time in ["", "soon", "1.5", "99999999999999999999"] {
        let message = format!("<xml><InfoType>a</InfoType><TimeStamp>{time}</TimeStamp></xml>");
        let event = SuiteEvent::parse(message.as_bytes(), &SuiteId::new("dk1").unwrap()).unwrap();
        assert_eq!(event.timestamp, None, "{time}");
    }
}

#[test]
fn debug_omits_auth_code() {
    let event = parse("<InfoType>create_auth</InfoType><AuthCode>hush</AuthCode>").unwrap();
    assert!(!format!("{event:?}").contains("hush"));
}
