//! Rejecting a plan.

use harness::{ADMIN_KEY, World};
use serde_json::json;

#[tokio::test]
async fn a_rejection_is_posted_with_its_reason_in_the_conversation() {
    let w = World::new().await;
    let task = w.asks("ana", "buy a yacht").await;
    w.says("carl", &format!("reject {} far too expensive", task.id))
        .await;
    assert_eq!(w.state(&task.id).await, "cancelled");
    assert_eq!(w.reason(&task.id).await, "rejected_by user_slack_U0CARL");
    let said = w.final_message(&task.id);
    assert!(
        said.visible().contains("far too expensive"),
        "{}",
        said.visible()
    );
    assert_eq!(said.thread_ts, Some(w.card(&task.id).ts));
    assert!(w.card(&task.id).button_labels().is_empty());
    assert_eq!(w.events("approval.denied").await.len(), 1);
    assert!(w.agent.runs().is_empty());
    w.leave().await;
}

#[tokio::test]
async fn a_rejection_by_api_is_posted_too() {
    let w = World::new().await;
    let task = w.asks("ana", "buy a yacht").await;
    let path = format!("/api/v1/tasks/{}/reject", task.id);
    let answer = w
        .api(ADMIN_KEY)
        .post(&path, json!({"reason": "not this year"}))
        .await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["reason"], "rejected_by user_dora");
    w.settle().await;
    let said = w.final_message(&task.id).visible();
    assert!(said.contains("not this year"), "{said}");
    w.leave().await;
}

#[tokio::test]
async fn a_bystander_rejects_nothing() {
    let w = World::new().await;
    let task = w.asks("ana", "paint the fence").await;
    w.says("bob", &format!("reject {} I like it brown", task.id))
        .await;
    assert_eq!(w.state(&task.id).await, "staged");
    assert!(w.whisper("bob").contains("You may not reject this plan"));
    w.leave().await;
}

#[tokio::test]
async fn a_rejected_task_is_not_approved_afterwards() {
    let w = World::new().await;
    let task = w.asks("ana", "paint the fence").await;
    let card = w.card(&task.id);
    w.says("carl", &format!("reject {}", task.id)).await;
    w.presses_as_seen("ana", "Approve", &card).await;
    assert_eq!(w.state(&task.id).await, "cancelled");
    assert!(
        w.whisper("ana").contains("decided already"),
        "{}",
        w.whisper("ana")
    );
    assert!(w.agent.runs().is_empty());
    w.leave().await;
}
