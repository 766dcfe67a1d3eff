//! The state machines of the model: inbox record and session.

/// An event, from WeCom's push to the end of its work.
///
/// ```text
/// Pushed ─accepted─▶ Acknowledged ──executed────▶ Settled ◀─┐ again
///                        ▲   │                       └──────┘
///                   again│   └──given up──▶ Failed
///                        └───────────────────┘
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RecordState {
    /// WeCom tries to deliver it; it may be lost.
    Pushed,
    /// `success` was answered: it must not be lost.
    Acknowledged,
    /// It was executed, and is never executed again.
    Settled,
    /// It could not succeed, and the record says why.
    Failed,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum RecordEvent {
    /// A node answered `success`.
    Accepted,
    /// The record is `succeeded` or `ignored`.
    Executed,
    /// The record is `failed`.
    GivenUp,
}

impl RecordState {
    pub(crate) fn after(self, turn: RecordEvent) -> Self {
        match (self, turn) {
            (Self::Settled, _) => Self::Settled,
            (Self::Pushed | Self::Failed | Self::Acknowledged, RecordEvent::Accepted) => {
                Self::Acknowledged
            }
            (_, RecordEvent::Executed) => Self::Settled,
            (_, RecordEvent::GivenUp) => Self::Failed,
        }
    }
}

/// A session, from the login to its end. A doubtful one may be valid or revoked, until it certainly ends.
///
/// ```text
/// Valid ──may end──▶ Doubtful ──ended──▶ Revoked
///   └───────────────ended──────────────────▶┘
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SessionState {
    Valid,
    Doubtful,
    Revoked,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum SessionEvent {
    /// Something has begun that may end it.
    MayEnd,
    /// Something that ends it is done.
    Ended,
}

impl SessionState {
    pub(crate) fn after(self, turn: SessionEvent) -> Self {
        match (self, turn) {
            (Self::Revoked, _) | (_, SessionEvent::Ended) => Self::Revoked,
            (_, SessionEvent::MayEnd) => Self::Doubtful,
        }
    }
}
