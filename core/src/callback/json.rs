//! The walk over the top keys of a JSON object.
//!
//! Only Tencent's samples (`callback_json`) use JSON. WeCom does not offer it for 代开发 apps.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::callback::fields::{FieldText, Unreadable, trim};

/// Calls `visit` for each key of the object.
pub(super) fn each_key<'a>(
    text: &'a str,
    visit: impl FnMut(&str, FieldText<'a>),
) -> Result<(), Unreadable> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    deserializer
        .deserialize_map(Keys(visit))
        .and_then(|()| deserializer.end())
        .map_err(|_| Unreadable)
}

struct Keys<F>(F);

impl<'de, F: FnMut(&str, FieldText<'de>)> Visitor<'de> for Keys<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some((Scalar(name), Scalar(text))) = map.next_entry()? {
            let name = name.ok_or_else(|| A::Error::custom("a key is a text"))?;
            (self.0)(&name, text.map(trim));
        }
        Ok(())
    }
}

/// A text, or an integer as its digits. Anything else is skipped and is `None`.
struct Scalar<'a>(FieldText<'a>);

impl<'de> Deserialize<'de> for Scalar<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor).map(Self)
    }
}

struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = FieldText<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Owned(text.to_owned())))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Some(Cow::Owned(number.to_string())))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Some(Cow::Owned(number.to_string())))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_reads_texts_and_integers_only() {
        let text = r#" {"a": " x ", "b": -7, "c": 18446744073709551615, "d": 1.5, "e": true, "f": null,
            "g": [1, {"a": 2}], "h": {"a": {"b": []}}, "i": "\u4f01"} "#;
        let mut fields = Vec::new();
        each_key(text, |name, text| {
            fields.push((name.to_owned(), text.map(Cow::into_owned)))
        })
        .unwrap();
        let texts: Vec<_> = fields
            .iter()
            .map(|(name, text)| (name.as_str(), text.as_deref()))
            .collect();
        let expected = [
            ("a", Some("x")),
            ("b", Some("-7")),
            ("c", Some("18446744073709551615")),
            ("d", None),
            ("e", None),
            ("f", None),
            ("g", None),
            ("h", None),
            ("i", Some("企")),
        ];
        assert_eq!(texts, expected);
    }

    #[test]
    fn each_key_rejects_anything_but_one_object() {
        for bad in [
            "",
            "[]",
            "{",
            "{}{}",
            "{} x",
            r#"{"a" "b"}"#,
            r#"{a:1}"#,
            r#"{"a":"#,
        ] {
            assert_eq!(each_key(bad, |_, _| ()), Err(Unreadable), "{bad}");
        }
    }
}
