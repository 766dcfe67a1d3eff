//! A host app with users of its own: its binder asks a person on a page of the app, unless the app's own session says who
//! it is.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use wecom_login::{AuthenticatedMember, Binding, Principal, Result, UserBinder};

/// The page of the app that asks.
pub const LINK_PAGE: &str = "/who-are-you";
/// The cookie of the app's own session, whose value is the user's id.
pub const HOST_COOKIE: &str = "host_session";

/// The app's table of bindings. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct LinkingBinder(Arc<Mutex<HashMap<Principal, String>>>);

impl LinkingBinder {
    /// The number of people that are bound.
    ///
    /// # Panics
    /// A test that held the table panicked.
    #[must_use]
    pub fn bound(&self) -> usize {
        self.0.lock().expect("the table").len()
    }
}

impl UserBinder for LinkingBinder {
    async fn bind(&self, member: &AuthenticatedMember) -> Result<Binding> {
        if let Some(user_id) = self.find(&member.principal).await? {
            return Ok(user_id.into());
        }
        match member.headers.cookie(HOST_COOKIE) {
            Some(user_id) => {
                self.link(&member.principal, user_id).await?;
                Ok(user_id.into())
            }
            None => Ok(Binding::link(LINK_PAGE)),
        }
    }

    async fn link(&self, principal: &Principal, user_id: &str) -> Result<()> {
        let mut bindings = self.0.lock().expect("the table");
        bindings
            .entry(principal.clone())
            .or_insert_with(|| user_id.to_owned());
        Ok(())
    }

    async fn find(&self, principal: &Principal) -> Result<Option<String>> {
        Ok(self.0.lock().expect("the table").get(principal).cloned())
    }

    async fn unbind(&self, principal: &Principal) -> Result<()> {
        self.0.lock().expect("the table").remove(principal);
        Ok(())
    }

    async fn rebind(&self, from: &Principal, to: &Principal) -> Result<()> {
        let mut bindings = self.0.lock().expect("the table");
        if let Some(user_id) = bindings.remove(from) {
            bindings.insert(to.clone(), user_id);
        }
        Ok(())
    }
}
