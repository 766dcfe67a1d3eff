//! The import of authorizations and bindings.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io::{self, Read as _};
use std::path::Path;

use serde_json::{Value, json};

use crate::commands::import_parts::{Part, parts};
use crate::commands::{Outcome, Printer};
use crate::failure::{Failure, Result};
use crate::progress;
use crate::table::{columns, table};
use crate::target::Target;

/// What became of the lines.
#[derive(Debug, Default)]
struct Tally {
    ok: u64,
    unchanged: u64,
    errors: Vec<Value>,
    /// The corps of the lines of a dry run, which later parts do not find stored.
    named: HashSet<(String, String)>,
    /// The corps that they give organization codes to, likewise.
    codes: HashMap<String, HashSet<(String, String)>>,
}

pub(super) async fn run(
    target: &Target,
    printer: Printer,
    file: &Path,
    dry_run: bool,
) -> Result<Outcome> {
    let content = read(file)?;
    let parts = parts(&content);
    let total: usize = parts.iter().map(|part| part.lines.len()).sum();
    let progress = progress::bar(total as u64, "lines");
    let path = if dry_run {
        "import?dryRun=true"
    } else {
        "import"
    };
    let mut tally = Tally::default();
    let mut failure = None;
    for part in &parts {
        if let Err(error) = tally.import(target, path, part, dry_run).await {
            failure = Some(error);
            break;
        }
        progress.inc(part.lines.len() as u64);
    }
    progress.finish_and_clear();
    tally.errors.sort_by_key(|error| error["line"].as_u64());
    if failure.is_none() || tally.has_results() {
        let mut summary = json!({
            "dryRun": dry_run, "ok": tally.ok, "unchanged": tally.unchanged, "errors": tally.errors,
        });
        if failure.is_some() {
            summary["incomplete"] = json!(true);
        }
        let _ = printer.print(&summary, || tally.text(dry_run))?;
    }
    if let Some(failure) = failure {
        return Err(failure);
    }
    Ok(if tally.errors.is_empty() {
        Outcome::Done
    } else {
        Outcome::Found
    })
}

impl Tally {
    /// Imports a part, and counts what became of it.
    async fn import(
        &mut self,
        target: &Target,
        path: &str,
        part: &Part<'_>,
        dry_run: bool,
    ) -> Result<()> {
        let answer = target.send(http::Method::POST, path, part.body()).await;
        let answer = answer.map_err(|failure| {
            Failure::new(format!(
                "{failure}; what was imported stays: repeat the command to go on"
            ))
        })?;
        self.count(part, &answer, dry_run)
    }

    fn has_results(&self) -> bool {
        self.ok + self.unchanged > 0 || !self.errors.is_empty()
    }

    fn count(&mut self, part: &Part<'_>, answer: &Value, dry_run: bool) -> Result<()> {
        let results = answer["results"].as_array().map_or(&[][..], Vec::as_slice);
        if results.len() != part.lines.len() {
            return Err(Failure::new(
                "the answer is of another version: use the command of the service's version",
            ));
        }
        for result in results {
            let index = result["line"].as_u64().and_then(|line| line.checked_sub(1));
            let index = index.and_then(|index| usize::try_from(index).ok());
            let line = index.and_then(|index| part.lines.get(index));
            let Some(&(number, line)) = line else {
                return Err(Failure::new("the answer names a line that was not sent"));
            };
            let status = result["status"].as_str().unwrap_or_default();
            let is_named = status == "error"
                && dry_run
                && result["code"] == "CORP_NOT_FOUND"
                && corps_of(line).iter().any(|corp| self.named.contains(corp));
            match status {
                "ok" if dry_run && self.gives_code_twice(line) => self.errors.push(json!({
                    "line": number, "code": "ORG_CODE_CONFLICT",
                    "detail": "another company has this organization code",
                })),
                _ if is_named => self.ok += 1,
                "ok" => self.ok += 1,
                "unchanged" => self.unchanged += 1,
                _ => self.errors.push(json!({
                    "line": number, "code": result["code"], "detail": result["detail"],
                })),
            }
            if dry_run && matches!(status, "ok" | "unchanged") {
                self.named.extend(corps_of(line));
            }
        }
        Ok(())
    }

    /// Whether an earlier line gives the organization code of this one to another corp.
    fn gives_code_twice(&mut self, line: &[u8]) -> bool {
        let fields: Option<Value> = serde_json::from_slice(line).ok();
        let code = fields
            .as_ref()
            .and_then(|fields| fields["orgCode"].as_str());
        let Some(code) = code.map(str::to_ascii_lowercase) else {
            return false;
        };
        let corps: HashSet<_> = corps_of(line).into_iter().collect();
        let bearer = self.codes.entry(code).or_default();
        if !bearer.is_empty() && bearer.is_disjoint(&corps) {
            return true;
        }
        bearer.extend(corps);
        false
    }

    fn text(&self, dry_run: bool) -> String {
        let mut text = String::new();
        if !self.errors.is_empty() {
            let columns = columns([("LINE", "line"), ("CODE", "code"), ("DETAIL", "detail")]);
            text.push_str(&table(&self.errors, &columns));
            text.push('\n');
        }
        let imported = if dry_run { "to import" } else { "imported" };
        let wrong = self.errors.len();
        text + &format!(
            "{} {imported}, {} unchanged, {wrong} wrong\n",
            self.ok, self.unchanged
        )
    }
}

/// The suite and the ids of the corp that a line is about; plain ids are compared without case.
fn corps_of(line: &[u8]) -> Vec<(String, String)> {
    let Ok(line) = serde_json::from_slice::<Value>(line) else {
        return Vec::new();
    };
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let suite_id = text(&line["suiteId"]);
    let mut ids = vec![text(&line["corpId"])];
    if line.get("thirdUserId").is_none() {
        ids.extend(line["aliases"].as_array().into_iter().flatten().map(text));
    }
    let normalized = |id: String| {
        let is_plain = id
            .get(..2)
            .is_some_and(|start| start.eq_ignore_ascii_case("ww"));
        if is_plain {
            id.to_ascii_lowercase()
        } else {
            id
        }
    };
    ids.into_iter()
        .map(|id| (suite_id.clone(), normalized(id)))
        .collect()
}

fn read(file: &Path) -> Result<Vec<u8>> {
    let content = if file == Path::new("-") {
        let mut content = Vec::new();
        io::stdin().read_to_end(&mut content).map(|_| content)
    } else {
        fs::read(file)
    };
    content.map_err(|error| Failure::new(format!("{} cannot be read: {error}", file.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dry_run_of_many_parts_gives_a_code_to_one_company() {
        let mut tally = Tally::default();
        let mut count = |number: u64, corp: &str, code: &str| {
            let line =
                json!({"suiteId": "dk1", "corpId": corp, "permanentCode": "x", "orgCode": code});
            let line = line.to_string();
            let part = Part {
                lines: vec![(number, line.as_bytes())],
            };
            let answer = json!({"results": [{"line": 1, "status": "ok"}]});
            tally.count(&part, &answer, true).unwrap();
        };
        count(1, "ww1", "One");
        count(2, "ww2", "oNE");
        count(3, "WW1", "one");
        assert_eq!(tally.ok, 2);
        assert_eq!(tally.errors[0]["line"], 2);
        assert_eq!(tally.errors[0]["code"], "ORG_CODE_CONFLICT");
    }
}
