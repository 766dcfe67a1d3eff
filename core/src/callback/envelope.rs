//! The envelope of a POST: the fields outside the ciphertext (D/96211, D/97172).

use std::borrow::Cow;

use crate::callback::fields::{FieldText, each_field};

/// Why a body is not a valid envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EnvelopeError {
    /// Not XML or JSON in UTF-8, or with a DTD, an entity or a processing instruction.
    #[error("envelope is not readable")]
    Unreadable,
    /// A field is there twice.
    #[error("envelope has {0} twice")]
    Repeated(&'static str),
    /// No `Encrypt`, or an empty one.
    #[error("envelope has no Encrypt")]
    NoEncrypt,
}

/// The envelope of a POST. Only `encrypt` is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Envelope<'a> {
    /// The base64 text that is signed and decrypted.
    pub encrypt: Cow<'a, str>,
    /// The corp or suite that the event is for. A hint, never a decision.
    pub to_user_name: Option<Cow<'a, str>>,
    /// The agent; empty, so `None`, for suite events.
    pub agent_id: Option<Cow<'a, str>>,
}

impl<'a> Envelope<'a> {
    /// Parses an XML or JSON body. A body that starts with `{` is JSON; its keys are accepted in both casings that
    /// Tencent's samples use.
    ///
    /// # Errors
    /// The body is not readable, repeats a field, or has no `Encrypt`.
    pub fn parse(body: &'a [u8]) -> Result<Self, EnvelopeError> {
        let text = std::str::from_utf8(body).map_err(|_| EnvelopeError::Unreadable)?;
        let mut encrypt = Field::default();
        let mut to_user_name = Field::default();
        let mut agent_id = Field::default();
        each_field(text, |name, text| match name {
            "Encrypt" | "encrypt" => encrypt.set(text),
            "ToUserName" | "tousername" => to_user_name.set(text),
            "AgentID" | "agentid" => agent_id.set(text),
            _ => {}
        })
        .map_err(|_| EnvelopeError::Unreadable)?;
        let encrypt = encrypt.single("Encrypt")?.ok_or(EnvelopeError::NoEncrypt)?;
        Ok(Self {
            encrypt,
            to_user_name: to_user_name.single("ToUserName")?,
            agent_id: agent_id.single("AgentID")?,
        })
    }
}

#[derive(Default)]
struct Field<'a> {
    text: FieldText<'a>,
    times: usize,
}

impl<'a> Field<'a> {
    fn set(&mut self, text: FieldText<'a>) {
        self.text = text;
        self.times += 1;
    }

    /// The text, unless it is empty.
    fn single(self, name: &'static str) -> Result<FieldText<'a>, EnvelopeError> {
        if self.times > 1 {
            return Err(EnvelopeError::Repeated(name));
        }
        Ok(self.text.filter(|text| !text.is_empty()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXPECTED: (&str, Option<&str>, Option<&str>) = ("abc=", Some("ww1"), Some("218"));

    #[track_caller]
    fn assert_reads(
        body: &str,
        (encrypt, to_user_name, agent_id): (&str, Option<&str>, Option<&str>),
    ) {
        let envelope = Envelope::parse(body.as_bytes()).unwrap();
        assert_eq!(envelope.encrypt, encrypt);
        assert_eq!(envelope.to_user_name.as_deref(), to_user_name);
        assert_eq!(envelope.agent_id.as_deref(), agent_id);
        assert!(
            matches!(envelope.encrypt, Cow::Borrowed(_)),
            "the long text is not copied"
        );
    }

    #[test]
    fn parse_reads_xml_in_any_order_as_text_or_cdata() {
        let cdata = "<xml><ToUserName><![CDATA[ww1]]></ToUserName><Encrypt><![CDATA[abc=]]></Encrypt>\
            <AgentID><![CDATA[218]]></AgentID></xml>";
        let text = "\u{feff}<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<xml>\n<AgentID>218</AgentID>\n\
            <Encrypt>\nabc=\n</Encrypt><ToUserName> ww1</ToUserName><Other><Encrypt>x</Encrypt></Other>\n</xml>\n";
        assert_reads(cdata, EXPECTED);
        assert_reads(text, EXPECTED);
        assert_reads(
            "<xml><Encrypt>abc=</Encrypt><AgentID/></xml>",
            ("abc=", None, None),
        );
    }

    #[test]
    fn parse_reads_json_in_both_casings() {
        assert_reads(
            r#"{"ToUserName":"ww1","Encrypt":"abc=","AgentID":"218"}"#,
            EXPECTED,
        );
        assert_reads(
            "\u{feff}\n {\"tousername\":\"ww1\",\"encrypt\":\"abc=\",\"agentid\":218}\n",
            EXPECTED,
        );
        assert_reads(
            r#"{"Encrypt":"abc=","ToUserName":null}"#,
            ("abc=", None, None),
        );
    }

    #[test]
    fn parse_requires_exactly_one_encrypt() {
        for body in [
            "<xml></xml>",
            "<xml><Encrypt></Encrypt></xml>",
            "<xml><Encrypt> <![CDATA[]]> </Encrypt></xml>",
            "<xml><Encrypt/></xml>",
            "<xml><A><Encrypt>abc=</Encrypt></A></xml>",
            "<xml><Encrypt>abc=<A/></Encrypt></xml>",
            "{}",
            r#"{"Encrypt":""}"#,
            r#"{"Encrypt":["abc="]}"#,
            r#"{"A":{"Encrypt":"abc="}}"#,
        ] {
            assert_eq!(
                Envelope::parse(body.as_bytes()),
                Err(EnvelopeError::NoEncrypt),
                "{body}"
            );
        }
        for body in [
            "<xml><Encrypt>a</Encrypt><Encrypt>a</Encrypt></xml>",
            "<xml><Encrypt>a</Encrypt><Encrypt/></xml>",
            r#"{"Encrypt":"a","Encrypt":"a"}"#,
            r#"{"Encrypt":"a","encrypt":"b"}"#,
        ] {
            assert_eq!(
                Envelope::parse(body.as_bytes()),
                Err(EnvelopeError::Repeated("Encrypt")),
                "{body}"
            );
        }
    }

    #[test]
    fn parse_rejects_unreadable_bodies() {
        let bodies: [&[u8]; 6] = [
            b"",
            b"<xml><Encrypt>\xff</Encrypt></xml>",
            b"<!DOCTYPE xml [<!ENTITY e 'abc='>]><xml><Encrypt>&e;</Encrypt></xml>",
            b"<xml><Encrypt>abc&#61;</Encrypt></xml>",
            b"<xml><Encrypt>abc=</Encrypt>",
            b"[{\"Encrypt\":\"abc=\"}]",
        ];
        for body in bodies {
            assert_eq!(
                Envelope::parse(body),
                Err(EnvelopeError::Unreadable),
                "{}",
                body.escape_ascii()
            );
        }
    }
}
