//! The export of authorizations and bindings.

use std::fs::OpenOptions;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use serde_json::Value;

use crate::commands::Outcome;
use crate::failure::{Failure, Result};
use crate::progress;
use crate::target::{PathAndQuery, Target};

/// Lines of a page.
const PAGE: u64 = 500;

pub(super) async fn run(
    target: &Target,
    with_secrets: bool,
    output: Option<&Path>,
) -> Result<Outcome> {
    if with_secrets && target.handle().is_none() {
        return Err(Failure::new(
            "a service hands out no permanent codes: give --database-url, --auths and the data key in place of --url",
        ));
    }
    let mut writer = open(output)?;
    let progress = progress::counter("lines");
    let mut after: Option<String> = None;
    loop {
        let (lines, next) = page(target, with_secrets, after).await?;
        for line in &lines {
            writeln!(writer, "{line}").map_err(unwritable)?;
        }
        progress.inc(lines.len() as u64);
        match next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    writer.flush().map_err(unwritable)?;
    progress.finish_and_clear();
    Ok(Outcome::Done)
}

/// The lines of a page, and the cursor of the next.
async fn page(
    target: &Target,
    with_secrets: bool,
    after: Option<String>,
) -> Result<(Vec<String>, Option<String>)> {
    if let Some(login) = target.handle() {
        let after = after
            .map(|after| after.parse())
            .transpose()
            .map_err(|_| Failure::new("the cursor is broken"))?;
        let page = login
            .admin()
            .acting_as_operator()
            .export(with_secrets, after, PAGE)
            .await?;
        let lines = page.items.iter().map(|line| {
            serde_json::to_string(line)
                .map_err(|error| Failure::new(format!("a line is no JSON: {error}")))
        });
        let lines = lines.collect::<Result<_>>()?;
        return Ok((lines, page.next.map(|next| next.to_string())));
    }
    let path = PathAndQuery::new("export", "")
        .with("limit", Some(&PAGE.to_string()))
        .with("after", after.as_deref());
    let page = target.get(path.as_str()).await?;
    let lines = page["lines"].as_array().map_or(&[][..], Vec::as_slice);
    let next = page["next"].as_str().map(str::to_owned);
    Ok((lines.iter().map(Value::to_string).collect(), next))
}

fn open(output: Option<&Path>) -> Result<Box<dyn Write>> {
    let Some(path) = output else {
        return Ok(Box::new(BufWriter::new(io::stdout())));
    };
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    // It may have permanent codes, and has the ids of people.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path).map_err(|error| {
        Failure::new(format!(
            "--output {} cannot be created: {error}",
            path.display()
        ))
    })?;
    Ok(Box::new(BufWriter::new(file)))
}

#[allow(clippy::needless_pass_by_value, reason = "for map_err")]
fn unwritable(error: io::Error) -> Failure {
    Failure::new(format!("the output cannot be written: {error}"))
}
