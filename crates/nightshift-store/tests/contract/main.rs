//! What every engine must do: each statement below is run on all of them, and afterwards the
//! stored rows are asked whether an invariant is broken.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod attempts;
mod audit;
mod batches;
mod commits;
mod copies;
mod deliveries;
mod drift;
mod given;
mod leases;
mod logs;
mod migrations;
mod numbers;
mod open;
mod outbox;
mod pages;
mod people;
mod postgres;
mod replicas;
mod sharing;
mod tasks;
mod teeth;
mod timed;
mod votes;

use std::sync::Arc;

use nightshift_core::port::store::Store;
use nightshift_core::secret::Secret;
use nightshift_fakes::postgres::Database;
use nightshift_store::{
    Conditions, ConnectOptions, Login, OpenError, OpenOptions, Server, SqlStore, connect, open,
};
use tempfile::TempDir;

pub(crate) async fn open_in(dir: &TempDir) -> Arc<SqlStore> {
    open(OpenOptions {
        data_dir: dir.path().join("data"),
        retry_backoff: std::time::Duration::from_secs(5),
        ids: Arc::new(given::CountedIds::default()),
    })
    .await
    .unwrap()
}

async fn on_sqlite<F>(contract: impl FnOnce(Arc<SqlStore>) -> F)
where
    F: Future<Output = ()>,
{
    let dir = TempDir::new().unwrap();
    let store = open_in(&dir).await;
    contract(store.clone()).await;
    assert_eq!(store.check_invariants().await.unwrap(), [] as [String; 0]);
}

/// In a server; `url` may do everything there.
pub(crate) async fn open_at(url: &str) -> Result<Arc<SqlStore>, OpenError> {
    open_replica(url, 0).await
}

/// One of several on the same database.
pub(crate) async fn open_replica(url: &str, number: u64) -> Result<Arc<SqlStore>, OpenError> {
    open_watched(url, number, Conditions::default()).await
}

/// The same, seen at its commits.
pub(crate) async fn open_watched(
    url: &str,
    number: u64,
    conditions: Conditions,
) -> Result<Arc<SqlStore>, OpenError> {
    let server = Server {
        url: Secret::new(url),
        login: Login::Url,
        managed: false,
        notify_url: None,
    };
    let options = ConnectOptions {
        data_dir: None,
        server,
        retry_backoff: std::time::Duration::from_secs(5),
        ids: Arc::new(given::CountedIds::of_replica(number)),
    };
    connect(options, conditions).await
}

/// A database with our tables and nothing in them.
pub(crate) fn database() -> Database {
    Database::like(&format!("store_{}", tables()), |url| {
        std::thread::scope(|scope| {
            let made = scope.spawn(|| {
                let runtime = tokio::runtime::Runtime::new().unwrap();
                runtime.block_on(async { open_at(url).await.unwrap().close().await });
            });
            made.join().unwrap();
        });
    })
}

/// Names what our migrations make.
fn tables() -> String {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations/postgres");
    let files = std::fs::read_dir(folder).unwrap();
    let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    files.sort_unstable();
    let mut hasher = DefaultHasher::new();
    for file in files {
        std::fs::read(file).unwrap().hash(&mut hasher);
    }
    format!("{:x}", hasher.finish())
}

async fn on_postgres<F>(contract: impl FnOnce(Arc<SqlStore>) -> F)
where
    F: Future<Output = ()>,
{
    let database = database();
    let store = open_at(&database.url()).await.unwrap();
    contract(store.clone()).await;
    assert_eq!(store.check_invariants().await.unwrap(), [] as [String; 0]);
    store.close().await;
}

macro_rules! contract {
    ($($aggregate:ident: $($name:ident),+ ;)+) => {
        mod sqlite {
            $(mod $aggregate {
                $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    crate::on_sqlite(|store| async move {
                        crate::$aggregate::$name(&*store).await;
                    })
                    .await;
                })+
            })+
        }

        mod postgres_too {
            $(mod $aggregate {
                $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    crate::on_postgres(|store| async move {
                        crate::$aggregate::$name(&*store).await;
                    })
                    .await;
                })+
            })+
        }
    };
}

contract! {
    deliveries:
        a_delivery_is_accepted_once_by_any_of_its_keys,
        one_platforms_deliveries_do_not_stand_before_anothers,
        a_repetition_inside_a_batch_is_a_duplicate,
        the_same_id_with_another_body_is_refused,
        a_refused_body_does_not_poison_later_deliveries,
        batches_at_once_accept_each_delivery_once,
        a_key_is_forgotten_after_fourteen_days,
        a_delivery_is_settled_once_and_its_credential_forgotten,
        every_delivery_leaves_an_event;
    tasks:
        a_task_is_read_back_as_it_was_made,
        one_delivery_makes_one_task,
        a_client_key_names_one_task,
        tasks_are_listed_newest_first_in_pages,
        tasks_are_found_by_state_owner_and_text,
        a_planner_holds_a_task_alone,
        an_old_planner_records_nothing,
        a_plan_that_cannot_be_made_fails_the_task,
        a_plan_is_kept_when_another_replaces_it,
        revise_gives_the_feedback_to_the_planner_and_new_buttons,
        a_cancelled_task_stays_cancelled,
        retry_plans_again_under_a_higher_fence,
        a_question_is_asked_until_it_is_answered,
        the_queue_has_positions,
        history_tells_what_comparable_tasks_used,
        events_are_numbered_and_filtered;
    votes:
        of_two_votes_at_once_one_decides,
        a_second_vote_is_not_counted,
        two_people_are_needed_where_the_request_says_so,
        a_rejection_wins_over_votes_before,
        a_vote_about_another_plan_is_stale,
        an_expired_request_is_never_granted,
        a_sweep_expires_what_nobody_decided,
        a_vote_acts_on_its_delivery_once,
        a_vote_that_changes_nothing_leaves_its_delivery_open;
    attempts:
        nothing_runs_unapproved,
        several_are_leased_and_ended_in_one_commit_each,
        a_task_is_leased_to_one_of_many,
        a_plan_let_through_runs_without_a_vote,
        a_finish_completes_the_task,
        a_zombie_changes_nothing,
        a_lost_lease_is_run_again_and_the_third_loss_is_the_last,
        renewing_keeps_a_lease_and_tells_who_must_stop,
        a_finish_that_beats_the_cancel_stands,
        a_restart_takes_over_what_the_former_life_held,
        a_retryable_failure_waits_before_it_runs_again,
        a_returned_lease_spends_no_attempt,
        progress_is_told_once_per_step,
        usage_is_the_sum_of_all_attempts;
    batches:
        one_end_of_a_batch_is_heard_apart_from_the_others,
        one_start_of_a_batch_is_heard_apart_from_the_others,
        a_leased_task_is_what_is_stored,
        two_batches_at_once_share_what_waits,
        messages_of_a_batch_keep_the_order_of_their_conversation;
    leases:
        a_lease_that_does_not_start_in_time_returns,
        a_lease_that_started_does_not_return,
        a_cancelled_lease_that_never_starts_is_cancelled,
        an_attempt_that_never_ends_is_ended_at_its_deadline,
        a_cancel_that_nobody_obeys_ends_at_the_deadline,
        the_third_loss_is_told_to_the_operators_once,
        an_alert_is_relayed_to_each_channel_once,
        a_request_that_planners_die_over_is_given_up,
        losses_of_planners_are_none_of_the_attempts,
        who_is_not_an_earlier_life_gets_grace,
        what_was_lost_waits_before_it_runs_again,
        the_log_never_goes_back_in_time,
        our_time_is_kept_and_never_taken_back;
    outbox:
        only_the_head_of_a_conversation_is_claimed,
        conversations_do_not_wait_for_each_other,
        a_card_that_changed_often_is_sent_once,
        a_change_during_a_send_is_sent_afterwards,
        a_change_during_a_failed_send_is_not_sent_twice,
        a_fast_plan_never_shows_a_planning_card,
        a_slow_plan_shows_one,
        what_follows_goes_below_the_first_message,
        a_task_from_a_thread_answers_in_that_thread,
        a_channel_keeps_its_rate_and_a_whisper_need_not,
        a_workspace_gives_its_burst_and_then_its_rate,
        a_rate_for_some_channels_leaves_the_others_alone,
        conversations_take_turns,
        what_is_blocked_does_not_hide_what_is_not,
        a_block_holds_what_it_is_about_and_no_more,
        after_a_block_the_bucket_begins_with_one_token,
        a_blocked_workspace_waits,
        a_post_in_doubt_waits_for_its_look,
        an_answer_goes_before_a_cards_change_that_waited,
        a_send_in_flight_becomes_unsure_after_a_restart,
        what_is_given_up_lets_the_next_one_go,
        a_whispers_credential_is_forgotten,
        a_task_can_move_to_another_conversation,
        answer_parts_follow_the_final_message,
        the_next_due_time_is_known;
    sharing:
        work_is_led_by_one_until_its_term_ends,
        who_steps_down_is_not_waited_for,
        a_younger_life_takes_the_place_of_an_older_one,
        the_time_of_those_who_are_there_is_told,
        only_who_leads_the_sending_claims,
        what_the_former_leader_was_sending_is_in_doubt,
        the_first_proposal_is_the_value_of_all,
        a_kept_file_is_read_part_by_part;
    people:
        a_person_is_met_once,
        a_stranger_hears_one_word_and_leaves_no_user,
        a_claim_code_makes_one_admin,
        only_a_claim_makes_an_account_known_for_good;
    logs:
        output_is_written_once_without_gaps,
        an_old_fence_writes_no_output,
        output_is_read_by_offset;
    pages:
        a_page_shows_what_is_newer_to_whom_it_is_for;
    timed:
        of_many_who_ask_one_gets_the_run,
        missed_runs_are_one,
        a_run_planned_under_another_clock_is_due,
        an_open_plan_is_reminded_of_once,
        a_reminder_comes_no_earlier_than_asked_and_not_in_the_first_half,
        nobody_is_reminded_of_what_is_decided_or_over,
        deliveries_are_removed_when_they_are_settled_and_old,
        keys_questions_and_strangers_are_forgotten,
        events_about_no_task_are_removed_and_others_keep_their_numbers,
        output_is_removed_whole_and_said_to_be_gone,
        a_removed_task_is_gone_with_all_of_it_and_no_other,
        what_a_removed_task_leaves_breaks_nothing_meanwhile,
        the_page_loses_whole_threads_that_nobody_wrote_in;
}
