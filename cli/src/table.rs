//! Tables for people.

use std::fmt::Write as _;

use serde_json::Value;
use unicode_width::UnicodeWidthStr as _;

/// The gap between two columns.
const GAP: &str = "  ";

/// A column: its heading, and the field of the JSON that it shows.
pub(crate) struct Column {
    pub(crate) heading: &'static str,
    pub(crate) field: &'static str,
}

/// Columns from pairs of heading and field.
pub(crate) fn columns<const N: usize>(pairs: [(&'static str, &'static str); N]) -> [Column; N] {
    pairs.map(|(heading, field)| Column { heading, field })
}

/// A table of these items, a line each.
pub(crate) fn table(items: &[Value], columns: &[Column]) -> String {
    let heading: Vec<String> = columns
        .iter()
        .map(|column| column.heading.to_owned())
        .collect();
    let mut rows = vec![heading];
    rows.extend(items.iter().map(|item| {
        let cells = columns.iter().map(|column| cell(item, column.field));
        cells.collect()
    }));
    let widths: Vec<usize> = (0..columns.len())
        .map(|index| {
            let widths = rows.iter().map(|row| row[index].width());
            widths.max().unwrap_or(0)
        })
        .collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            line.push_str(cell);
            line.push_str(&" ".repeat(width - cell.width()));
            line.push_str(GAP);
        }
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

/// The fields of one item, a line each. Lists and objects are shown as JSON.
pub(crate) fn fields(item: &Value) -> String {
    let Some(object) = item.as_object() else {
        return format!("{}\n", printable(&item.to_string()));
    };
    let width = object.keys().map(|name| name.width()).max().unwrap_or(0);
    let mut text = String::new();
    for name in object.keys() {
        let _ = writeln!(text, "{name:width$}{GAP}{}", cell(item, name));
    }
    text
}

fn cell(item: &Value, field: &str) -> String {
    match &item[field] {
        Value::Null => "-".to_owned(),
        Value::String(text) => printable(text),
        Value::Number(number) if is_time(field) => {
            number.as_i64().map_or_else(|| number.to_string(), time)
        }
        Value::Array(items) if items.iter().all(Value::is_string) => {
            let items: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
            printable(&items.join(" "))
        }
        other => printable(&other.to_string()),
    }
}

/// Whether a number is a time, by the API's names.
fn is_time(field: &str) -> bool {
    field == "at"
        || field == "since"
        || field == "deadline"
        || field == "leaseUntil"
        || field.ends_with("At")
}

/// Names come from companies: what would move the cursor or color the screen is not printed.
fn printable(text: &str) -> String {
    text.chars()
        .map(|character| {
            if character.is_control() {
                '\u{fffd}'
            } else {
                character
            }
        })
        .collect()
}

/// A time in milliseconds since 1970, in UTC.
pub(crate) fn time(millis: i64) -> String {
    let seconds = millis.div_euclid(1000);
    let (day, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = date(day);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}Z")
}

/// The civil date of a day since 1970 (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
fn date(day: i64) -> (i64, i64, i64) {
    let shifted = day + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn time_is_utc() {
        assert_eq!(time(0), "1970-01-01 00:00:00Z");
        assert_eq!(time(951_782_400_000), "2000-02-29 00:00:00Z");
        assert_eq!(time(1_796_083_199_999), "2026-11-30 23:59:59Z");
        assert_eq!(time(-1), "1969-12-31 23:59:59Z");
    }

    #[test]
    fn table_aligns_wide_characters_and_prints_no_control_characters() {
        let items = [
            json!({"name": "张伟", "id": "a", "at": 0}),
            json!({"name": "\u{1b}[31mred", "id": 7}),
        ];
        let text = table(
            &items,
            &columns([("NAME", "name"), ("ID", "id"), ("AT", "at")]),
        );
        assert_eq!(
            text,
            "NAME      ID  AT\n张伟      a   1970-01-01 00:00:00Z\n\u{fffd}[31mred  7   -\n"
        );
    }
}
