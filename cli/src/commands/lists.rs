//! Lists, read page by page.

use serde_json::{Value, json};

use crate::commands::{Outcome, Printer};
use crate::failure::{Failure, Result};
use crate::flags::Paging;
use crate::table::{Column, table};
use crate::target::{PathAndQuery, Target};

/// The longest page that the API answers.
const PAGE: u64 = 500;

/// The items of a list and the cursor after them.
pub(crate) struct List {
    pub(crate) items: Vec<Value>,
    pub(crate) next: Option<String>,
}

/// Reads a list up to the limit. `path` makes the path of a page from its limit and cursor.
///
/// # Errors
/// Those of the target.
pub(crate) async fn read(
    target: &Target,
    name: &str,
    paging: &Paging,
    path: impl Fn() -> PathAndQuery,
) -> Result<List> {
    let mut list = List {
        items: Vec::new(),
        next: paging.after.clone(),
    };
    loop {
        let left = paging.limit - list.items.len() as u64;
        let limit = left.min(PAGE).to_string();
        let path = path()
            .with("limit", Some(&limit))
            .with("after", list.next.as_deref());
        let mut page = target.get(path.as_str()).await?;
        let Some(Value::Array(items)) = page.get_mut(name).map(Value::take) else {
            return Err(Failure::new(
                "the answer is of another version: use the command of the service's version",
            ));
        };
        list.items.extend(items);
        list.next = page["next"].as_str().map(str::to_owned);
        if list.next.is_none() || list.items.len() as u64 >= paging.limit {
            return Ok(list);
        }
    }
}

/// Prints a list as the API has it, or as a table.
///
/// # Errors
/// The output cannot be written.
pub(crate) fn print(
    printer: Printer,
    name: &str,
    list: List,
    columns: &[Column],
) -> Result<Outcome> {
    let mut value = json!({name: list.items});
    if let Some(next) = &list.next {
        value["next"] = json!(next);
    }
    let outcome = printer.print(&value, || match value[name].as_array() {
        Some(items) if !items.is_empty() => table(items, columns),
        _ => "none\n".to_owned(),
    })?;
    if let Some(next) = list.next.filter(|_| !printer.json) {
        eprintln!("there are more: --limit, or --after {next}");
    }
    Ok(outcome)
}
