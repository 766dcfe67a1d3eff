//! The two lives of the model: that of an inbox record and that of a session.

/// An event, from WeCom's push to the end of its work.
///
/// ```text
/// Pushed ──taken──▶ Acknowledged ──carried out──▶ Settled ◀─┐ again
///                        ▲   │                       └──────┘
///                   again│   └──given up──▶ Failed
///                        └───────────────────┘
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RecordLife {
    /// WeCom tries to deliver it; it may be lost.
    Pushed,
    /// `success` was answered: it must not be lost.
    Acknowledged,
    /// It was carried out, and is never carried out again.
    Settled,
    /// It could not succeed, and the record says why.
    Failed,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum RecordTurn {
    /// A node answered `success`.
    Taken,
    /// The record is `succeeded` or `ignored`.
    CarriedOut,
    /// The record is `failed`.
    GivenUp,
}

impl RecordLife {
    pub(crate) fn after(self, turn: RecordTurn) -> Self {
        match (self, turn) {
            (Self::Settled, _) => Self::Settled,
            (Self::Pushed | Self::Failed | Self::Acknowledged, RecordTurn::Taken) => {
                Self::Acknowledged
            }
            (_, RecordTurn::CarriedOut) => Self::Settled,
            (_, RecordTurn::GivenUp) => Self::Failed,
        }
    }
}

/// A session, from the login to its end. What is doubtful may be either, until something ends it for certain.
///
/// ```text
/// Alive ──may end──▶ Doubtful ──ended──▶ Over
///   └───────────────ended───────────────▶┘
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SessionLife {
    Alive,
    Doubtful,
    Over,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum SessionTurn {
    /// Something was begun that may end it.
    MayEnd,
    /// Something that ends it is done.
    Ended,
}

impl SessionLife {
    pub(crate) fn after(self, turn: SessionTurn) -> Self {
        match (self, turn) {
            (Self::Over, _) | (_, SessionTurn::Ended) => Self::Over,
            (_, SessionTurn::MayEnd) => Self::Doubtful,
        }
    }
}
