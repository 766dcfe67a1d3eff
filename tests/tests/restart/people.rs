//! Who leaves and who gets another userid is taken care of in two steps: the app dies at each, and a new start goes on.

use std::sync::Arc;

use wecom_login_tests::node::until;

use super::stage::{Stage, some_at_once};

/// What such an event passes. Where sessions have ended it comes by twice: before the binding is changed, for those that
/// there are, and after, for logins that found the old one.
const PLACES: [&str; 7] = [
    "inbox/arrived",
    "inbox/inserted",
    "inbox/stored",
    "worker/found",
    "worker/claimed",
    "people/ended",
    "worker/done",
];
const ENDED: &str = "SELECT MAX(epoch) FROM wecom_person";
const BOUND: &str = "SELECT COUNT(*) FROM wecom_user";

fn deaths(place: &str) -> usize {
    if place == "people/ended" { 2 } else { 1 }
}

async fn is_carried_out(stage: &Stage, place: &str) {
    until("the event is carried out", async || {
        stage.record("change_contact").await["status"] == "succeeded"
    })
    .await;
    assert_eq!(
        stage.database.number(ENDED).await,
        2,
        "{place}: each step was done once"
    );
}

async fn dies_when_a_person_leaves(place: &str) {
    let mut stage = Stage::to_die_at(place).await;
    let (corp, user) = (
        stage.corps[0].clone(),
        stage.sandbox.user_ids(&stage.corps[0])[0].clone(),
    );
    let login = stage.log_in(&user).await;
    let sandbox = Arc::clone(&stage.sandbox);
    stage
        .die_over(place, deaths(place), async move {
            sandbox.leave(&corp, &user).await
        })
        .await;
    is_carried_out(&stage, place).await;
    stage.says(&login, 401).await;
    assert_eq!(
        stage.database.number(BOUND).await,
        0,
        "{place}: whoever has this userid next is somebody else"
    );
    println!("died at {place}: a person left once");
}

async fn dies_when_a_person_is_renamed(place: &str) {
    let mut stage = Stage::to_die_at(place).await;
    let (corp, user) = (
        stage.corps[0].clone(),
        stage.sandbox.user_ids(&stage.corps[0])[0].clone(),
    );
    let (login, renamed) = (stage.log_in(&user).await, "the-new-userid");
    let sandbox = Arc::clone(&stage.sandbox);
    let renaming = async move { sandbox.rename(&corp, &user, renamed).await };
    stage.die_over(place, deaths(place), renaming).await;
    is_carried_out(&stage, place).await;
    stage.says(&login, 401).await;
    let again = stage.log_in(renamed).await;
    assert_eq!(
        again["userId"], login["userId"],
        "{place}: they are who they were"
    );
    assert_eq!(stage.database.number(BOUND).await, 1, "{place}");
    stage.says(&again, 200).await;
    println!("died at {place}: a person was renamed once");
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_it_dies_at_a_person_leaves_once() {
    some_at_once(&PLACES, dies_when_a_person_leaves).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_it_dies_at_a_person_is_renamed_once() {
    some_at_once(&PLACES, dies_when_a_person_is_renamed).await;
}
