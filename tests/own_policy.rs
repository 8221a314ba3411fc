//! The example of a policy written outside of the crate runs in both worlds and keeps the laws.

#[path = "../examples/own_policy.rs"]
mod example;

use dandori::trace::Ended;
use dandori::trace::recording::Origin;

#[test]
fn earliest_deadline_first_runs_in_both_worlds_and_keeps_the_laws() {
    let source = include_str!("../examples/own_policy.rs");
    assert!(source.lines().count() <= 100, "a policy of one's own fits on a page");
    let all = ["edf", "global-queue", "tokio"];
    let table = example::run(&all, &[Origin::Simulated, Origin::Real]).expect("a valid scenario");
    assert_eq!(table.rows.len(), 6);
    for row in &table.rows {
        let run = &row.runs[0];
        assert_eq!(run.violations, 0, "{} {:?}: {:?}", row.policy, row.world, run.violation);
        assert_eq!(run.ended, Some(Ended::Complete), "{} {:?}", row.policy, row.world);
        assert_eq!(run.dropped, 0);
    }
}

#[test]
fn urgent_tasks_wait_for_one_bulk_task_at_most_instead_of_for_all() {
    let table = example::run(&["edf", "global-queue"], &[Origin::Simulated]).expect("a valid scenario");
    let worst = |policy: &str| {
        let row = table.rows.iter().find(|row| row.policy == policy);
        row.and_then(|row| row.runs[0].lateness.max_ns).expect("urgent tasks ran")
    };
    assert!(worst("edf") <= 1_100_000, "{} ns", worst("edf"));
    assert!(worst("global-queue") >= 10 * worst("edf"));
    assert_eq!(table.focus, "urgent");
}
