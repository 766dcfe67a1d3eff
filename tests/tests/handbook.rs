//! The handbook in both languages: the same pages, the same headings and code blocks, and links that lead somewhere.
//!
//! That the Chinese text says what the English one says is for its readers to check; that it says it in the same places
//! is checked here.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test may panic")]

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

/// What the languages have to agree on, and what is linked.
#[derive(Default)]
struct Page {
    headings: Vec<(usize, String)>,
    /// The languages of the code blocks.
    code_blocks: Vec<String>,
    targets: Vec<String>,
    /// The labels of links, and those that are defined.
    labels: BTreeSet<String>,
    definitions: BTreeSet<String>,
}

impl Page {
    fn read(path: &Path) -> Self {
        let text =
            fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let mut page = Self::default();
        let mut in_code = false;
        for line in text.lines() {
            if let Some(language) = line.trim_start().strip_prefix("```") {
                in_code = !in_code;
                if in_code {
                    page.code_blocks.push(language.to_owned());
                }
            } else if !in_code {
                page.headings.extend(heading(line));
                page.targets.extend(targets(line));
                page.labels.extend(labels(line));
                page.definitions.extend(definition(line));
            }
        }
        page
    }

    fn levels(&self) -> Vec<usize> {
        self.headings.iter().map(|(level, _)| *level).collect()
    }

    /// The anchors that GitHub gives to the headings.
    fn anchors(&self) -> BTreeSet<String> {
        let mut seen: HashMap<String, usize> = HashMap::new();
        let anchor = |(_, title): &(usize, String)| {
            let anchor = slug(title);
            let before = seen.entry(anchor.clone()).or_default();
            *before += 1;
            match *before {
                1 => anchor,
                count => format!("{anchor}-{}", count - 1),
            }
        };
        self.headings.iter().map(anchor).collect()
    }
}

/// The level and the title of a heading.
fn heading(line: &str) -> Option<(usize, String)> {
    let (marks, title) = line.split_once(' ')?;
    let is_heading = !marks.is_empty() && marks.bytes().all(|byte| byte == b'#');
    is_heading.then(|| (marks.len(), title.trim().to_owned()))
}

/// The targets of the links in a line, and that of the definition that the line may be.
fn targets(line: &str) -> Vec<String> {
    // What is between backticks is no link.
    let text: String = line.split('`').step_by(2).collect();
    let mut targets: Vec<String> = text
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split_once(')'))
        .map(|(target, _)| target.to_owned())
        .collect();
    let definition = text
        .strip_prefix('[')
        .and_then(|rest| rest.split_once("]: "));
    targets.extend(definition.map(|(_, target)| target.trim().to_owned()));
    targets
}

/// The labels of the links in a line.
fn labels(line: &str) -> Vec<String> {
    let text: String = line.split('`').step_by(2).collect();
    text.split("][")
        .skip(1)
        .filter_map(|rest| rest.split_once(']'))
        .map(|(label, _)| label.to_owned())
        .collect()
}

/// The label that a line defines.
fn definition(line: &str) -> Option<String> {
    let (label, _) = line.strip_prefix('[')?.split_once("]: ")?;
    Some(label.to_owned())
}

fn slug(title: &str) -> String {
    title
        .chars()
        .map(|character| if character == ' ' { '-' } else { character })
        .filter(|character| character.is_alphanumeric() || matches!(character, '-' | '_'))
        .flat_map(char::to_lowercase)
        .collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .canonicalize()
        .unwrap()
}

/// The names of the pages in a directory.
fn pages(directory: &Path) -> BTreeSet<String> {
    fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| {
            Path::new(name)
                .extension()
                .is_some_and(|extension| extension == "md")
        })
        .collect()
}

/// The English and the Chinese file of each page, and of the README.
fn both_languages() -> Vec<(PathBuf, PathBuf)> {
    let (root, docs) = (root(), root().join("docs"));
    let mut files: Vec<_> = pages(&docs)
        .into_iter()
        .map(|name| (docs.join(&name), docs.join("zh").join(&name)))
        .collect();
    files.push((root.join("README.md"), root.join("README.zh-CN.md")));
    files
}

#[test]
fn both_languages_have_the_same_pages_headings_and_code_blocks() {
    let docs = root().join("docs");
    assert_eq!(pages(&docs), pages(&docs.join("zh")), "docs/ and docs/zh/");
    for (english, chinese) in both_languages() {
        let name = english.file_name().unwrap().display();
        let (english, chinese) = (Page::read(&english), Page::read(&chinese));
        assert_eq!(
            english.levels(),
            chinese.levels(),
            "levels of the headings of {name}: {:?} and {:?}",
            english.headings,
            chinese.headings
        );
        assert_eq!(
            english.code_blocks, chinese.code_blocks,
            "code blocks of {name}"
        );
    }
}

#[test]
fn links_lead_to_files_and_headings() {
    let mut checked = 0;
    for file in both_languages()
        .into_iter()
        .flat_map(|(english, chinese)| [english, chinese])
    {
        let page = Page::read(&file);
        let undefined: Vec<_> = page.labels.difference(&page.definitions).collect();
        assert!(undefined.is_empty(), "{}: {undefined:?}", file.display());
        for target in page.targets {
            if target.starts_with("https://") || target.starts_with("http://") {
                continue;
            }
            let (path, anchor) = target
                .split_once('#')
                .map_or((target.as_str(), None), |(path, anchor)| {
                    (path, Some(anchor))
                });
            let linked = match path {
                "" => file.clone(),
                _ => file.parent().unwrap().join(path),
            };
            assert!(linked.exists(), "{}: no file {path}", file.display());
            if let Some(anchor) = anchor {
                let anchors = Page::read(&linked).anchors();
                assert!(
                    anchors.contains(anchor),
                    "{}: no heading for {target}; there are {anchors:?}",
                    file.display()
                );
            }
            checked += 1;
        }
    }
    assert!(checked > 100, "only {checked} links were found");
}

#[test]
fn slug_is_that_of_github() {
    for (title, anchor) in [
        ("Behind a reverse proxy", "behind-a-reverse-proxy"),
        (
            "3. Wait for the suite_ticket",
            "3-wait-for-the-suite_ticket",
        ),
        (
            "Acknowledged events under kill -9",
            "acknowledged-events-under-kill--9",
        ),
        ("企业的两种 ID", "企业的两种-id"),
    ] {
        assert_eq!(slug(title), anchor);
    }
}
