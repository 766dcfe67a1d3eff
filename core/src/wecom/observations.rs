//! What WeCom's answers show besides their results: the clock of WeCom, and the address that it refused (60020).

use std::fmt;
use std::net::IpAddr;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use http::HeaderMap;
use http::header::DATE;
use parking_lot::Mutex;

use crate::clock::Timestamp;
use crate::wecom::Errcode;

/// No answer was seen.
const UNKNOWN: i64 = i64::MIN;
/// Answers that are longer are results.
const MAX_REFUSAL_BYTES: usize = 1024;

/// WeCom refused a call because of the address that it came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AddressRefusal {
    /// The address that WeCom saw, if its text named one.
    pub(crate) address: Option<IpAddr>,
    /// When, by this machine's clock.
    pub(crate) at: Timestamp,
}

/// What was seen of WeCom's answers since the start.
pub(crate) struct WecomObservations {
    /// How far this machine's clock was ahead of WeCom's at the newest answer, in milliseconds.
    clock_lead: AtomicI64,
    address_refusal: Mutex<Option<AddressRefusal>>,
}

impl WecomObservations {
    pub(super) fn new() -> Self {
        Self {
            clock_lead: AtomicI64::new(UNKNOWN),
            address_refusal: Mutex::new(None),
        }
    }

    /// How far this machine's clock is ahead of WeCom's, if an answer was seen.
    pub(crate) fn clock_lead_millis(&self) -> Option<i64> {
        let lead = self.clock_lead.load(Ordering::Relaxed);
        (lead != UNKNOWN).then_some(lead)
    }

    /// The newest refusal of the address.
    pub(crate) fn address_refusal(&self) -> Option<AddressRefusal> {
        *self.address_refusal.lock()
    }

    pub(super) fn see_headers(&self, headers: &HeaderMap) {
        let date = headers.get(DATE).and_then(|date| date.to_str().ok());
        if let Some(theirs) = date.and_then(parse_http_date) {
            let lead = now_millis() - theirs * 1000;
            // The date is that of the second that had begun.
            let lead = if (0..1000).contains(&lead) { 0 } else { lead };
            self.clock_lead.store(lead, Ordering::Relaxed);
        }
    }

    pub(super) fn see_body(&self, body: &[u8]) {
        let refusal = Errcode::IP_NOT_ALLOWED.number().to_string();
        let has_errcode = |body: &[u8]| {
            body.windows(refusal.len())
                .any(|part| part == refusal.as_bytes())
        };
        if body.len() > MAX_REFUSAL_BYTES || !has_errcode(body) {
            return;
        }
        let Ok(answer) = serde_json::from_slice::<serde_json::Value>(body) else {
            return;
        };
        let is_refusal = match &answer["errcode"] {
            serde_json::Value::Number(number) => number.to_string() == refusal,
            serde_json::Value::String(text) => *text == refusal,
            _ => false,
        };
        if is_refusal {
            let text = answer["errmsg"].as_str().unwrap_or_default();
            *self.address_refusal.lock() = Some(AddressRefusal {
                address: address_in(text),
                at: Timestamp::from_millis(now_millis()),
            });
        }
    }
}

impl fmt::Debug for WecomObservations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WecomObservations")
    }
}

/// The address in `not allow to access from your ip, …, from ip: 203.0.113.7, …`.
fn address_in(text: &str) -> Option<IpAddr> {
    let (_, rest) = text.split_once("from ip:")?;
    let rest = rest.trim_start();
    let end = rest
        .find(|character: char| !(character.is_ascii_hexdigit() || ".:".contains(character)))
        .unwrap_or(rest.len());
    rest[..end].trim_end_matches(['.', ':']).parse().ok()
}

/// The seconds since 1970 of `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, 5.6.7).
fn parse_http_date(text: &str) -> Option<i64> {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let (_, rest) = text.split_once(", ")?;
    let mut parts = rest.split(' ');
    let day: i64 = parts.next()?.parse().ok()?;
    let month = parts.next()?;
    let month = MONTHS.iter().position(|name| *name == month)?;
    let year: i64 = parts.next()?.parse().ok()?;
    let mut time = parts.next()?.split(':');
    let mut number = || time.next()?.parse::<i64>().ok();
    let (hours, minutes, seconds) = (number()?, number()?, number()?);
    let is_date = (1970..=9999).contains(&year) && (1..=31).contains(&day);
    if parts.next() != Some("GMT") || !is_date {
        return None;
    }
    let days = days_since_1970(year, i64::try_from(month).ok()? + 1, day);
    Some(days * 86_400 + hours * 3_600 + minutes * 60 + seconds)
}

/// The days from 1970-01-01 to a date of the Gregorian calendar, by years that begin in March.
const fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year / 400;
    let year_of_era = year - era * 400;
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

fn now_millis() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn http_dates_are_seconds_since_1970() {
        for (text, seconds) in [
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(784_111_777)),
            ("Thu, 01 Jan 1970 00:00:00 GMT", Some(0)),
            ("Tue, 29 Feb 2028 23:59:59 GMT", Some(1_835_481_599)),
            ("Sun, 06 Nov 1994 08:49:37 CET", None),
            ("yesterday", None),
            ("Sun, 06 Nov", None),
        ] {
            assert_eq!(parse_http_date(text), seconds, "{text}");
        }
    }

    #[test]
    fn refused_address_is_the_one_that_wecom_names() {
        let seen = WecomObservations::new();
        seen.see_body(br#"{"errcode":40029,"errmsg":"invalid code 60020"}"#);
        assert_eq!(seen.address_refusal(), None);
        seen.see_body(
            br#"{"errcode":60020,"errmsg":"not allow to access from your ip, hint: [1], from ip: 203.0.113.7, more info"}"#,
        );
        let address = seen.address_refusal().unwrap().address;
        assert_eq!(address, Some("203.0.113.7".parse().unwrap()));
        seen.see_body(br#"{"errcode":60020,"errmsg":"not allowed"}"#);
        assert_eq!(seen.address_refusal().unwrap().address, None);
    }
}
