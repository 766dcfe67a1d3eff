//! What the operator's API takes and answers.

use super::operation::{Answer, Body, Operation, QueryParam, Schema};
use crate::error::ErrorKind;
use crate::web::route::AdminRoute;

const SUITE_ID: QueryParam = QueryParam::new(
    "suiteId",
    Schema::Named("SuiteId"),
    "The suite, where several have the corp.",
);
const CORP_ID: QueryParam = QueryParam::new("corpId", Schema::Named("CorpId"), "Only this corp.");
const LIMIT: QueryParam = QueryParam::new("limit", Schema::Named("Limit"), "50 unless given.");
const AFTER: QueryParam =
    QueryParam::new("after", Schema::Named("Cursor"), "Where the page begins.");
const SINCE: QueryParam =
    QueryParam::new("since", Schema::Named("Time"), "Only what is not older.");
const TEXT: QueryParam = QueryParam::new("q", Schema::Text, "The text that is searched for.");

pub(super) const SUITE: &[QueryParam] = &[SUITE_ID];
const MACHINES: &[QueryParam] = &[SUITE_ID, LIMIT, AFTER];
const PERSON: &[QueryParam] = &[SUITE_ID, CORP_ID];
const PEOPLE: &[QueryParam] = &[SUITE_ID, CORP_ID, TEXT, LIMIT, AFTER];
const CORPS: &[QueryParam] = &[
    SUITE_ID,
    QueryParam::new(
        "status",
        Schema::Named("AuthorizationStatus"),
        "Only those in this state.",
    ),
    TEXT,
    LIMIT,
    AFTER,
];
const RECORDS: &[QueryParam] = &[
    QueryParam::new(
        "status",
        Schema::Named("RecordStatus"),
        "Only those in this state.",
    ),
    QueryParam::new(
        "event",
        Schema::Text,
        "Only those of this InfoType or Event.",
    ),
    SUITE_ID,
    CORP_ID,
    SINCE,
    LIMIT,
    AFTER,
];
const AUDIT: &[QueryParam] = &[
    QueryParam::new("who", Schema::Text, "Only those of this actor."),
    QueryParam::new(
        "action",
        Schema::Named("AuditAction"),
        "Only those of this action.",
    ),
    SUITE_ID,
    CORP_ID,
    SINCE,
    LIMIT,
    AFTER,
];

const IMPORT: &[QueryParam] = &[QueryParam::new(
    "dryRun",
    Schema::Words(&["true", "false"]),
    "`true`: nothing is stored.",
)];

const OF_A_CORP: &[ErrorKind] = &[
    ErrorKind::CorpNotAuthorized,
    ErrorKind::CorpNotFound,
    ErrorKind::OrgCodeConflict,
    ErrorKind::SuiteTicketMissing,
    ErrorKind::Upstream,
    ErrorKind::UpstreamTimeout,
];
const OF_A_PERSON: &[ErrorKind] = &[ErrorKind::CorpNotFound, ErrorKind::UserNotFound];
const OF_A_RECORD: &[ErrorKind] = &[ErrorKind::RecordBusy, ErrorKind::RecordNotFound];
/// A record that is run now fails with what its event fails with.
pub(super) const RETRY: &[ErrorKind] = &[
    ErrorKind::AgentUnknown,
    ErrorKind::CodeInvalid,
    ErrorKind::Config,
    ErrorKind::CorpMismatch,
    ErrorKind::CorpNotAuthorized,
    ErrorKind::RecordBusy,
    ErrorKind::RecordNotFound,
    ErrorKind::SuiteTicketMissing,
    ErrorKind::Upstream,
    ErrorKind::UpstreamTimeout,
];

#[rustfmt::skip]
pub(super) fn operator(route: AdminRoute, method: &str) -> Operation {
    use Answer::NoContent;
    use Body::OptionalJson;
    let corp = |id, summary| Operation::new(id, summary, NoContent).with_query(SUITE).takes(OptionalJson("CorpRequest")).fails(OF_A_CORP);
    match route {
        AdminRoute::Audit => Operation::json("listAudit", "Who did what, the newest first.", "AuditPage").with_query(AUDIT),
        AdminRoute::Corp => Operation::json("showCorp", "Everything about one corp.", "CorpDetails").with_query(SUITE).fails(OF_A_CORP),
        AdminRoute::CorpAlias => corp("addCorpAlias", "Says that two ids are one corp.").takes(Body::Json("CorpAliasRequest")),
        AdminRoute::CorpCode => corp("deleteCorpCode", "Takes a corp's organization code away.").takes(Body::None),
        AdminRoute::CorpDecision => corp("decideCorp", "Decides about a corp.").takes(Body::Json("CorpDecisionRequest")),
        AdminRoute::CorpRead => corp("readCorp", "Reads a corp's authorization from WeCom now."),
        AdminRoute::CorpSessions => corp("endCorpSessions", "Ends every session of a corp's people and machines."),
        AdminRoute::CorpSetCode => corp("setCorpCode", "Gives a corp its organization code.").takes(Body::Json("CorpCodeRequest")),
        AdminRoute::Corps => Operation::json("listCorps", "The corps, by suite and corp.", "CorpPage").with_query(CORPS),
        AdminRoute::Doctor => Operation::json("doctor", "What is wrong, since when, and what helps.", "DoctorReport"),
        AdminRoute::EndAllSessions => Operation::new("endAllSessions", "Ends every session.", NoContent).takes(OptionalJson("Empty")),
        AdminRoute::Export => Operation::json("exportLines", "Authorizations and bindings, as lines of an import; without permanent codes.", "ExportPage").with_query(&[LIMIT, AFTER]),
        AdminRoute::Import => Operation::json("importLines", "Imports authorizations and bindings, one a line.", "ImportResults").with_query(IMPORT).takes(Body::JsonLines),
        AdminRoute::Links => Operation::json("createLink", "A link by which a corp authorizes the app, and its QR code.", "Link").takes(Body::Json("LinkRequest"))
            .fails(&[ErrorKind::Config, ErrorKind::SuiteTicketMissing, ErrorKind::Upstream, ErrorKind::UpstreamTimeout]),
        AdminRoute::Machine => Operation::new("endMachine", "Ends the session of a machine.", NoContent).fails(&[ErrorKind::CorpNotFound, ErrorKind::SessionNotFound]),
        AdminRoute::Machines => Operation::json("listMachines", "The sessions of a corp's machines, the newest first.", "MachinePage").with_query(MACHINES).fails(OF_A_CORP),
        AdminRoute::People => Operation::json("listPeople", "The people, by suite, corp and userid.", "PersonPage").with_query(PEOPLE).fails(OF_A_PERSON),
        AdminRoute::Person if method == "DELETE" => Operation::new("erasePerson", "Erases a person.", NoContent).with_query(PERSON).fails(OF_A_PERSON),
        AdminRoute::Person => Operation::json("showPerson", "A person and the live sessions.", "PersonDetails").with_query(PERSON).fails(OF_A_PERSON),
        AdminRoute::PersonSessions => Operation::new("endPersonSessions", "Ends every session of a person.", NoContent).with_query(PERSON).takes(OptionalJson("Empty")).fails(OF_A_PERSON),
        AdminRoute::Record => Operation::json("showRecord", "The life of a callback record.", "CallbackRecordDetails").fails(OF_A_RECORD),
        AdminRoute::RecordRelease => Operation::new("releaseRecord", "Frees a record that a node holds.", NoContent).takes(OptionalJson("Empty")).fails(OF_A_RECORD),
        AdminRoute::RecordRetry => Operation::new("retryRecord", "Runs a callback record now.", NoContent).takes(OptionalJson("Empty")).fails(RETRY),
        AdminRoute::Records => Operation::json("listRecords", "The callback records, the newest first.", "CallbackRecordPage").with_query(RECORDS),
        AdminRoute::RotateKeys => Operation::json("rotateKeys", "Reseals everything under the primary data key.", "KeyRotation").takes(OptionalJson("Empty")),
    }
}
