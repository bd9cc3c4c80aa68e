//! From a request to its answer.

use harness::World;

#[tokio::test]
async fn a_slash_command_becomes_a_card_an_approval_a_run_and_an_answer() {
    let w = World::new().await;
    let (ana, research) = (w.slack.user("ana"), w.slack.channel("research"));

    let delivery = ana.slash(&research, "summarise the news").await;
    assert_eq!(delivery.status, Some(200));
    w.settle().await;

    let task = w.task().await;
    let card = w.slack.last_card(&research).expect("a card");
    println!("{}", card.visible());
    println!("{:?}", card.button_labels());
    ana.clicks(&card, "Approve").await;
    w.settle().await;
    let run = w.agent.run_of(&task.id);
    run.answers("It rains in Spain.");
    w.settle().await;
    for m in w.slack.messages(&research) {
        println!(
            "--- {} {:?}\n{}\n{:?}",
            m.ts,
            m.thread_ts,
            m.visible(),
            m.button_labels()
        );
    }
    w.leave().await;
}
