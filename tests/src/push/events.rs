//! The plaintext of events, as WeCom writes it.

/// A suite event: `fields` after SuiteId, InfoType and TimeStamp.
#[must_use]
pub fn suite_event(suite_id: &str, info_type: &str, time: i64, fields: &[(&str, &str)]) -> String {
    let time = time.to_string();
    let mut all = vec![
        ("SuiteId", suite_id),
        ("InfoType", info_type),
        ("TimeStamp", time.as_str()),
    ];
    all.extend(fields);
    xml(&all)
}

/// An app event of a corp: `fields` after ToUserName, CreateTime, MsgType and Event.
#[must_use]
pub fn app_event(corp_id: &str, event: &str, time: i64, fields: &[(&str, &str)]) -> String {
    let time = time.to_string();
    let mut all = vec![
        ("ToUserName", corp_id),
        ("CreateTime", time.as_str()),
        ("MsgType", "event"),
        ("Event", event),
    ];
    all.extend(fields);
    xml(&all)
}

/// An XML document with these fields, as WeCom writes it.
#[must_use]
pub fn xml(fields: &[(&str, &str)]) -> String {
    let fields: String = fields
        .iter()
        .map(|(name, text)| format!("<{name}><![CDATA[{text}]]></{name}>"))
        .collect();
    format!("<xml>{fields}</xml>")
}
