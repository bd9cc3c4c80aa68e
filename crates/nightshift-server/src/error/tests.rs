use nightshift_core::authorise::{Action, Why};
use nightshift_core::port::StoreKind;
use nightshift_core::user::Permission;

use super::*;

#[test]
fn every_code_has_the_status_of_the_house_table() {
    let table: Vec<String> = Code::ALL
        .iter()
        .map(|code| format!("{} {}", code.status().as_u16(), code.name()))
        .collect();
    assert_eq!(
        table,
        [
            "401 unsigned",
            "413 too_large",
            "400 malformed",
            "401 unauthenticated",
            "403 forbidden",
            "404 not_found",
            "409 wrong_state",
            "409 stale_plan",
            "409 decided",
            "422 invalid",
            "409 idempotency",
            "415 unsupported",
            "405 unsupported",
            "503 unavailable",
            "500 internal",
        ]
    );
}

#[test]
fn a_refusal_names_the_permission_to_the_client_and_the_user_to_the_audit() {
    let refusal = Refusal {
        task: None,
        actor: UserId::new("user_vera"),
        action: Action::Submit,
        why: Why::Lacks(Permission::SubmitTasks),
    };
    let task: TaskId = "task_7k2m9q4x".parse().unwrap();
    let error = ApiError::from(Problem::Forbidden(refusal)).about(&task);
    assert_eq!(error.code, Code::Forbidden);
    assert!(
        error.message.contains("`submit_tasks`"),
        "{}",
        error.message
    );
    let call = error.refused.unwrap();
    assert_eq!(call.who, Some(UserId::new("user_vera")));
    assert_eq!(call.action.as_deref(), Some("submit"));
    assert_eq!(call.task, Some(task));
}

#[test]
fn every_401_and_403_can_be_audited() {
    for error in [
        ApiError::unauthenticated("no key"),
        ApiError::unsigned("somebody"),
        ApiError::from(Problem::Unauthenticated),
    ] {
        assert!(error.refused.is_some(), "{error:?}");
    }
}

#[test]
fn a_full_store_is_unavailable_with_a_time_and_a_corrupt_one_is_internal_and_tells_nothing() {
    let failed = |kind| {
        ApiError::from(StoreError {
            kind,
            retry: Retry::After(Duration::from_secs(7)),
            message: "table task, row 3".into(),
            source: None,
        })
    };
    let full = failed(StoreKind::Full);
    assert_eq!(full.code, Code::Unavailable);
    assert_eq!(full.retry_after, Some(Duration::from_secs(7)));
    let corrupt = failed(StoreKind::Corrupt);
    assert_eq!(corrupt.code, Code::Internal);
    for error in [full, corrupt] {
        assert!(!error.message.contains("row 3"));
        assert!(error.source.is_some());
    }
}
