//! The events, field by field as WeCom writes them, in XML or JSON.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use crate::world::Format;

/// One event, before it is sealed.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    /// InfoType or Event.
    pub(crate) name: &'static str,
    pub(crate) suite_id: String,
    /// The key of the company that it is about.
    pub(crate) corp: Option<String>,
    /// Goes to the app's callback, and not to the suite's.
    pub(crate) to_app: bool,
    fields: Vec<(&'static str, Field)>,
}

#[derive(Clone, Debug)]
enum Field {
    /// In CDATA.
    Data(String),
    /// In CDATA after a space, as in WeCom's sample of suite_ticket (D/97173).
    Spaced(String),
    /// As it stands.
    Bare(String),
}

use Field::{Bare, Data, Spaced};

impl Event {
    fn suite(
        name: &'static str,
        suite_id: &str,
        corp: Option<&str>,
        fields: Vec<(&'static str, Field)>,
    ) -> Self {
        Self { name, suite_id: suite_id.to_owned(), corp: corp.map(str::to_owned), to_app: false, fields }
    }

    /// D/97173.
    pub(crate) fn suite_ticket(suite_id: &str, ticket: &str, now: i64) -> Self {
        let fields = vec![
            ("SuiteId", data(suite_id)),
            ("InfoType", Spaced("suite_ticket".to_owned())),
            ("TimeStamp", seconds(now)),
            ("SuiteTicket", data(ticket)),
        ];
        Self::suite("suite_ticket", suite_id, None, fields)
    }

    /// D/100965. It does not say which company.
    pub(crate) fn create_auth(suite_id: &str, corp: &str, code: &str, state: Option<&str>, now: i64) -> Self {
        let mut fields = vec![
            ("SuiteId", data(suite_id)),
            ("AuthCode", data(code)),
            ("InfoType", data("create_auth")),
            ("TimeStamp", seconds(now)),
        ];
        fields.extend(state.map(|state| ("State", data(state))));
        fields.push(("ExtraInfo", Bare(String::new())));
        Self::suite("create_auth", suite_id, Some(corp), fields)
    }

    /// D/97175. It does not say which company.
    pub(crate) fn reset_permanent_code(suite_id: &str, corp: &str, code: &str, now: i64) -> Self {
        let fields = vec![
            ("SuiteId", data(suite_id)),
            ("AuthCode", data(code)),
            ("InfoType", data("reset_permanent_code")),
            ("TimeStamp", seconds(now)),
        ];
        Self::suite("reset_permanent_code", suite_id, Some(corp), fields)
    }

    /// D/100965.
    pub(crate) fn change_auth(
        suite_id: &str,
        corp: &str,
        corp_id: &str,
        state: Option<&str>,
        now: i64,
    ) -> Self {
        let mut fields = vec![
            ("SuiteId", data(suite_id)),
            ("InfoType", data("change_auth")),
            ("TimeStamp", seconds(now)),
            ("AuthCorpId", data(corp_id)),
        ];
        fields.extend(state.map(|state| ("State", data(state))));
        fields.push(("ExtraInfo", Bare(String::new())));
        Self::suite("change_auth", suite_id, Some(corp), fields)
    }

    /// D/100965.
    pub(crate) fn cancel_auth(suite_id: &str, corp: &str, corp_id: &str, now: i64) -> Self {
        let fields = vec![
            ("SuiteId", data(suite_id)),
            ("InfoType", data("cancel_auth")),
            ("TimeStamp", seconds(now)),
            ("AuthCorpId", data(corp_id)),
        ];
        Self::suite("cancel_auth", suite_id, Some(corp), fields)
    }

    fn app(
        name: &'static str,
        suite_id: &str,
        corp: &str,
        (corp_id, from): (&str, &str),
        now: i64,
        more: Vec<(&'static str, Field)>,
    ) -> Self {
        let mut fields = vec![
            ("ToUserName", data(corp_id)),
            ("FromUserName", data(from)),
            ("CreateTime", seconds(now)),
            ("MsgType", data("event")),
            ("Event", data(name)),
        ];
        fields.extend(more);
        Self { name, suite_id: suite_id.to_owned(), corp: Some(corp.to_owned()), to_app: true, fields }
    }

    /// D/96302; `new_id` is what `update_user` changes the userid to.
    pub(crate) fn change_contact(
        suite_id: &str,
        corp: &str,
        corp_id: &str,
        change: &str,
        user_id: &str,
        new_id: Option<&str>,
        now: i64,
    ) -> Self {
        let mut more = vec![("ChangeType", Bare(change.to_owned())), ("UserID", data(user_id))];
        more.extend(new_id.map(|new_id| ("NewUserID", data(new_id))));
        if change != "delete_user" {
            more.push(("Department", data("1")));
        }
        Self::app("change_contact", suite_id, corp, (corp_id, "sys"), now, more)
    }

    /// `subscribe`, `unsubscribe`, `enter_agent`: from a person, about an app (D/96468).
    pub(crate) fn of_person(
        name: &'static str,
        suite_id: &str,
        corp: &str,
        (corp_id, user_id): (&str, &str),
        agent_id: i64,
        now: i64,
    ) -> Self {
        let mut more = Vec::new();
        if name == "enter_agent" {
            more.push(("EventKey", data("")));
        }
        more.push(("AgentID", Bare(agent_id.to_string())));
        Self::app(name, suite_id, corp, (corp_id, user_id), now, more)
    }

    /// D/97195.
    pub(crate) fn unlicensed_notify(
        suite_id: &str,
        corp: &str,
        corp_id: &str,
        user_id: &str,
        agent_id: i64,
        now: i64,
    ) -> Self {
        let more = vec![("UserID", data(user_id)), ("AgentID", Bare(agent_id.to_string()))];
        Self::app("unlicensed_notify", suite_id, corp, (corp_id, "sys"), now, more)
    }

    /// The text that is encrypted.
    pub(crate) fn text(&self, format: Format) -> String {
        match format {
            Format::Xml => self.xml(),
            Format::Json => self.json(),
        }
    }

    fn xml(&self) -> String {
        let mut xml = String::from("<xml>");
        for (name, field) in &self.fields {
            let _ = match field {
                Data(text) => write!(xml, "<{name}>{}</{name}>", cdata(text)),
                Spaced(text) => write!(xml, "<{name}> {}</{name}>", cdata(text)),
                Bare(text) => write!(xml, "<{name}>{text}</{name}>"),
            };
        }
        xml + "</xml>"
    }

    fn json(&self) -> String {
        let fields: Map<String, Value> = self
            .fields
            .iter()
            .map(|(name, field)| match field {
                Data(text) | Spaced(text) => ((*name).to_owned(), Value::from(text.as_str())),
                Bare(text) => {
                    let value = text.parse::<i64>().map_or_else(|_| Value::from(text.as_str()), Value::from);
                    ((*name).to_owned(), value)
                }
            })
            .collect();
        Value::Object(fields).to_string()
    }
}

fn data(text: &str) -> Field {
    Data(text.to_owned())
}

fn seconds(now: i64) -> Field {
    Bare((now / 1000).to_string())
}

/// A CDATA section; the end mark inside the text is cut in two.
pub(crate) fn cdata(text: &str) -> String {
    format!("<![CDATA[{}]]>", text.replace("]]>", "]]]]><![CDATA[>"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_written_as_in_the_samples() {
        assert_eq!(
            Event::suite_ticket("dk1", "T", 1_403_610_513_999).text(Format::Xml),
            "<xml><SuiteId><![CDATA[dk1]]></SuiteId><InfoType> <![CDATA[suite_ticket]]></InfoType>\
             <TimeStamp>1403610513</TimeStamp><SuiteTicket><![CDATA[T]]></SuiteTicket></xml>"
        );
        assert_eq!(
            Event::create_auth("dk1", "c", "CODE", Some("123"), 1_000).text(Format::Xml),
            "<xml><SuiteId><![CDATA[dk1]]></SuiteId><AuthCode><![CDATA[CODE]]></AuthCode>\
             <InfoType><![CDATA[create_auth]]></InfoType><TimeStamp>1</TimeStamp>\
             <State><![CDATA[123]]></State><ExtraInfo></ExtraInfo></xml>"
        );
        assert_eq!(
            Event::of_person("unsubscribe", "dk1", "c", ("wpA", "woB"), 7, 1_000).text(Format::Xml),
            "<xml><ToUserName><![CDATA[wpA]]></ToUserName><FromUserName><![CDATA[woB]]></FromUserName>\
             <CreateTime>1</CreateTime><MsgType><![CDATA[event]]></MsgType><Event><![CDATA[unsubscribe]]></Event>\
             <AgentID>7</AgentID></xml>"
        );
        assert_eq!(
            Event::cancel_auth("dk1", "c", "wpA", 1_000).text(Format::Json),
            r#"{"AuthCorpId":"wpA","InfoType":"cancel_auth","SuiteId":"dk1","TimeStamp":1}"#
        );
        assert_eq!(cdata("a]]>b"), "<![CDATA[a]]]]><![CDATA[>b]]>");
    }
}
