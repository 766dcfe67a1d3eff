//! The events of callbacks, field by field as WeCom writes them, in XML or JSON.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use self::Field::{Cdata, Raw, SpacedCdata};
use super::{AppContext, ContactChange, ContactContext};
use crate::store::CallbackFormat;

/// One event, before it is encrypted.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    /// InfoType or Event.
    pub(crate) name: &'static str,
    pub(crate) suite_id: String,
    /// The key of the corp that the event is about.
    pub(crate) corp_key: Option<String>,
    /// Whether it is an app event; suite events have another receiveid and envelope.
    pub(crate) is_app_event: bool,
    fields: Vec<(&'static str, Field)>,
}

#[derive(Clone, Debug)]
enum Field {
    Cdata(String),
    /// CDATA after a space, as in WeCom's sample of suite_ticket (D/97173).
    SpacedCdata(String),
    /// Without CDATA.
    Raw(String),
}

impl Event {
    /// D/97173.
    pub(crate) fn suite_ticket(suite_id: &str, ticket: &str, now: i64) -> Self {
        let fields = vec![
            ("SuiteId", cdata(suite_id)),
            ("InfoType", SpacedCdata("suite_ticket".to_owned())),
            ("TimeStamp", seconds(now)),
            ("SuiteTicket", cdata(ticket)),
        ];
        Self {
            name: "suite_ticket",
            suite_id: suite_id.to_owned(),
            corp_key: None,
            is_app_event: false,
            fields,
        }
    }

    /// D/100965. The event does not name the corp.
    pub(crate) fn create_auth(app: &AppContext<'_>, code: &str) -> Self {
        let mut event = Self::with_auth_code("create_auth", app, code);
        event.push_state(app);
        event
    }

    /// D/97175. The event does not name the corp.
    pub(crate) fn reset_permanent_code(app: &AppContext<'_>, code: &str) -> Self {
        Self::with_auth_code("reset_permanent_code", app, code)
    }

    /// D/100965.
    pub(crate) fn change_auth(app: &AppContext<'_>) -> Self {
        let mut event = Self::with_corp_id("change_auth", app);
        event.push_state(app);
        event
    }

    /// D/100965.
    pub(crate) fn cancel_auth(app: &AppContext<'_>) -> Self {
        Self::with_corp_id("cancel_auth", app)
    }

    /// D/96302. The name needs the administrator's grant.
    pub(crate) fn change_contact(
        app: &AppContext<'_>,
        change: ContactChange,
        contact: &ContactContext<'_>,
    ) -> Self {
        let mut fields = vec![
            ("ChangeType", Raw(change.change_type().to_owned())),
            ("UserID", cdata(contact.user_id)),
        ];
        let new_id = contact.new_user_id.map(cdata);
        fields.extend(new_id.map(|new_id| ("NewUserID", new_id)));
        if change != ContactChange::Delete {
            if app.may_read_names {
                fields.push(("Name", cdata(&contact.member.name)));
            }
            fields.push(("Department", cdata("1")));
            fields.push(("MainDepartment", Raw("1".to_owned())));
            fields.push(("IsLeaderInDept", cdata("0")));
            fields.push(("Status", Raw(contact.member.status.to_string())));
        }
        Self::app_event("change_contact", app, "sys", fields)
    }

    /// `subscribe`, `unsubscribe`, `enter_agent`: sent by a member to an app (D/96468).
    pub(crate) fn member_event(name: &'static str, app: &AppContext<'_>, user_id: &str) -> Self {
        let mut fields = Vec::new();
        if name == "enter_agent" {
            fields.push(("EventKey", cdata("")));
        }
        fields.push(("AgentID", Raw(app.agent_id.to_string())));
        Self::app_event(name, app, user_id, fields)
    }

    /// D/97195. The member is in FromUserName.
    pub(crate) fn unlicensed_notify(app: &AppContext<'_>, user_id: &str) -> Self {
        let fields = vec![("AgentID", Raw(app.agent_id.to_string()))];
        Self::app_event("unlicensed_notify", app, user_id, fields)
    }

    /// Whether the app has to answer within a second (D/100965, D/97175).
    pub(crate) fn is_authorization_event(&self) -> bool {
        matches!(
            self.name,
            "create_auth" | "change_auth" | "cancel_auth" | "reset_permanent_code"
        )
    }

    /// The plaintext of the callback.
    pub(crate) fn to_text(&self, format: CallbackFormat) -> String {
        match format {
            CallbackFormat::Xml => self.to_xml(),
            CallbackFormat::Json => self.to_json(),
        }
    }

    fn with_auth_code(name: &'static str, app: &AppContext<'_>, code: &str) -> Self {
        let fields = vec![
            ("SuiteId", cdata(app.suite_id)),
            ("AuthCode", cdata(code)),
            ("InfoType", cdata(name)),
            ("TimeStamp", seconds(app.now)),
        ];
        Self::about(name, app, false, fields)
    }

    fn with_corp_id(name: &'static str, app: &AppContext<'_>) -> Self {
        let fields = vec![
            ("SuiteId", cdata(app.suite_id)),
            ("InfoType", cdata(name)),
            ("TimeStamp", seconds(app.now)),
            ("AuthCorpId", cdata(app.corp_id)),
        ];
        Self::about(name, app, false, fields)
    }

    fn push_state(&mut self, app: &AppContext<'_>) {
        self.fields
            .extend(app.state.map(|state| ("State", cdata(state))));
        self.fields.push(("ExtraInfo", Raw(String::new())));
    }

    fn app_event(
        name: &'static str,
        app: &AppContext<'_>,
        from: &str,
        more: Vec<(&'static str, Field)>,
    ) -> Self {
        let mut fields = vec![
            ("ToUserName", cdata(app.corp_id)),
            ("FromUserName", cdata(from)),
            ("CreateTime", seconds(app.now)),
            ("MsgType", cdata("event")),
            ("Event", cdata(name)),
        ];
        fields.extend(more);
        Self::about(name, app, true, fields)
    }

    fn about(
        name: &'static str,
        app: &AppContext<'_>,
        is_app_event: bool,
        fields: Vec<(&'static str, Field)>,
    ) -> Self {
        let (suite_id, corp_key) = (app.suite_id.to_owned(), Some(app.corp_key.to_owned()));
        Self {
            name,
            suite_id,
            corp_key,
            is_app_event,
            fields,
        }
    }

    fn to_xml(&self) -> String {
        let mut xml = String::from("<xml>");
        for (name, field) in &self.fields {
            let _ = match field {
                Cdata(text) => write!(xml, "<{name}>{}</{name}>", cdata_section(text)),
                SpacedCdata(text) => write!(xml, "<{name}> {}</{name}>", cdata_section(text)),
                Raw(text) => write!(xml, "<{name}>{text}</{name}>"),
            };
        }
        xml + "</xml>"
    }

    fn to_json(&self) -> String {
        let fields: Map<String, Value> = self
            .fields
            .iter()
            .map(|(name, field)| match field {
                Cdata(text) | SpacedCdata(text) => ((*name).to_owned(), Value::from(text.as_str())),
                Raw(text) => {
                    let value = text
                        .parse::<i64>()
                        .map_or_else(|_| Value::from(text.as_str()), Value::from);
                    ((*name).to_owned(), value)
                }
            })
            .collect();
        Value::Object(fields).to_string()
    }
}

/// A CDATA section; an end mark inside the text is split in two.
pub(super) fn cdata_section(text: &str) -> String {
    format!("<![CDATA[{}]]>", text.replace("]]>", "]]]]><![CDATA[>"))
}

fn cdata(text: &str) -> Field {
    Cdata(text.to_owned())
}

fn seconds(millis: i64) -> Field {
    Raw((millis / 1000).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const APP: AppContext<'_> = AppContext {
        suite_id: "dk1",
        corp_key: "c",
        corp_id: "wpA",
        agent_id: 7,
        state: Some("123"),
        may_read_names: true,
        now: 1_000,
    };

    #[test]
    fn events_match_wecom_samples() {
        assert_eq!(
            Event::suite_ticket("dk1", "T", 1_403_610_513_999).to_text(CallbackFormat::Xml),
            "<xml><SuiteId><![CDATA[dk1]]></SuiteId><InfoType> <![CDATA[suite_ticket]]></InfoType>\
             <TimeStamp>1403610513</TimeStamp><SuiteTicket><![CDATA[T]]></SuiteTicket></xml>"
        );
        assert_eq!(
            Event::create_auth(&APP, "CODE").to_text(CallbackFormat::Xml),
            "<xml><SuiteId><![CDATA[dk1]]></SuiteId><AuthCode><![CDATA[CODE]]></AuthCode>\
             <InfoType><![CDATA[create_auth]]></InfoType><TimeStamp>1</TimeStamp>\
             <State><![CDATA[123]]></State><ExtraInfo></ExtraInfo></xml>"
        );
        assert_eq!(
            Event::member_event("unsubscribe", &APP, "woB").to_text(CallbackFormat::Xml),
            "<xml><ToUserName><![CDATA[wpA]]></ToUserName><FromUserName><![CDATA[woB]]></FromUserName>\
             <CreateTime>1</CreateTime><MsgType><![CDATA[event]]></MsgType><Event><![CDATA[unsubscribe]]></Event>\
             <AgentID>7</AgentID></xml>"
        );
        assert_eq!(
            Event::cancel_auth(&APP).to_text(CallbackFormat::Json),
            r#"{"AuthCorpId":"wpA","InfoType":"cancel_auth","SuiteId":"dk1","TimeStamp":1}"#
        );
        assert_eq!(cdata_section("a]]>b"), "<![CDATA[a]]]]><![CDATA[>b]]>");
    }
}
