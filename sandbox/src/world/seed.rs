//! The companies and people that are there at the start: the same at every start.

use sha2::{Digest as _, Sha256};

use super::corp::{Corp, Kind, Member};

const CORPS: [&str; 12] = [
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

const PEOPLE: [(&str, &str); 20] = [
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

/// The special people, in the order in which they end a company's list.
const SPECIAL: [(Kind, &str, &str); 3] = [
    (Kind::Linked, "沈浩", "shenhao"),
    (Kind::NonMember, "顾客", "guest"),
    (Kind::Invisible, "韩梅", "hanmei"),
];

/// `corps` companies of `members` people each; those in `pinned` come first and keep their ids. The others'
/// ids follow from the suite and their place.
pub(crate) fn seed(suite_id: &str, pinned: &[String], corps: usize, members: usize) -> Vec<Corp> {
    (0..corps.max(pinned.len()))
        .map(|index| {
            let name = numbered(CORPS[index % CORPS.len()], index / CORPS.len());
            let own = letters(&format!("corp {suite_id} {index}"), 8);
            let encrypted_id = format!("wpSandboxCorp{}{own}", index + 1);
            match pinned.get(index) {
                Some(id) if id.starts_with("wp") => corp(id, hex_id(id), id.clone(), true, name, members),
                Some(id) => {
                    let open = format!("wpSandboxCorp{}", letters(id, 12));
                    corp(id, id.clone(), open, false, name, members)
                }
                None => {
                    let plain = hex_id(&encrypted_id);
                    corp(&encrypted_id, plain, encrypted_id.clone(), true, name, members)
                }
            }
        })
        .collect()
}

fn corp(key: &str, plain_id: String, open_id: String, encrypted: bool, name: String, members: usize) -> Corp {
    let special = members.saturating_sub(1).min(SPECIAL.len());
    let ordinary = members - special;
    let mut people = Vec::with_capacity(members);
    for index in 0..ordinary {
        let (name, id) = PEOPLE[index % PEOPLE.len()];
        let round = index / PEOPLE.len();
        let id = if round == 0 { id.to_owned() } else { format!("{id}{}", round + 1) };
        people.push(member(key, &numbered(name, round), &id, None, index));
    }
    for (kind, name, id) in &SPECIAL[..special] {
        people.push(member(key, name, id, Some(*kind), people.len()));
    }
    Corp { key: key.to_owned(), name, plain_id, open_id, encrypted, members: people, apps: Vec::new() }
}

fn member(corp: &str, name: &str, plain_id: &str, kind: Option<Kind>, number: usize) -> Member {
    let open_id = format!("woSandbox{}", letters(&format!("{corp} {plain_id}"), 16));
    let linked_corp = (kind == Some(Kind::Linked))
        .then(|| format!("wpSandboxLinked{}", letters(&format!("linked {corp}"), 8)));
    Member {
        key: open_id.clone(),
        name: name.to_owned(),
        plain_id: plain_id.to_owned(),
        open_id,
        kind,
        linked_corp,
        visible: kind != Some(Kind::Invisible),
        left: false,
        status: 1,
        number,
    }
}

fn numbered(name: &str, round: usize) -> String {
    if round == 0 { name.to_owned() } else { format!("{name}{}", round + 1) }
}

/// The shape of an id that a company knows itself by: `ww` and 16 hex digits.
fn hex_id(of: &str) -> String {
    let digest = Sha256::digest(of.as_bytes());
    format!("ww{}", hex::encode(&digest[..8]))
}

/// Letters and digits of both cases that follow from a text; encrypted ids tell cases apart.
fn letters(of: &str, count: usize) -> String {
    const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let digest = Sha256::digest(of.as_bytes());
    digest.iter().take(count).map(|byte| char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pinned_companies_come_first_and_all_ids_are_the_same_at_every_start() {
        let pinned = ["ww1234567890abcdef".to_owned(), "wpPinned".to_owned()];
        let first = seed("dk1", &pinned, 4, 5);
        let again = seed("dk1", &pinned, 4, 5);
        let ids = |corps: &[Corp]| -> Vec<String> {
            corps
                .iter()
                .flat_map(|corp| {
                    let form = super::super::IdForm::Listed;
                    let mut ids = vec![corp.shown_id(form).to_owned()];
                    ids.extend(corp.members.iter().map(|member| corp.user_id(member, form)));
                    ids
                })
                .collect()
        };
        assert_eq!(ids(&first), ids(&again));
        assert_eq!(first[0].plain_id, "ww1234567890abcdef");
        assert_eq!(first[1].open_id, "wpPinned");
        assert!(first[2].open_id.starts_with("wpSandboxCorp"));
        assert_ne!(seed("dk2", &[], 1, 1)[0].open_id, seed("dk1", &[], 1, 1)[0].open_id);
    }

    #[test]
    fn the_first_person_is_ordinary_and_the_special_ones_end_the_list() {
        for (members, kinds) in [
            (1, vec![None]),
            (2, vec![None, Some(Kind::Linked)]),
            (5, vec![None, None, Some(Kind::Linked), Some(Kind::NonMember), Some(Kind::Invisible)]),
        ] {
            let corps = seed("dk1", &[], 1, members);
            assert_eq!(corps[0].members.iter().map(|member| member.kind).collect::<Vec<_>>(), kinds);
        }
        let many = seed("dk1", &[], 1, 60);
        let mut ids: Vec<_> = many[0].members.iter().map(|member| member.plain_id.as_str()).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 60);
    }
}
