//! How long what is settled stays to be looked at.

use std::time::Duration;

use crate::error::{Error, ErrorKind, Result};

/// How long callback records are kept, the hashes that detect redeliveries, and what a corp finds that comes back.
///
/// ```
/// use std::time::Duration;
/// use wecom_login::Retention;
///
/// let retention = Retention::default().with_record_ttl(Duration::from_hours(30 * 24));
/// assert_eq!(retention.dedup_ttl, Duration::from_hours(400 * 24));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Retention {
    /// A record goes this long after it came, unless there is still something to do about it. 90 days.
    pub record_ttl: Duration,
    /// The hash of an event goes this long after it came: until then the same event is not done again. 400 days.
    pub dedup_ttl: Duration,
    /// The number of ignored records that are kept of one suite, the newest ones: 10 000.
    pub max_ignored: u64,
    /// A corp whose data was deleted and that authorizes the app again within this time finds its organization code and
    /// the users of its members. Zero keeps nothing. 30 days.
    pub departed_ttl: Duration,
    /// An entry of the audit goes this long after it was written. 180 days.
    pub audit_ttl: Duration,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            record_ttl: Duration::from_hours(90 * 24),
            dedup_ttl: Duration::from_hours(400 * 24),
            max_ignored: 10_000,
            departed_ttl: Duration::from_hours(30 * 24),
            audit_ttl: Duration::from_hours(180 * 24),
        }
    }
}

impl Retention {
    /// Sets how long a record is kept.
    #[must_use]
    pub const fn with_record_ttl(mut self, record_ttl: Duration) -> Self {
        self.record_ttl = record_ttl;
        self
    }

    /// Sets how long the hash of an event is kept: as long as its record at least.
    #[must_use]
    pub const fn with_dedup_ttl(mut self, dedup_ttl: Duration) -> Self {
        self.dedup_ttl = dedup_ttl;
        self
    }

    /// Sets how many ignored records of a suite are kept.
    #[must_use]
    pub const fn with_max_ignored(mut self, max_ignored: u64) -> Self {
        self.max_ignored = max_ignored;
        self
    }

    /// Sets how long a corp that departed may come back and find its organization code and the users of its members.
    #[must_use]
    pub const fn with_departed_ttl(mut self, departed_ttl: Duration) -> Self {
        self.departed_ttl = departed_ttl;
        self
    }

    /// Sets how long the audit is kept.
    #[must_use]
    pub const fn with_audit_ttl(mut self, audit_ttl: Duration) -> Self {
        self.audit_ttl = audit_ttl;
        self
    }

    /// A hash that goes before its record would let the event be recorded twice.
    pub(super) fn checked(self) -> Result<Self> {
        if self.dedup_ttl < self.record_ttl {
            return Err(Error::new(
                ErrorKind::Config,
                "retention: hashes are kept as long as records at least",
            ));
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_outlives_its_record() {
        let day = Duration::from_hours(24);
        assert!(Retention::default().with_dedup_ttl(day).checked().is_err());
        assert!(
            Retention::default()
                .with_record_ttl(day)
                .with_dedup_ttl(day)
                .checked()
                .is_ok()
        );
    }
}
