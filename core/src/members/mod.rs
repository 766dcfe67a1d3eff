//! Members of the corps: what is stored of them, whether they see the app, how they leave, which user they are bound
//! to.
//!
//! # A member leaves
//!
//! 1. `delete_user` revokes the member's sessions at once, marks the record, and sets `left_at` on the member, in one
//!    transaction (`begin_departure`).
//! 2. `finish_departure` has `UserBinder::unbind` end the binding, which may have to be retried, then deletes the
//!    profile, stores the notification for `Hooks::member_left` and revokes again: a login in between may have found the
//!    old binding.
//! 3. A member who logs in before step 2 is done has it done first. The same userid later is a new person.
//!
//! Each step happens once, even if the process dies in between: the record says which steps are done.
//!
//! # A member gets another userid
//!
//! `update_user` with a new userid revokes the sessions of the old one, moves the binding with `UserBinder::rebind`,
//! and revokes again.
//!
//! # A corp's ids become encrypted ones
//!
//! After an administrator of the corp migrates the app, WeCom names its members by other ids, and announces it to nobody.
//!
//! 1. While a corp has plain ids, the first login of a member asks for the encrypted userid, and keeps it as a pending
//!    alias: WeCom does not convert the id of a member who has left. Both ids find the member from then on.
//! 2. A login by the pending alias moves the member: `UserBinder::rebind` moves the binding, then one transaction moves
//!    the row with its epoch, the sessions and the login codes, so that user and sessions stay. The plain id becomes the
//!    alias.
//! 3. A login or an event of a userid that is not known asks WeCom whether the corp has encrypted ids
//!    (`corp/get_openid_migration`); if so, everybody who is stored is converted and moved, once per corp.
//!
//! # The app is hidden from a member
//!
//! `unsubscribe`, and a `user/get` that says so, revoke the member's sessions and forget that the app was visible, so
//! that the next login asks WeCom again. An `update_user` that says that the account is disabled does the same.
//!
//! # Visibility is asked again
//!
//! `change_auth` has it asked for the corp's members with live sessions, `update_user` for one member: `visibility_checks`
//! asks for those who are due, a few at a time, on one node each. The next login of such a member asks WeCom too.
//!
//! What WeCom cannot say of linked members (`CorpId/userid`) lets them in: 60111, 60011 and 48002 are no answer there.
//!
//! # A member has no interface license
//!
//! WeCom shows such a member a page of its own in place of the login, and tells us by `unlicensed_notify`, which is kept
//! on the member (`licences`). A login of the member asks WeCom for the license, and says `LICENCE_MISSING` while
//! there is none.
//!
//! A `delete_user` or `update_user` whose suite is ambiguous (several suites with the same callback keys) does no
//! more than this.

mod aliases;
mod attributes;
mod binder;
mod binding;
mod binding_export;
mod binding_import;
mod default_binder;
mod departure;
mod erasure;
mod id_migration;
mod licences;
#[allow(
    clippy::module_inception,
    reason = "it holds Members, what the module is about"
)]
mod members;
mod people;
mod visibility;
mod visibility_checks;

pub(crate) use attributes::stored_attributes;
pub(crate) use binder::DynUserBinder;
pub use binder::UserBinder;
pub use binding::Binding;
pub(crate) use binding::check_user_id;
pub(crate) use binding_export::ExportedBinding;
pub(crate) use binding_import::{BindingChange, ImportedBinding};
pub use default_binder::{BindingPolicy, DefaultUserBinder};
pub(crate) use id_migration::IdMigration;
pub use id_migration::IdMigrationProgress;
pub(crate) use licences::Licences;
pub use licences::{CorpLicence, MemberLicence};
pub(crate) use members::{Members, MembersDeps};
pub(crate) use people::PeopleFilter;
pub use people::PersonSummary;
pub(crate) use visibility::{Visibility, VisibilityDeps, within_optional_time};
