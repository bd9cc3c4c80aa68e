//! Messages go out in order, paced, each card in its newest revision.

use std::time::Duration;

use nightshift_core::approval::Decision;
use nightshift_core::authorise::Action;
use nightshift_core::card::Card;
use nightshift_core::chat::budget::{Act, Budget, Budgets, Scope};
use nightshift_core::chat::{Conversation, MessageRef};
use nightshift_core::id::TaskId;
use nightshift_core::notice::Notice;
use nightshift_core::port::replicas::Sender;
use nightshift_core::port::store::{
    Attempts, Blocked, Cause, Finish, Outbox, OutboxItem, Outgoing, Store, Whisper,
};
use nightshift_core::task::TaskEvent;
use nightshift_core::time::Timestamp;
use tempfile::TempDir;

use crate::given::{
    account, approve, ask, at, chat, claim, claim_one, completed, created, events, finish, millis,
    moved, permit, plan, planning, recorded, room, running, staged, thread, vote,
};
use crate::open_in;

fn say(to: Conversation, text: &str) -> Outgoing {
    Outgoing {
        to,
        notice: Notice::Say {
            card: Card::say(text),
        },
        whisper: None,
    }
}

fn whisper(to: Conversation, text: &str) -> Outgoing {
    Outgoing {
        whisper: Some(Whisper {
            person: account("U2"),
            handle: Some("handle".to_owned()),
        }),
        ..say(to, text)
    }
}

fn text(item: &OutboxItem) -> String {
    match &item.notice {
        Notice::Say { card } => card.plain(),
        other => format!("{other:?}"),
    }
}

fn card_of(task: &TaskId, plan_no: u32) -> Notice {
    Notice::TaskCard {
        task: task.clone(),
        plan_no,
    }
}

async fn deliver(store: &dyn Store, item: &OutboxItem, id: &str, now: Timestamp) {
    let message = MessageRef {
        channel: "C1-answered".to_owned(),
        id: id.to_owned(),
    };
    store.sent(item, Some(&message), now).await.unwrap();
}

/// Sends everything that is due and returns what it was.
async fn deliver_all(store: &dyn Store, now: Timestamp) -> Vec<OutboxItem> {
    let mut sent = Vec::new();
    loop {
        let items = claim(store, now).await;
        if items.is_empty() {
            return sent;
        }
        for item in items {
            deliver(store, &item, &format!("m{}", item.id), now).await;
            sent.push(item);
        }
    }
}

pub(crate) async fn only_the_head_of_a_conversation_is_claimed(store: &dyn Store) {
    let messages: Vec<Outgoing> = (0..3).map(|n| say(room("C1"), &n.to_string())).collect();
    store.enqueue(&messages, at(0)).await.unwrap();
    let first = claim_one(store, at(0)).await;
    assert_eq!(text(&first), "0");
    assert!(claim(store, at(0)).await.is_empty(), "it is being sent");
    let later = at(10);
    store
        .postpone(&first, later, false, "rate limited")
        .await
        .unwrap();
    assert!(claim(store, at(9)).await.is_empty(), "it blocks the others");
    let first = claim_one(store, later).await;
    assert_eq!((text(&first), first.attempt), ("0".to_owned(), 1));
    deliver(store, &first, "m1", later).await;
    assert_eq!(text(&claim_one(store, later).await), "1");
}

pub(crate) async fn conversations_do_not_wait_for_each_other(store: &dyn Store) {
    let to = [
        say(room("C1"), "a"),
        say(room("C2"), "b"),
        say(thread("C1", "1.1"), "c"),
        say(room("C1"), "d"),
    ];
    store.enqueue(&to, at(0)).await.unwrap();
    let texts: Vec<String> = claim(store, at(0)).await.iter().map(text).collect();
    assert_eq!(texts, ["a", "b", "c"]);
}

pub(crate) async fn a_card_that_changed_often_is_sent_once(store: &dyn Store) {
    let task = staged(store, &ask("a")).await;
    approve(store, &task.id, "user_ana").await;
    let leased = crate::given::lease(store, at(2)).await.unwrap();
    let item = claim_one(store, at(2)).await;
    assert_eq!(item.notice, card_of(&task.id, 1));
    assert_eq!(item.message, None);
    deliver(store, &item, "m1", at(2)).await;
    assert!(claim(store, at(9)).await.is_empty());
    completed(store, &leased, at(10)).await;
    // The answer goes first: the card may change no faster than its pace.
    let last = claim_one(store, at(10)).await;
    let Notice::Final { task: of, fence } = &last.notice else {
        panic!("{last:?}");
    };
    assert_eq!((of, *fence), (&task.id, leased.fence.0));
    deliver(store, &last, "m2", at(10)).await;
    let edit = claim_one(store, at(10)).await;
    let message = edit.message.clone().unwrap();
    assert_eq!(
        (message.channel.as_str(), &*message.id),
        ("C1-answered", "m1")
    );
}

pub(crate) async fn a_change_during_a_send_is_sent_afterwards(store: &dyn Store) {
    let task = staged(store, &ask("a")).await;
    let item = claim_one(store, at(0)).await;
    approve(store, &task.id, "user_ana").await;
    assert!(claim(store, at(1)).await.is_empty());
    deliver(store, &item, "m1", at(1)).await;
    let edit = claim_one(store, at(1)).await;
    assert_eq!(edit.notice, card_of(&task.id, 1));
    assert!(edit.message.is_some());
}

pub(crate) async fn a_change_during_a_failed_send_is_not_sent_twice(store: &dyn Store) {
    let task = staged(store, &ask("a")).await;
    let item = claim_one(store, at(0)).await;
    approve(store, &task.id, "user_ana").await;
    store.postpone(&item, at(5), true, "timeout").await.unwrap();
    let again = claim_one(store, at(5)).await;
    assert_eq!(again.id, item.id);
    assert!(again.unsure);
    assert_eq!(again.marker, item.marker);
    deliver(store, &again, "m1", at(5)).await;
    // What was found of the first try shows the card as it was then.
    let edit = claim_one(store, at(9)).await;
    assert!(edit.message.is_some());
    deliver(store, &edit, "m1", at(9)).await;
    assert!(claim(store, at(10)).await.is_empty());
}

pub(crate) async fn a_fast_plan_never_shows_a_planning_card(store: &dyn Store) {
    let task = created(store, &ask("a"), at(0)).await;
    assert!(claim(store, millis(900)).await.is_empty());
    assert_eq!(
        store.next_due(&Sender::alone(), at(0)).await.unwrap(),
        Some(at(1))
    );
    let lease = planning(store, at(0)).await;
    recorded(store, &lease, &plan("a"), Some(1), millis(900)).await;
    let item = claim_one(store, millis(900)).await;
    assert_eq!(item.notice, card_of(&task.id, 1));
    deliver(store, &item, "m1", millis(900)).await;
    assert!(claim(store, at(5)).await.is_empty());

    // So it is for the plan after a revision, below the old card.
    let revise = permit("user_ana", Action::Revise);
    let cause = Cause::default();
    moved(
        store
            .revise(&task.id, Some(1), &revise, "x", &cause, at(10))
            .await
            .unwrap(),
    );
    let old = claim_one(store, at(10)).await;
    assert_eq!(old.notice, card_of(&task.id, 1));
    deliver(store, &old, "m1", at(10)).await;
    assert!(claim(store, millis(10_900)).await.is_empty());
    let lease = planning(store, at(10)).await;
    recorded(store, &lease, &plan("b"), Some(1), millis(10_900)).await;
    let new = claim_one(store, millis(10_900)).await;
    assert_eq!((new.notice, new.message), (card_of(&task.id, 2), None));
}

pub(crate) async fn a_slow_plan_shows_one(store: &dyn Store) {
    let task = created(store, &ask("a"), at(0)).await;
    let item = claim_one(store, at(1)).await;
    assert_eq!(item.notice, card_of(&task.id, 1));
    deliver(store, &item, "m1", at(1)).await;
    let lease = planning(store, at(1)).await;
    recorded(store, &lease, &plan("a"), Some(1), at(3)).await;
    let edit = claim_one(store, at(3)).await;
    assert!(edit.message.is_some());
}

pub(crate) async fn what_follows_goes_below_the_first_message(store: &dyn Store) {
    let task = staged(store, &ask("a")).await;
    let no = vote(&task.id, "user_bob", Decision::Reject);
    let card = claim_one(store, at(0)).await;
    assert_eq!(card.to, room("C1"));
    deliver(store, &card, "17.01", at(0)).await;
    store
        .cast_vote(&no, &Cause::default(), at(1))
        .await
        .unwrap();
    let sent = deliver_all(store, at(1)).await;
    assert_eq!(sent.len(), 2, "the card's edit and the final message");
    assert!(sent.iter().all(|item| item.to == thread("C1", "17.01")));
    let task = store.task(&task.id).await.unwrap().unwrap();
    assert_eq!(task.origin, Some(thread("C1", "17.01")));
    // Another task from the same place has a message of its own on top.
    staged(store, &ask("b")).await;
    assert_eq!(claim_one(store, at(2)).await.to, room("C1"));
}

pub(crate) async fn a_task_from_a_thread_answers_in_that_thread(store: &dyn Store) {
    let mut new = ask("a");
    new.origin = Some(thread("C1", "9.9"));
    staged(store, &new).await;
    let item = claim_one(store, at(0)).await;
    deliver(store, &item, "10.1", at(0)).await;
    store
        .enqueue(&[say(thread("C1", "9.9"), "hello")], at(1))
        .await
        .unwrap();
    let next = claim_one(store, at(1)).await;
    assert_eq!(next.to, thread("C1", "9.9"));
}

const POSTS: Budget = Budget {
    name: "posts",
    acts: &[Act::Post, Act::File],
    scope: Scope::Channel,
    channels: "",
    every: Duration::from_secs(5),
    burst: 1,
};

/// Budgets of the one platform of these tests.
fn budgets(of: &'static [Budget]) -> Budgets {
    [(chat(), of)].into_iter().collect()
}

async fn texts(store: &dyn Store, budgets: &Budgets, now: Timestamp) -> Vec<String> {
    let items = store
        .claim_outbox(&Sender::alone(), 100, budgets, now)
        .await
        .unwrap();
    for item in &items {
        deliver(store, item, &format!("m{}", item.id), now).await;
    }
    items.iter().map(text).collect()
}

fn block(workspace: &str, channel: Option<&str>, act: Option<Act>) -> Blocked {
    Blocked {
        platform: chat(),
        workspace: Some(workspace.to_owned()),
        channel: channel.map(str::to_owned),
        act,
    }
}

pub(crate) async fn a_channel_keeps_its_rate_and_a_whisper_need_not(store: &dyn Store) {
    let rate = budgets(&[POSTS]);
    let to = [
        say(room("C1"), "a"),
        whisper(room("C1"), "b"),
        say(room("C1"), "c"),
        say(thread("C1", "1.1"), "d"),
        say(room("C2"), "e"),
    ];
    store.enqueue(&to, at(0)).await.unwrap();
    assert_eq!(texts(store, &rate, at(0)).await, ["a", "e"]);
    assert_eq!(texts(store, &rate, at(1)).await, ["b"]);
    assert!(texts(store, &rate, at(4)).await.is_empty());
    assert_eq!(
        store.next_due(&Sender::alone(), at(4)).await.unwrap(),
        Some(at(5))
    );
    assert_eq!(texts(store, &rate, at(5)).await, ["d"]);
    assert!(texts(store, &rate, at(9)).await.is_empty());
    assert_eq!(texts(store, &rate, at(10)).await, ["c"]);
}

pub(crate) async fn a_workspace_gives_its_burst_and_then_its_rate(store: &dyn Store) {
    const WIDE: Budget = Budget {
        scope: Scope::Workspace,
        every: Duration::from_secs(2),
        burst: 3,
        ..POSTS
    };
    let rate = budgets(&[WIDE]);
    let to: Vec<Outgoing> = (0..6)
        .map(|n| say(room(&format!("C{n}")), &n.to_string()))
        .collect();
    store.enqueue(&to, at(0)).await.unwrap();
    assert_eq!(texts(store, &rate, at(0)).await, ["0", "1", "2"]);
    assert_eq!(
        store.next_due(&Sender::alone(), at(0)).await.unwrap(),
        Some(at(2))
    );
    assert!(texts(store, &rate, millis(1999)).await.is_empty());
    assert_eq!(texts(store, &rate, at(2)).await, ["3"]);
    assert_eq!(texts(store, &rate, at(6)).await, ["4", "5"]);
}

pub(crate) async fn a_rate_for_some_channels_leaves_the_others_alone(store: &dyn Store) {
    const GROUPS: Budget = Budget {
        channels: "-",
        ..POSTS
    };
    let rate = budgets(&[GROUPS]);
    let to = [
        say(room("-1"), "a"),
        say(thread("-1", "t"), "b"),
        say(room("1"), "c"),
        say(thread("1", "t"), "d"),
    ];
    store.enqueue(&to, at(0)).await.unwrap();
    assert_eq!(texts(store, &rate, at(0)).await, ["a", "c", "d"]);
    assert_eq!(texts(store, &rate, at(5)).await, ["b"]);
}

pub(crate) async fn conversations_take_turns(store: &dyn Store) {
    const WIDE: Budget = Budget {
        scope: Scope::Workspace,
        every: Duration::from_secs(1),
        ..POSTS
    };
    let rate = budgets(&[WIDE]);
    let noisy: Vec<Outgoing> = (0..100)
        .map(|n| say(thread("C1", "1.1"), &format!("noise {n}")))
        .collect();
    store.enqueue(&noisy, at(0)).await.unwrap();
    let others = [say(thread("C1", "2.2"), "word"), say(room("C2"), "other")];
    store.enqueue(&others, at(1)).await.unwrap();
    let mut sent = Vec::new();
    for second in 1..=4 {
        sent.extend(texts(store, &rate, at(second)).await);
    }
    sent.sort();
    assert_eq!(sent, ["noise 0", "noise 1", "other", "word"]);
}

pub(crate) async fn what_is_blocked_does_not_hide_what_is_not(store: &dyn Store) {
    let mut to: Vec<Outgoing> = (0..500)
        .map(|n| say(thread("C1", &n.to_string()), "held"))
        .collect();
    let elsewhere = Conversation {
        workspace: "T2".to_owned(),
        ..room("C9")
    };
    to.push(say(room("C2"), "here"));
    to.push(say(elsewhere, "there"));
    store.enqueue(&to, at(0)).await.unwrap();
    let channel = block("T1", Some("C1"), Some(Act::Post));
    store.block(&channel, at(30), at(0)).await.unwrap();
    let two = store
        .claim_outbox(&Sender::alone(), 2, &Budgets::default(), at(1))
        .await;
    let two: Vec<String> = two.unwrap().iter().map(text).collect();
    assert_eq!(two, ["here", "there"]);
    assert!(claim(store, at(29)).await.is_empty());
    assert_eq!(
        store.next_due(&Sender::alone(), at(29)).await.unwrap(),
        Some(at(30))
    );
    assert_eq!(claim(store, at(30)).await.len(), 100);
}

pub(crate) async fn a_block_holds_what_it_is_about_and_no_more(store: &dyn Store) {
    let to = |n: &str| {
        [
            say(room(&format!("C{n}")), n),
            whisper(room(&format!("W{n}")), n),
        ]
    };
    store.enqueue(&to("1"), at(0)).await.unwrap();
    let posts = block("T1", None, Some(Act::Post));
    store.block(&posts, at(30), at(0)).await.unwrap();
    store.block(&posts, at(20), at(0)).await.unwrap();
    assert!(claim_one(store, at(29)).await.whisper.is_some());
    assert_eq!(
        store.next_due(&Sender::alone(), at(29)).await.unwrap(),
        Some(at(30))
    );
    assert!(claim_one(store, at(30)).await.whisper.is_none());
}

pub(crate) async fn after_a_block_the_bucket_begins_with_one_token(store: &dyn Store) {
    const BURST: Budget = Budget { burst: 3, ..POSTS };
    let rate = budgets(&[BURST]);
    let to: Vec<Outgoing> = (0..5)
        .map(|n| say(thread("C1", &n.to_string()), &n.to_string()))
        .collect();
    store.enqueue(&to, at(0)).await.unwrap();
    let items = store
        .claim_outbox(&Sender::alone(), 1, &rate, at(0))
        .await
        .unwrap();
    let told = block("T1", None, Some(Act::Post));
    store.block(&told, at(100), at(0)).await.unwrap();
    store
        .postpone(&items[0], at(100), false, "429")
        .await
        .unwrap();
    assert_eq!(texts(store, &rate, at(100)).await.len(), 1);
    assert!(texts(store, &rate, at(104)).await.is_empty());
    assert_eq!(texts(store, &rate, at(110)).await.len(), 2);
}

pub(crate) async fn a_blocked_workspace_waits(store: &dyn Store) {
    store.enqueue(&[say(room("C1"), "a")], at(0)).await.unwrap();
    let all = block("T1", None, None);
    store.block(&all, at(30), at(0)).await.unwrap();
    store.block(&all, at(20), at(0)).await.unwrap();
    assert!(claim(store, at(29)).await.is_empty());
    assert_eq!(
        store.next_due(&Sender::alone(), at(0)).await.unwrap(),
        Some(at(30))
    );
    store.unblock(&chat(), "T1", at(30)).await.unwrap();
    assert!(claim(store, at(29)).await.is_empty(), "not beyond");
    store.unblock(&chat(), "T1", at(29)).await.unwrap();
    assert_eq!(claim(store, at(1)).await.len(), 1);
}

pub(crate) async fn a_post_in_doubt_waits_for_its_look(store: &dyn Store) {
    const LOOKS: Budget = Budget {
        name: "looks",
        acts: &[Act::Find],
        scope: Scope::Workspace,
        every: Duration::from_secs(10),
        ..POSTS
    };
    let rate = budgets(&[LOOKS]);
    let to = [
        say(room("C1"), "a"),
        say(room("C2"), "b"),
        say(thread("C1", "1.1"), "c"),
    ];
    store.enqueue(&to[..2], at(0)).await.unwrap();
    for item in store
        .claim_outbox(&Sender::alone(), 9, &rate, at(0))
        .await
        .unwrap()
    {
        store.postpone(&item, at(1), true, "lost").await.unwrap();
    }
    store.enqueue(&to[2..], at(1)).await.unwrap();
    let mut now = texts(store, &rate, at(1)).await;
    now.sort();
    assert_eq!(now, ["a", "c"]);
    assert_eq!(
        store.next_due(&Sender::alone(), at(1)).await.unwrap(),
        Some(at(11))
    );
    assert_eq!(texts(store, &rate, at(11)).await, ["b"]);
}

pub(crate) async fn an_answer_goes_before_a_cards_change_that_waited(store: &dyn Store) {
    let task = staged(store, &ask("a")).await;
    let card = claim_one(store, at(0)).await;
    deliver(store, &card, "m1", at(0)).await;
    approve(store, &task.id, "user_ana").await;
    let leased = crate::given::lease(store, at(2)).await.unwrap();
    // The card's change waits for its rate when the answer comes.
    let held = block("T1", None, Some(Act::Edit));
    store.block(&held, at(60), at(2)).await.unwrap();
    assert!(claim(store, at(2)).await.is_empty());
    completed(store, &leased, at(3)).await;
    let last = claim_one(store, at(3)).await;
    assert!(matches!(last.notice, Notice::Final { .. }), "{last:?}");
    deliver(store, &last, "m2", at(3)).await;
    assert!(claim(store, at(59)).await.is_empty());
    assert_eq!(claim_one(store, at(60)).await.notice, card_of(&task.id, 1));
}

pub(crate) async fn a_send_in_flight_becomes_unsure_after_a_restart(store: &dyn Store) {
    let task = staged(store, &ask("a")).await;
    let item = claim_one(store, at(0)).await;
    assert!(!item.unsure);
    approve(store, &task.id, "user_ana").await;
    store.recover("life-2", at(61), at(1)).await.unwrap();
    let again = claim_one(store, at(1)).await;
    assert_eq!((again.id, again.unsure), (item.id, true));
    deliver(store, &again, "m1", at(1)).await;
    // The platform may have found it as it was before the approval: it is brought up to date.
    let edit = claim_one(store, at(2)).await;
    assert_eq!(edit.message.as_ref().map(|sent| &*sent.id), Some("m1"));
    deliver(store, &edit, "m1", at(2)).await;
    assert!(claim(store, at(3)).await.is_empty());
}

pub(crate) async fn what_is_given_up_lets_the_next_one_go(store: &dyn Store) {
    let to = [say(room("C1"), "a"), say(room("C1"), "b")];
    store.enqueue(&to, at(0)).await.unwrap();
    let first = claim_one(store, at(0)).await;
    for _ in 0..2 {
        store.give_up(&first, "is_archived", at(0)).await.unwrap();
    }
    assert_eq!(text(&claim_one(store, at(0)).await), "b");
    assert_eq!(events(store, None).await["message.failed"], 1);
    // What was given up is not sent by a late answer.
    deliver(store, &first, "m1", at(1)).await;
    assert!(!events(store, None).await.contains_key("message.sent"));
}

pub(crate) async fn a_whispers_credential_is_forgotten(store: &dyn Store) {
    store
        .enqueue(&[whisper(room("C1"), "a")], at(0))
        .await
        .unwrap();
    let item = claim_one(store, at(0)).await;
    let held = item.whisper.clone().unwrap();
    assert_eq!(held.person, account("U2"));
    assert_eq!(held.handle.as_deref(), Some("handle"));
    // Where the credential does not work any more, the person is told in a conversation alone.
    let direct = room("D2");
    store.readdress(&item, &direct, at(1)).await.unwrap();
    let item = claim_one(store, at(1)).await;
    assert_eq!((item.to.clone(), item.whisper.clone()), (direct, None));
    deliver(store, &item, "m1", at(1)).await;
    assert_eq!(store.next_due(&Sender::alone(), at(1)).await.unwrap(), None);
}

pub(crate) async fn a_task_can_move_to_another_conversation(store: &dyn Store) {
    let mut new = ask("a");
    new.origin = Some(thread("C1", "9.9"));
    let moving = staged(store, &new).await;
    let staying = staged(store, &new).await;
    let item = claim_one(store, at(0)).await;
    assert_eq!(item.asker, Some(account("U1")));
    store.readdress(&item, &room("D1"), at(1)).await.unwrap();
    approve(store, &moving.id, "user_ana").await;
    let leased = crate::given::lease(store, at(2)).await.unwrap();
    assert_eq!(leased.task.id, moving.id);
    completed(store, &leased, at(3)).await;
    let sent = deliver_all(store, at(3)).await;
    let of = |id: &TaskId| {
        let id = id.clone();
        sent.iter()
            .filter(move |item| format!("{:?}", item.notice).contains(id.as_str()))
            .map(|item| item.to.channel.as_str())
            .collect::<Vec<_>>()
    };
    assert_eq!(of(&moving.id), ["D1", "D1"]);
    assert_eq!(of(&staying.id), ["C1"]);
    let task = store.task(&moving.id).await.unwrap().unwrap();
    assert_eq!(task.origin.unwrap().channel, "D1");
}

pub(crate) async fn answer_parts_follow_the_final_message(store: &dyn Store) {
    let leased = running(store, &ask("a")).await;
    let id = leased.task.id.clone();
    let part = |text: &str| Notice::Part {
        task: id.clone(),
        text: text.to_owned(),
    };
    let event = TaskEvent::Completed {
        fence: leased.fence,
    };
    let end = Finish {
        parts: vec![part("two"), part("three")],
        ..finish(&id, leased.fence, event)
    };
    store.finish(&end, at(3)).await.unwrap();
    let sent = deliver_all(store, at(3)).await;
    let notices: Vec<Notice> = sent.into_iter().map(|item| item.notice).collect();
    assert_eq!(
        notices,
        [
            card_of(&id, 1),
            Notice::Final {
                task: id.clone(),
                fence: leased.fence.0
            },
            part("two"),
            part("three"),
        ]
    );
}

pub(crate) async fn the_next_due_time_is_known(store: &dyn Store) {
    assert_eq!(store.next_due(&Sender::alone(), at(0)).await.unwrap(), None);
    store.enqueue(&[say(room("C1"), "a")], at(3)).await.unwrap();
    assert_eq!(
        store.next_due(&Sender::alone(), at(0)).await.unwrap(),
        Some(at(3))
    );
    let item = claim_one(store, at(3)).await;
    assert_eq!(store.next_due(&Sender::alone(), at(3)).await.unwrap(), None);
    store.postpone(&item, at(8), false, "later").await.unwrap();
    assert_eq!(
        store.next_due(&Sender::alone(), at(3)).await.unwrap(),
        Some(at(8))
    );
}

#[tokio::test]
async fn what_was_spent_blocked_and_doubtful_outlives_the_process() {
    let dir = TempDir::new().unwrap();
    let rate = budgets(&[POSTS]);
    let store = open_in(&dir).await;
    let to = [
        say(room("C1"), "a"),
        say(room("C1"), "b"),
        say(room("C2"), "c"),
    ];
    store.enqueue(&to, at(0)).await.unwrap();
    let held = block("T1", Some("C2"), Some(Act::Post));
    store.block(&held, at(60), at(0)).await.unwrap();
    let first = store
        .claim_outbox(&Sender::alone(), 9, &rate, at(0))
        .await
        .unwrap();
    assert_eq!(first.len(), 1);
    // Nobody says goodbye.
    drop(store);

    let store = open_in(&dir).await;
    store.recover("life-2", at(1), at(1)).await.unwrap();
    let early = store
        .claim_outbox(&Sender::alone(), 9, &rate, at(4))
        .await
        .unwrap();
    assert!(early.is_empty(), "its token is spent: {early:?}");
    let again = store
        .claim_outbox(&Sender::alone(), 9, &rate, at(5))
        .await
        .unwrap();
    let [again] = &again[..] else {
        panic!("{again:?}")
    };
    assert_eq!((again.id, again.unsure), (first[0].id, true));
    deliver(&*store, again, "m1", at(5)).await;
    assert_eq!(texts(&*store, &rate, at(10)).await, ["b"]);
    assert!(texts(&*store, &rate, at(59)).await.is_empty());
    assert_eq!(texts(&*store, &rate, at(60)).await, ["c"]);
    assert_eq!(store.check_invariants().await.unwrap(), [] as [String; 0]);
}
