//! The corps and members of a new sandbox. Their ids are derived, so every start has the same ones.

use sha2::{Digest as _, Sha256};

use super::corp::{Corp, Member, MemberKind};

const CORP_NAMES: [&str; 12] = [
    "晨曦科技有限公司",
    "海纳贸易有限公司",
    "青禾食品有限公司",
    "远山物流有限公司",
    "明湖教育咨询有限公司",
    "北辰机械制造有限公司",
    "云帆软件有限公司",
    "锦程旅行社有限公司",
    "安康医疗器械有限公司",
    "翠微园林设计有限公司",
    "金石建材有限公司",
    "星河文化传媒有限公司",
];

const MEMBER_NAMES: [(&str, &str); 20] = [
    ("张伟", "zhangwei"),
    ("王芳", "wangfang"),
    ("李娜", "lina"),
    ("刘洋", "liuyang"),
    ("陈静", "chenjing"),
    ("杨磊", "yanglei"),
    ("赵敏", "zhaomin"),
    ("黄勇", "huangyong"),
    ("周婷", "zhouting"),
    ("吴强", "wuqiang"),
    ("徐丽", "xuli"),
    ("孙鹏", "sunpeng"),
    ("马超", "machao"),
    ("朱琳", "zhulin"),
    ("胡军", "hujun"),
    ("郭涛", "guotao"),
    ("何雪", "hexue"),
    ("高峰", "gaofeng"),
    ("林悦", "linyue"),
    ("罗阳", "luoyang"),
];

/// The special members, in the order in which they end a corp's list.
const SPECIAL_MEMBERS: [(MemberKind, &str, &str); 3] = [
    (MemberKind::Linked, "沈浩", "shenhao"),
    (MemberKind::NonMember, "顾客", "guest"),
    (MemberKind::Invisible, "韩梅", "hanmei"),
];

/// `corps` corps of `members` members each. The pinned corps come first and keep their ids; the ids
/// of the others are derived from the suite id and the index.
pub(crate) fn seed(suite_id: &str, pinned: &[String], corps: usize, members: usize) -> Vec<Corp> {
    (0..corps.max(pinned.len()))
        .map(|index| {
            let open_id = |suffix: &str| format!("wpSandboxCorp{suffix}");
            let (key, plain_id, open_id) = match pinned.get(index) {
                Some(id) if id.starts_with("wp") => (id.clone(), plain_corp_id(id), id.clone()),
                Some(id) => (id.clone(), id.clone(), open_id(&alphanumeric(id, 12))),
                None => {
                    let suffix = alphanumeric(&format!("corp {suite_id} {index}"), 8);
                    let open_id = open_id(&format!("{}{suffix}", index + 1));
                    (open_id.clone(), plain_corp_id(&open_id), open_id)
                }
            };
            Corp {
                name: with_number(
                    CORP_NAMES[index % CORP_NAMES.len()],
                    index / CORP_NAMES.len(),
                ),
                encrypted: key == open_id,
                members: seed_members(&key, members),
                apps: Vec::new(),
                key,
                plain_id,
                open_id,
            }
        })
        .collect()
}

fn seed_members(corp_key: &str, count: usize) -> Vec<Member> {
    let special = count.saturating_sub(1).min(SPECIAL_MEMBERS.len());
    let ordinary = (0..count - special).map(|index| {
        let (name, id) = MEMBER_NAMES[index % MEMBER_NAMES.len()];
        let round = index / MEMBER_NAMES.len();
        (None, with_number(name, round), with_number(id, round))
    });
    let special = SPECIAL_MEMBERS[..special]
        .iter()
        .map(|(kind, name, id)| (Some(*kind), (*name).to_owned(), (*id).to_owned()));
    ordinary
        .chain(special)
        .enumerate()
        .map(|(number, (kind, name, plain_id))| {
            let open_id = format!(
                "woSandbox{}",
                alphanumeric(&format!("{corp_key} {plain_id}"), 16)
            );
            let linked_corp = (kind == Some(MemberKind::Linked)).then(|| {
                format!(
                    "wpSandboxLinked{}",
                    alphanumeric(&format!("linked {corp_key}"), 8)
                )
            });
            Member {
                key: open_id.clone(),
                name,
                plain_id,
                open_id,
                kind,
                linked_corp,
                visible: kind != Some(MemberKind::Invisible),
                left: false,
                status: 1,
                number,
            }
        })
        .collect()
}

/// Appends 2, 3, … from the second round through a list of names on.
fn with_number(name: &str, round: usize) -> String {
    if round == 0 {
        name.to_owned()
    } else {
        format!("{name}{}", round + 1)
    }
}

/// An id in the shape of a plain corp id, derived from `source`: `ww` and 16 hex digits.
fn plain_corp_id(source: &str) -> String {
    let digest = Sha256::digest(source.as_bytes());
    format!("ww{}", hex::encode(&digest[..8]))
}

/// Letters and digits derived from `source`, in both cases, because encrypted ids are
/// case-sensitive.
fn alphanumeric(source: &str, count: usize) -> String {
    const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let digest = Sha256::digest(source.as_bytes());
    digest
        .iter()
        .take(count)
        .map(|byte| char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seed_is_deterministic_and_starts_with_pinned_corps() {
        let pinned = ["ww1234567890abcdef".to_owned(), "wpPinned".to_owned()];
        let first = seed("dk1", &pinned, 4, 5);
        let again = seed("dk1", &pinned, 4, 5);
        let ids = |corps: &[Corp]| -> Vec<String> {
            corps
                .iter()
                .flat_map(|corp| {
                    let form = super::super::IdForm::Listed;
                    let mut ids = vec![corp.public_id(form).to_owned()];
                    ids.extend(corp.members.iter().map(|member| corp.user_id(member, form)));
                    ids
                })
                .collect()
        };
        assert_eq!(ids(&first), ids(&again));
        assert_eq!(first[0].plain_id, "ww1234567890abcdef");
        assert_eq!(first[1].open_id, "wpPinned");
        assert!(first[2].open_id.starts_with("wpSandboxCorp"));
        assert_ne!(
            seed("dk2", &[], 1, 1)[0].open_id,
            seed("dk1", &[], 1, 1)[0].open_id
        );
    }

    #[test]
    fn seed_starts_with_ordinary_members_and_ends_with_special_ones() {
        for (members, kinds) in [
            (1, vec![None]),
            (2, vec![None, Some(MemberKind::Linked)]),
            (
                5,
                vec![
                    None,
                    None,
                    Some(MemberKind::Linked),
                    Some(MemberKind::NonMember),
                    Some(MemberKind::Invisible),
                ],
            ),
        ] {
            let corps = seed("dk1", &[], 1, members);
            assert_eq!(
                corps[0]
                    .members
                    .iter()
                    .map(|member| member.kind)
                    .collect::<Vec<_>>(),
                kinds
            );
        }
        let many = seed("dk1", &[], 1, 60);
        let mut ids: Vec<_> = many[0]
            .members
            .iter()
            .map(|member| member.plain_id.as_str())
            .collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 60);
    }
}
