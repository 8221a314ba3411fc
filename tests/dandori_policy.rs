//! What our own policy does, as whole programs in the simulator: W1 to W4, and each rule that one of them rests on.

use crate::common::{run_json, run_named, ticker_lateness};
use dandori::id::ThreadId;
use dandori::time::{Nanos, Time};
use dandori::trace::metrics::fold;
use dandori::trace::{Event, Record, Recording, Role};

fn ms(length: u64) -> Nanos {
    Nanos::from_millis(length)
}

fn retakes(records: &[Record]) -> Vec<Time> {
    records.iter().filter(|r| matches!(r.event, Event::Retake { .. })).map(|r| r.at).collect()
}

fn threads_started(records: &[Record]) -> usize {
    records.iter().filter(|r| matches!(r.event, Event::ThreadStart { role: Role::Worker | Role::Pool, .. })).count()
}

/// When the monitor got a CPU.
fn looks(records: &[Record]) -> Vec<Time> {
    let monitor = records.iter().find_map(|r| match r.event {
        Event::ThreadStart { thread, role: Role::Monitor } => Some(thread),
        _ => None,
    });
    let monitor: ThreadId = monitor.expect("there is a monitor");
    let is = |r: &&Record| r.thread == Some(monitor) && matches!(r.event, Event::CpuOn { .. });
    records.iter().filter(is).map(|r| r.at).collect()
}

#[test]
fn nobody_says_that_it_blocks_or_computes_and_the_ticker_is_on_time() {
    for costs in ["server", "laptop"] {
        for (name, most_threads) in [("w1", 5), ("w2", 24), ("w3", 8), ("w4", 8)] {
            let run = run_named(name, "dandori", &[("machine.costs", &format!("{costs:?}"))]);
            let late = ticker_lateness(&run);
            assert!(late <= ms(25), "{name} on a {costs}: {late}");
            let threads = fold(&run).peak_threads;
            assert!(threads <= most_threads, "{name} on a {costs}: {threads} threads");
            let tokio = ticker_lateness(&run_named(name, "tokio", &[("machine.costs", &format!("{costs:?}"))]));
            assert!(tokio > ms(200), "{name} on a {costs}: tokio {tokio}");
        }
    }
}

/// So many block from the start, on four workers, beside one that computes shortly and spawned them.
const STORM: &str = r#"{
  "dandori": 1, "name": "storm",
  "machine": {"cpus": 4, "costs": "ideal"},
  "policy": {"name": "dandori", "workers": 4},
  "limits": {"end": "200 ms"},
  "tasks": {
    "job": {"label": "J", "arrive": [{"at": "1 ms", "count": 5}], "program": [{"block": "100 ms"}]}
  }
}"#;

#[test]
fn four_that_block_at_once_are_replaced_at_the_same_look() {
    let records = run_json(STORM, &[]);
    let at = retakes(&records);
    // The fifth waits; it runs on one of the four, and then three more are free.
    assert_eq!(at.len(), 4, "{at:?}");
    assert!(at.iter().all(|&other| other == at[0]), "{at:?}");
    // Seen at the latest one period after it began, and again one period later.
    assert!(at[0] >= Time(2_000_000) && at[0] <= Time(4_000_000), "{at:?}");
}

#[test]
fn if_all_are_stuck_and_nobody_waits_one_is_replaced_for_the_timers() {
    let records = run_json(STORM, &[("tasks.job.arrive.0.count", "4")]);
    assert_eq!(retakes(&records).len(), 1);
    // One that still has a worker free needs nobody.
    assert!(retakes(&run_json(STORM, &[("tasks.job.arrive.0.count", "3")])).is_empty());
}

#[test]
fn behind_a_stuck_poll_a_sleeping_worker_is_woken_instead_of_a_new_thread() {
    // Polls are known to be short when the last one spawns others and blocks: nobody is woken for them.
    let json = r#"{
      "dandori": 1, "name": "behind", "machine": {"cpus": 2, "costs": "ideal"},
      "policy": {"name": "dandori", "workers": 2, "max_slot_polls": 3}, "limits": {"end": "1 s"},
      "tasks": {
        "main": {"label": "M", "arrive": [{"at": "0 ns"}], "program": [
          {"repeat": {"times": 2000, "do": ["yield_now"]}},
          {"spawn": {"kind": "small", "count": 2}}, {"block": "100 ms"}]},
        "small": {"label": "S", "program": []}
      }}"#;
    let records = run_json(json, &[]);
    let blocks = records.iter().find(|r| matches!(r.event, Event::StretchStart { .. })).expect("it blocks").at;
    let ends: Vec<Nanos> = records
        .iter()
        .filter(|r| matches!(r.event, Event::PollEnd { task, .. } if task.0 > 0))
        .map(|r| r.at.since(blocks))
        .collect();
    assert_eq!(ends.len(), 2);
    assert!(ends.iter().all(|&end| end <= ms(4)), "{ends:?}");
    // The one in the ring is taken by the other worker. The one in the slot needs the stuck worker's.
    assert_eq!(retakes(&records).len(), 1);
    let steals = records.iter().filter(|r| matches!(r.event, Event::Steal { .. })).count();
    assert_eq!(steals, 1);
}

#[test]
fn a_task_in_the_slot_of_a_stuck_worker_does_not_wait_for_it() {
    let took = |policy: &str| fold(&run_named("lifo-slot", policy, &[])).measures[0].took.max().expect("measured");
    assert!(took("tokio") >= ms(1_000));
    assert!(took("dandori") <= ms(505), "{}", took("dandori"));
}

/// Most polls at once of tasks whose kind is `job`.
fn most_at_once(recording: &Recording) -> usize {
    let (mut open, mut most) = (std::collections::BTreeSet::new(), 0);
    for record in recording.trace.iter() {
        match record.event {
            Event::PollStart { task, .. } => {
                open.insert(task);
                most = most.max(open.len());
            }
            Event::PollEnd { task, .. } => {
                open.remove(&task);
            }
            _ => {}
        }
    }
    most
}

#[test]
fn so_many_may_compute_without_a_worker_and_any_number_may_sleep() {
    let computing =
        |per_worker: &str| most_at_once(&run_named("w3", "dandori", &[("policy.max_computing", per_worker)]));
    // Those without a worker, and a ticker.
    assert!((4..=5).contains(&computing("2")), "{}", computing("2"));
    assert!((8..=9).contains(&computing("4")), "{}", computing("4"));
    assert!(most_at_once(&run_named("w2", "dandori", &[])) >= 20);
}

#[test]
fn at_the_limit_timers_go_on_and_new_tasks_wait_until_a_thread_is_back() {
    let json = r#"{
      "dandori": 1, "name": "limit", "machine": {"cpus": 2, "costs": "ideal"},
      "policy": {"name": "dandori", "workers": 2}, "limits": {"end": "500 ms"},
      "tasks": {
        "hog": {"label": "H", "arrive": [{"at": "0 ns", "count": 4}], "program": [{"cpu": "50 ms"}]},
        "guest": {"label": "G", "arrive": [{"at": "20 ms"}], "program": []},
        "child": {"label": "C", "program": []},
        "ticker": {"label": "T", "arrive": [{"at": "0 ns"}], "program": [{"repeat": {"times": 8, "do": [{"sleep": {"every": "10 ms"}}, {"spawn": "child"}]}}]}
      }}"#;
    let records = run_json(json, &[]);
    let kinds: std::collections::BTreeMap<_, _> = records
        .iter()
        .filter_map(|r| match r.event {
            Event::Spawn { task, kind, .. } => Some((task, kind.index())),
            _ => None,
        })
        .collect();
    let polls = |wanted: usize| -> Vec<Time> {
        let is = |r: &&Record| matches!(r.event, Event::PollStart { task, .. } if kinds[&task] == wanted);
        records.iter().filter(is).map(|r| r.at).collect()
    };
    let hogs_end = records
        .iter()
        .filter(|r| matches!(r.event, Event::PollEnd { task, .. } if kinds[&task] == 0))
        .map(|r| r.at)
        .collect::<Vec<_>>();
    let guest = polls(1)[0];
    assert!(guest > Time(80_000_000), "the first of four that share two CPUs ends after 80 ms or later: {guest}");
    assert!(guest.since(hogs_end[0]) < ms(1), "as soon as one thread is back: {guest}, {hogs_end:?}");
    let ticks = polls(3);
    let on_time = ticks.iter().filter(|&&at| at > Time(20_000_000) && at < Time(80_000_000)).count();
    assert!(on_time >= 5, "{ticks:?}");
    // What they spawn is new, too.
    assert!(polls(2).iter().all(|&at| at >= hogs_end[0]), "{:?}", polls(2));
}

#[test]
fn a_thread_that_lost_its_worker_is_the_next_spare() {
    // One after the other, each beside a task that waits behind it.
    let json = r#"{
      "dandori": 1, "name": "spares", "machine": {"cpus": 2, "costs": "ideal"},
      "policy": {"name": "dandori", "workers": 1}, "limits": {"end": "2 s"},
      "tasks": {
        "job": {"label": "J", "arrive": [{"every": "50 ms", "count": 20}], "program": [{"block": "20 ms"}]},
        "ticker": {"label": "T", "arrive": [{"at": "0 ns"}], "program": [{"repeat": {"times": 900, "do": [{"sleep": "1 ms"}]}}]}
      }}"#;
    let records = run_json(json, &[]);
    assert!(retakes(&records).len() >= 19, "{}", retakes(&records).len());
    assert_eq!(threads_started(&records), 2);
}

#[test]
fn jobs_too_short_to_be_stuck_let_the_ticker_in_once_a_look() {
    let job = r#"[{"measure": {"label": "job", "do": [{"cpu": "900 us"}]}}]"#;
    let run = run_named("w4", "dandori", &[("tasks.job.program", job)]);
    assert!(ticker_lateness(&run) < ms(5), "{}", ticker_lateness(&run));
    let seldom = run_named("w4", "dandori", &[("tasks.job.program", job), ("policy.period", "100 ms")]);
    assert!(ticker_lateness(&seldom) > ms(25), "{}", ticker_lateness(&seldom));
}

#[test]
fn who_leaves_the_driver_wakes_somebody_to_take_it_over() {
    // The monitor sleeps by the time the blocker leaves the driver.
    let late = |keeps: &str| {
        let set = [("policy.keep_driver", keeps), ("policy.linger", "2 ms")];
        let metrics = fold(&run_named("driver-hazard", "dandori", &set));
        metrics.kind("second").expect("it ran").lateness.max().expect("polled twice")
    };
    assert!(late("false") < ms(1), "{}", late("false"));
    assert!(late("true") > ms(900), "{}", late("true"));
}

#[test]
fn the_monitor_sleeps_until_something_waits_for_which_nobody_was_woken() {
    let json = r#"{
      "dandori": 1, "name": "quiet", "machine": {"cpus": 2, "costs": "ideal"},
      "policy": {"name": "dandori", "workers": 2}, "limits": {"end": "3 s"},
      "tasks": {
        "sleeper": {"label": "S", "arrive": [{"at": "0 ns"}], "program": [{"sleep": "1 s"}, {"repeat": {"times": 100, "do": ["yield_now"]}}]},
        "ticker": {"label": "T", "arrive": [{"at": "0 ns"}], "program": [{"repeat": {"times": 200, "do": [{"sleep": "10 ms"}]}}]}
      }}"#;
    let looks = looks(&run_json(json, &[]));
    let between = |from: u64, to: u64| looks.iter().filter(|at| (from..to).contains(&(at.0 / 1_000_000))).count();
    assert!(between(0, 30) >= 20, "{looks:?}");
    assert_eq!(between(30, 1_000), 0, "a ticker alone needs nobody: {looks:?}");
    assert!(between(1_000, 1_030) >= 20, "one that yields leaves something waiting: {looks:?}");
    assert_eq!(between(1_030, 3_000), 0, "{looks:?}");
}

#[test]
fn tasks_too_short_for_a_wake_stay_with_one_worker() {
    let stolen = |name: &str, set: &[(&str, &str)]| fold(&run_named(name, "dandori", set)).total_steal_count;
    let always = [("policy.grain", "0 ns"), ("policy.worth", "0 ns")];
    for name in ["spawn-many", "yield-many"] {
        let (all, worth) = (stolen(name, &always), stolen(name, &[]));
        // Of 10,000 tasks and 200,000 polls. What is stolen has a long way to the other CPU, which makes it look longer.
        assert!(worth < all && worth < 200, "{name}: {worth}, and {all} without the rule");
    }
    let took = |workers: &str| {
        let run = run_named("yield-many", "dandori", &[("policy.workers", workers)]);
        fold(&run).last_end.expect("it ended")
    };
    let (one, two) = (took("1"), took("2"));
    assert!(two.0 <= one.0 + one.0 / 20, "two workers {two}, one {one}");
}

#[test]
fn a_thousand_messages_take_eight_polls_with_the_budget_and_one_without() {
    let json = r#"{
      "dandori": 1, "name": "messages", "machine": {"cpus": 2, "costs": "ideal"},
      "policy": {"name": "dandori", "workers": 1}, "limits": {"end": "1 s"},
      "channels": {"full": {"ready": 1000}},
      "tasks": {"drain": {"label": "D", "arrive": [{"at": "0 ns"}], "program": [{"recv": {"channel": "full", "count": 1000}}]}}
    }"#;
    let polls = |budget: &str| {
        let records = run_json(json, &[("policy.coop_budget", budget)]);
        records.iter().filter(|record| matches!(record.event, Event::PollStart { .. })).count()
    };
    assert_eq!((polls("128"), polls("500"), polls("0")), (8, 2, 1));
}
