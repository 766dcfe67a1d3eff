//! The steps of a history.

use proptest::prelude::*;

/// Corps, members of each corp, nodes.
pub(crate) const CORPS: usize = 2;
pub(crate) const PEOPLE: usize = 2;
pub(crate) const NODES: usize = 2;

#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// An action at WeCom, whose push is queued.
    Wecom(Act),
    /// A queued push is delivered to a node, in any order.
    Deliver {
        which: usize,
        node: usize,
    },
    /// A delivered push is redelivered.
    Repeat {
        which: usize,
        node: usize,
    },
    /// `retryCallBack` of a delivered one.
    Retry {
        which: usize,
        node: usize,
    },
    Login {
        corp: usize,
        member: usize,
        node: usize,
    },
    Logout {
        which: usize,
        node: usize,
    },
    LogoutAll {
        which: usize,
        node: usize,
    },
    EndPerson {
        corp: usize,
        member: usize,
        node: usize,
    },
    EndCorp {
        corp: usize,
        node: usize,
    },
    /// A node crashes and starts again.
    Crash {
        node: usize,
    },
    /// All clocks jump.
    ClockJump {
        minutes: u64,
    },
    /// The host app fails the next calls of its hooks, this many of each kind.
    HooksFail {
        times: u32,
    },
    /// Waits until every accepted push is done.
    Settle,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Act {
    Install(usize),
    Change(usize),
    Cancel(usize),
    Reset(usize),
    Unsubscribe(usize, usize),
    Leave(usize, usize),
    Rename(usize, usize),
    Ticket,
}

pub(crate) fn history() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(step(), 6..32)
}

fn step() -> impl Strategy<Value = Step> {
    let any = 0..1000usize;
    prop_oneof![
        5 => act().prop_map(Step::Wecom),
        10 => (any.clone(), 0..NODES).prop_map(|(which, node)| Step::Deliver { which, node }),
        3 => (any.clone(), 0..NODES).prop_map(|(which, node)| Step::Repeat { which, node }),
        1 => (any.clone(), 0..NODES).prop_map(|(which, node)| Step::Retry { which, node }),
        10 => (0..CORPS, 0..PEOPLE, 0..NODES)
            .prop_map(|(corp, member, node)| Step::Login { corp, member, node }),
        2 => (any.clone(), 0..NODES).prop_map(|(which, node)| Step::Logout { which, node }),
        1 => (any, 0..NODES).prop_map(|(which, node)| Step::LogoutAll { which, node }),
        1 => (0..CORPS, 0..PEOPLE, 0..NODES)
            .prop_map(|(corp, member, node)| Step::EndPerson { corp, member, node }),
        1 => (0..CORPS, 0..NODES).prop_map(|(corp, node)| Step::EndCorp { corp, node }),
        2 => (0..NODES).prop_map(|node| Step::Crash { node }),
        2 => prop_oneof![1..12u64, 12..200u64, Just(1500u64)].prop_map(|minutes| Step::ClockJump { minutes }),
        1 => (1..4u32).prop_map(|times| Step::HooksFail { times }),
        3 => Just(Step::Settle),
    ]
}

fn act() -> impl Strategy<Value = Act> {
    let member = (0..CORPS, 0..PEOPLE);
    prop_oneof![
        3 => (0..CORPS).prop_map(Act::Install),
        2 => (0..CORPS).prop_map(Act::Change),
        3 => (0..CORPS).prop_map(Act::Cancel),
        2 => (0..CORPS).prop_map(Act::Reset),
        4 => member.clone().prop_map(|(corp, member)| Act::Unsubscribe(corp, member)),
        1 => member.clone().prop_map(|(corp, member)| Act::Leave(corp, member)),
        2 => member.prop_map(|(corp, member)| Act::Rename(corp, member)),
        1 => Just(Act::Ticket),
    ]
}
