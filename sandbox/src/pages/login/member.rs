//! The members that a login page offers for selection.

use wecom_login::web::Language;

use crate::store::{Corp, IdForm, Member, MemberKind};

/// A member that can be selected on a login page.
pub(in crate::pages) struct SelectableMember {
    /// Without the prefix of a linked corp.
    pub(in crate::pages) user_id: String,
    pub(in crate::pages) name: String,
    pub(in crate::pages) remark: &'static str,
    pub(in crate::pages) visible: bool,
    pub(in crate::pages) is_member: bool,
}

impl SelectableMember {
    pub(super) fn new(corp: &Corp, member: &Member, form: IdForm, language: Language) -> Self {
        Self {
            user_id: corp.bare_user_id(member, form).to_owned(),
            name: member.name.clone(),
            remark: remark(member, language),
            visible: member.visible,
            is_member: member.is_member(),
        }
    }

    pub(in crate::pages) fn initial(&self) -> String {
        initial(&self.name)
    }
}

/// What the pages note about a special member; empty for an ordinary one.
pub(in crate::pages) const fn remark(member: &Member, language: Language) -> &'static str {
    match member.kind {
        Some(MemberKind::Linked) => language.choose("关联企业的成员", "of a linked corp"),
        Some(MemberKind::NonMember) => language.choose("非企业成员", "not a member"),
        _ if member.status == 2 => language.choose("已禁用", "disabled"),
        _ if !member.visible => language.choose("不在可见范围内", "outside the visible range"),
        _ => "",
    }
}

/// The first character of a name, for its avatar.
pub(in crate::pages) fn initial(name: &str) -> String {
    name.chars().take(1).collect()
}
