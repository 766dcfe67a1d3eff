//! A file of JSON lines in parts that the import takes.

use wecom_login::MAX_IMPORT_BYTES;

/// The most bytes of a part: half of what a service takes, so that a slow line has time.
const MAX_BYTES: usize = MAX_IMPORT_BYTES / 2;
/// The most work of a part. WeCom may be asked about an authorization.
const MAX_WORK: usize = 2_000;
const WORK_OF_A_CORP: usize = 20;
const WORK_OF_A_BINDING: usize = 1;

/// Lines of a file, with their numbers from 1.
#[derive(Debug, Default)]
pub(super) struct Part<'a> {
    pub(super) lines: Vec<(u64, &'a [u8])>,
}

impl Part<'_> {
    /// The body that is sent.
    pub(super) fn body(&self) -> Vec<u8> {
        let mut body = Vec::new();
        for (_, line) in &self.lines {
            body.extend_from_slice(line);
            body.push(b'\n');
        }
        body
    }
}

/// The parts of a file: first what are no bindings, since a binding needs the authorization of its corp.
pub(super) fn parts(file: &[u8]) -> Vec<Part<'_>> {
    let lines = (1..)
        .zip(file.split(|byte| *byte == b'\n'))
        .filter(|(_, line)| !line.trim_ascii().is_empty());
    let (bindings, corps): (Vec<_>, Vec<_>) = lines.partition(|(_, line)| is_binding(line));
    let mut parts = split(&corps, WORK_OF_A_CORP);
    parts.extend(split(&bindings, WORK_OF_A_BINDING));
    parts
}

fn split<'a>(lines: &[(u64, &'a [u8])], work: usize) -> Vec<Part<'a>> {
    let mut parts = Vec::new();
    let (mut part, mut bytes) = (Part::default(), 0);
    for &(number, line) in lines {
        let is_full = bytes + line.len() > MAX_BYTES || (part.lines.len() + 1) * work > MAX_WORK;
        if is_full && !part.lines.is_empty() {
            parts.push(std::mem::take(&mut part));
            bytes = 0;
        }
        part.lines.push((number, line));
        bytes += line.len() + 1;
    }
    if !part.lines.is_empty() {
        parts.push(part);
    }
    parts
}

fn is_binding(line: &[u8]) -> bool {
    const FIELD: &[u8] = b"\"thirdUserId\"";
    line.windows(FIELD.len()).any(|window| window == FIELD)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_have_corps_first_and_keep_the_numbers() {
        let file = b"{\"thirdUserId\":1}\n\n{\"permanentCode\":1}\n{\"thirdUserId\":2}";
        let parts = parts(file);
        let numbers: Vec<Vec<u64>> = parts
            .iter()
            .map(|part| part.lines.iter().map(|(number, _)| *number).collect())
            .collect();
        assert_eq!(numbers, [vec![3], vec![1, 4]]);
        assert_eq!(
            parts[1].body(),
            b"{\"thirdUserId\":1}\n{\"thirdUserId\":2}\n"
        );
    }

    #[test]
    fn parts_are_bounded() {
        let file = "{\"thirdUserId\":1}\n".repeat(5_000);
        let lengths: Vec<usize> = parts(file.as_bytes())
            .iter()
            .map(|part| part.lines.len())
            .collect();
        assert_eq!(lengths, [2_000, 2_000, 1_000]);
        let corps = "{\"corpId\":1}\n".repeat(250);
        let corps = parts(corps.as_bytes());
        assert_eq!(corps.len(), 3);
        let long = format!("{{\"thirdUserId\":\"{}\"}}\n", "x".repeat(100_000)).repeat(11);
        assert!(
            parts(long.as_bytes())
                .iter()
                .all(|part| part.body().len() <= MAX_BYTES + 1)
        );
    }
}
