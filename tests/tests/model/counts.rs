//! Counts at the end of a history: what was executed, and how often.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use super::run::{Checked, Run};
use super::steps::Act;

impl Run<'_> {
    /// Checks that crashes and clock jumps repeated no more than they may.
    pub(super) async fn check_counts(&self) -> Checked {
        let taken: HashSet<[u8; 32]> = self.pushes.iter().map(|push| push.queued.hash).collect();
        let records = self
            .number("SELECT COUNT(*) FROM wecom_callback_record")
            .await;
        if records != taken.len() as i64 {
            return Err(format!(
                "{} events were accepted, {records} records are stored",
                taken.len()
            ));
        }
        // How often events were run again, by kind.
        let (mut codes_again, mut cancels_again) = (0, 0);
        let mut ended = self.ended.clone();
        for push in &self.pushes {
            let again = (self.number(&self.of_record("attempts", push.number)).await - 1).max(0);
            match push.act {
                Act::Install(_) | Act::Reset(_) => codes_again += again,
                Act::Cancel(_) => cancels_again += again,
                // The first of the two revocations of these events may be repeated. The second is committed with its
                // record.
                Act::Leave(corp, _) | Act::Rename(corp, _) => {
                    let user_id = push.queued.user_id.clone().unwrap_or_default();
                    *ended.entry((corp, user_id)).or_default() += again;
                }
                Act::Change(_) | Act::Unsubscribe(..) | Act::Ticket => {}
            }
        }
        // A change_auth has the visibility of members with live sessions asked, and again whenever it ran: WeCom does not
        // know somebody any more who has left or been renamed.
        for ((corp, user_id), most) in &mut ended {
            if self.is_present(*corp, user_id) {
                continue;
            }
            for push in &self.pushes {
                if matches!(push.act, Act::Change(of) if of == *corp) {
                    let attempts = self.of_record("attempts", push.number);
                    *most += self.number(&attempts).await.max(1);
                }
            }
        }
        self.check_people(&ended).await?;

        let of = |which: fn(Act) -> bool| self.count(which) as i64;
        let codes = of(|act| matches!(act, Act::Install(_) | Act::Reset(_)));
        let sent = self.sandbox.calls("service/v2/get_permanent_code") as i64;
        // A suite access token that expired in a clock jump costs another call.
        let most = if self.undisturbed {
            codes
        } else {
            2 * (codes + codes_again)
        };
        if sent > most {
            return Err(format!(
                "{codes} AuthCodes came, {codes_again} times again; {sent} were sent"
            ));
        }
        let cancels = of(|act| matches!(act, Act::Cancel(_)));
        let told = |what: &str| {
            let told = self
                .corps
                .iter()
                .map(|corp| self.hooks.count(&format!("{what}: {}", corp.id)));
            told.sum::<usize>() as i64
        };
        let (cancelled, authorized) = (told("cancelled"), told("authorized"));
        // A hook is called again only after a crash, for the event that ran again.
        let again = |times: i64| if self.undisturbed { 0 } else { times };
        if cancelled > cancels + again(cancels_again) + self.told_again {
            return Err(format!(
                "{cancels} cancellations, the hook was called {cancelled} times"
            ));
        }
        // The hook is called for a reset too, and for a cancellation that WeCom contradicts.
        if authorized > codes + cancels + again(codes_again + cancels_again) + self.told_again {
            return Err(format!(
                "{codes} authorizations and resets, the hook was called {authorized} times"
            ));
        }
        Ok(())
    }

    fn is_present(&self, corp: usize, user_id: &str) -> bool {
        let members = &self.corps[corp].members;
        members
            .iter()
            .any(|member| member.id == *user_id && member.present)
    }

    /// Checks the members' epochs: each revocation increments one, so a repeated revocation shows.
    async fn check_people(&self, ended: &HashMap<(usize, String), i64>) -> Checked {
        for ((corp, user_id), most) in ended {
            // After a day a background task asks WeCom whether the member still sees the app, and may revoke too.
            if !self.is_present(*corp, user_id) && self.jumped >= Duration::from_hours(24) {
                continue;
            }
            let (corp_id, id) = (
                self.database.literal(&self.corps[*corp].id),
                self.database.literal(user_id),
            );
            let epoch = format!(
                "SELECT COALESCE(MAX(epoch), 0) FROM wecom_person WHERE corp_id = {corp_id} AND user_id = {id}"
            );
            let epoch = self.number(&epoch).await;
            if epoch > *most {
                return Err(format!(
                    "sessions of {user_id} were to be ended {most} times, and were {epoch} times"
                ));
            }
        }
        Ok(())
    }
}
