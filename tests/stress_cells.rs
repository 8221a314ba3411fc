//! Six stresses and how each scheduler reacts, one cell at a time, in the simulator: who else makes progress, and after
//! how long. The cells are those of the fact sheet that `docs/validation.md` summarises, its section 7.

use crate::common::vector_programs::{count, polls};
use dandori::policy::Registry;
use dandori::scenario::{Draft, library};
use dandori::sim::Sim;
use dandori::time::Nanos;
use dandori::trace::{Event, Place, Record, Role};

/// Runs tasks for two seconds under a policy, given as JSON.
fn run(policy: &str, cpus: u32, costs: &str, tasks: &str) -> Vec<Record> {
    let json = format!(
        r#"{{"dandori": 1, "name": "stress", "machine": {{"cpus": {cpus}, "costs": "{costs}"}}, "policy": {policy},
             "limits": {{"end": "2 s"}}, "channels": {{"full": {{"ready": 60000}}, "ping": {{}}, "pong": {{}}}}, "tasks": {tasks}}}"#
    );
    let registry = Registry::standard();
    let scenario = Draft::parse(&json).expect("JSON").build(&registry);
    let scenario = scenario.unwrap_or_else(|problems| panic!("{policy}: {problems:?}"));
    Sim::new(&scenario, &registry).expect("a known policy").finish().trace.iter().collect()
}

/// From the spawn of a task to its first poll; `None`: it never comes.
fn wait(records: &[Record], id: u32) -> Option<Nanos> {
    let at = |is: fn(&Event, u32) -> bool| records.iter().find(|record| is(&record.event, id)).map(|record| record.at);
    let spawn = at(|event, id| matches!(event, Event::Spawn { task, .. } if task.0 == id)).expect("it is spawned");
    let poll = at(|event, id| matches!(event, Event::PollStart { task, .. } if task.0 == id));
    poll.map(|poll| poll.since(spawn))
}

/// How long a task that comes at 100 ms waits beside so many that have done this since 10 ms.
fn beside(policy: &str, hogs: u32, does: &str) -> Option<Nanos> {
    let tasks = format!(
        r#"{{"hog": {{"label": "H", "arrive": [{{"at": "10 ms", "count": {hogs}}}], "program": [{does}]}},
             "probe": {{"label": "P", "arrive": [{{"at": "100 ms"}}], "program": []}}}}"#
    );
    wait(&run(policy, 4, "server", &tasks), hogs)
}

const BLOCKS: &str = r#"{"block": "1 s"}"#;
const COMPUTES: &str = r#"{"cpu": "10 s"}"#;
/// One wake and what it costs: next to nothing beside the second that others are blocked.
const AT_ONCE: Nanos = Nanos::from_millis(1);

fn named(policy: &str, workers: u32) -> String {
    format!(r#"{{"name": "{policy}", "workers": {workers}}}"#)
}

fn is_until_the_second_is_over(wait: Option<Nanos>) -> bool {
    wait.is_some_and(|wait| (Nanos::from_millis(909)..Nanos::from_millis(912)).contains(&wait))
}

const POOLS: [&str; 5] = ["tokio", "tokio-0.1", "smol", "global-queue", "work-stealing"];
/// Policies in which the task after so many others is not on their worker.
const APART: [&str; 2] = ["thread-per-core", "sharded"];

#[test]
fn a_in_a_pool_a_task_that_blocks_takes_one_worker_and_others_wait_only_when_all_are_taken() {
    for policy in POOLS {
        let policy = named(policy, 3);
        assert!(beside(&policy, 2, BLOCKS) < Some(AT_ONCE), "{policy}");
        assert!(is_until_the_second_is_over(beside(&policy, 3, BLOCKS)), "{policy}");
    }
    assert!(is_until_the_second_is_over(beside(r#""smol""#, 1, BLOCKS)), "smol's default is one thread");
}

#[test]
fn a_where_nothing_is_stolen_the_tasks_of_that_core_wait_and_no_others() {
    for policy in APART {
        let policy = named(policy, 3);
        // In turn: the second is on another core than the first, the fourth is on the first one's.
        assert!(beside(&policy, 1, BLOCKS) < Some(AT_ONCE), "{policy}");
        assert!(is_until_the_second_is_over(beside(&policy, 3, BLOCKS)), "{policy}");
    }
}

#[test]
fn a_on_one_thread_everything_stops() {
    for policy in [r#""tokio-current-thread""#, r#""event-loop""#] {
        assert!(is_until_the_second_is_over(beside(policy, 1, BLOCKS)), "{policy}");
    }
}

#[test]
fn a_a_thread_for_each_task_does_not_notice() {
    assert!(beside(r#""thread-per-task""#, 200, BLOCKS) < Some(AT_ONCE));
}

#[test]
fn a_block_in_place_costs_the_start_of_a_thread() {
    for policy in ["tokio", "tokio-0.1", "global-queue", "sharded", "work-stealing"] {
        let tasks = r#"{"hog": {"label": "H", "arrive": [{"at": "10 ms"}], "program": [{"spawn": "child"}, {"block_in_place": [{"block": "1 s"}]}]},
                        "child": {"label": "C", "program": []}}"#;
        let waited = wait(&run(&named(policy, 1), 4, "server", tasks), 1).expect("it runs");
        // 20 us to start it and 30 us until it runs, and a few steps.
        assert!((Nanos::from_micros(30)..Nanos::from_micros(70)).contains(&waited), "{policy}: {waited}");
    }
}

#[test]
fn a_spawn_blocking_waits_when_the_pool_is_full() {
    for (policy, threads) in [
        (r#"{"name": "tokio", "workers": 1}"#, 512),
        (r#""tokio-current-thread""#, 512),
        (r#"{"name": "tokio-0.1", "workers": 1}"#, 100),
        (r#"{"name": "smol", "workers": 1}"#, 500),
        (r#""event-loop""#, 4),
    ] {
        let tasks = format!(
            r#"{{"job": {{"label": "J", "arrive": [{{"at": "0 ns", "count": {}}}], "program": [{{"spawn_blocking": [{BLOCKS}]}}]}}}}"#,
            threads + 1
        );
        let records = run(policy, 4, "ideal", &tasks);
        let started = |event: &Event| matches!(event, Event::StretchStart { .. });
        let at: Vec<u64> = records.iter().filter(|r| started(&r.event)).map(|r| r.at.0 / 1_000_000_000).collect();
        assert_eq!(at.iter().filter(|&&at| at == 0).count(), threads, "{policy}");
        assert_eq!(at[threads], 1, "{policy}: the last waits for the first");
        assert_eq!(count(&records, |e| matches!(e, Event::ThreadStart { role: Role::Pool, .. })), threads, "{policy}");
    }
}

#[test]
fn b_a_task_that_computes_for_ever_takes_its_worker_for_good() {
    for policy in POOLS {
        let policy = named(policy, 3);
        assert!(beside(&policy, 2, COMPUTES) < Some(AT_ONCE), "{policy}");
        assert_eq!(beside(&policy, 3, COMPUTES), None, "{policy}");
    }
    for policy in APART {
        assert_eq!(beside(&named(policy, 3), 3, COMPUTES), None, "{policy}");
    }
    for policy in [r#""tokio-current-thread""#, r#""event-loop""#] {
        assert_eq!(beside(policy, 1, COMPUTES), None, "{policy}");
    }
}

#[test]
fn b_the_task_in_its_slot_is_stuck_for_good_unless_there_is_no_slot() {
    let tasks = r#"{"hog": {"label": "H", "arrive": [{"at": "10 ms"}], "program": [{"spawn": "child"}, {"cpu": "10 s"}]},
                    "child": {"label": "C", "program": []}}"#;
    let child = |policy: &str| wait(&run(policy, 4, "server", tasks), 1);
    assert_eq!(child(&named("tokio", 4)), None);
    for policy in ["tokio-0.1", "smol", "global-queue", "work-stealing"] {
        assert!(child(&named(policy, 4)) < Some(AT_ONCE), "{policy}");
    }
    let stealable = r#"{"name": "tokio", "workers": 4, "era": "1.51-stealable-slot"}"#;
    assert!(child(stealable) < Some(AT_ONCE));
    for policy in APART {
        assert_eq!(child(&named(policy, 4)), None, "{policy}: nobody may take it");
    }
}

#[test]
fn b_with_a_thread_for_each_task_the_kernel_shares_the_cpus() {
    for hogs in [4, 8, 40] {
        let waited = beside(r#""thread-per-task""#, hogs, COMPUTES).expect("it runs");
        let round = Nanos::from_millis(3).times(u64::from(hogs + 1).div_ceil(4));
        assert!(waited <= round, "{hogs} hogs: {waited}");
    }
}

/// How many messages a task with 60,000 of them receives before the only other one, which comes at 10 ms, is polled.
fn operations(policy: &str) -> Option<usize> {
    let tasks = r#"{"drain": {"label": "D", "arrive": [{"at": "0 ns"}], "program": [{"forever": [{"recv": "full"}, {"cpu": "10 us"}]}]},
                    "probe": {"label": "P", "arrive": [{"at": "10 ms"}], "program": []}}"#;
    let records = run(policy, 2, "server", tasks);
    let at = |is: fn(&Event) -> bool| records.iter().position(|record| is(&record.event));
    let spawn = at(|event| matches!(event, Event::Spawn { task, .. } if task.0 == 1)).expect("it is spawned");
    let poll = at(|event| matches!(event, Event::PollStart { task, .. } if task.0 == 1));
    // All are received in 0.6 s; a wait until then is for ever.
    let received = count(&records[spawn..poll?], |event| matches!(event, Event::Recv { .. }));
    (received < 10_000).then_some(received)
}

#[test]
fn c_a_budget_lets_others_in_after_so_many_operations_and_without_one_nobody_comes() {
    for (policy, most) in [
        (named("tokio", 1), Some(128)),
        (r#""tokio-current-thread""#.to_owned(), Some(128)),
        (named("thread-per-core", 1), Some(128)),
        (r#""event-loop""#.to_owned(), Some(32)),
        (r#"{"name": "event-loop", "stream_reads": 0}"#.to_owned(), None),
        (r#"{"name": "tokio", "workers": 1, "era": "2019-design"}"#.to_owned(), None),
        (named("tokio-0.1", 1), None),
        (named("smol", 1), None),
        (named("global-queue", 1), None),
        (named("work-stealing", 1), None),
        (named("sharded", 1), None),
    ] {
        match (operations(&policy), most) {
            (Some(received), Some(most)) => assert!(received <= most, "{policy}: {received}"),
            (None, None) => {}
            (received, _) => panic!("{policy}: {received:?} operations"),
        }
    }
    assert!(operations(r#""thread-per-task""#) < Some(10), "there the other has a thread of its own");
}

const BURST: &str = r#"{"root": {"label": "R", "arrive": [{"at": "0 ns"}], "program": [{"spawn": {"kind": "unit", "count": 10000}}]},
                        "unit": {"label": "U", "program": []}}"#;

/// Where 10,000 tasks are that one poll spawned, when it ends.
fn burst(policy: &str) -> (Vec<Record>, Vec<(Place, usize)>) {
    let records = run(policy, 1, "ideal", BURST);
    let end = records.iter().position(|r| matches!(r.event, Event::PollEnd { .. })).expect("it ends");
    let mut places: Vec<(Place, usize)> = Vec::new();
    for record in &records[..end] {
        if let Event::Enqueue { task, place } = record.event
            && task.0 > 0
        {
            match places.iter_mut().find(|(known, _)| *known == place) {
                Some((_, count)) => *count += 1,
                None => places.push((place, 1)),
            }
        }
    }
    (records, places)
}

#[test]
fn d_ten_thousand_spawns_of_one_poll_lie_where_the_policy_says() {
    let own = Place::Local(dandori::id::WorkerId(0));
    for (policy, place) in [
        (r#""tokio-current-thread""#.to_owned(), own),
        (named("tokio-0.1", 1), own),
        (named("work-stealing", 1), own),
        (named("sharded", 1), own),
        (named("thread-per-core", 1), own),
        (r#""event-loop""#.to_owned(), own),
        (named("smol", 1), Place::Global),
        (named("global-queue", 1), Place::Global),
    ] {
        assert_eq!(burst(&policy).1, [(place, 10_000)], "{policy}");
    }
}

#[test]
fn d_current_thread_runs_sixty_one_of_them_per_look_at_the_driver() {
    let (records, _) = burst(r#""tokio-current-thread""#);
    let mut between = vec![0];
    for record in &records {
        match record.event {
            Event::PollStart { .. } => *between.last_mut().expect("one at least") += 1,
            Event::DriverTurn { .. } => between.push(0),
            _ => {}
        }
    }
    assert_eq!(between[..163], [61; 163]);
}

#[test]
fn d_a_runner_of_smol_fetches_half_and_at_most_what_its_ring_holds() {
    let (records, _) = burst(r#"{"name": "smol", "workers": 1}"#);
    let of = |r: &Record| match r.event {
        Event::Batch { count } => Some(count),
        _ => None,
    };
    let batches: Vec<u32> = records.iter().filter_map(of).collect();
    assert_eq!(batches[0], 1 + 512, "one runs, and half of the rest would be 5,000");
    assert!(batches.iter().all(|&count| count <= 513));
}

#[test]
fn d_a_thread_for_each_costs_the_starts_of_ten_thousand_threads() {
    let policy = r#"{"name": "thread-per-task", "max_threads": 16384}"#;
    let tasks = BURST.replace("10000", "5000");
    let records = run(policy, 64, "laptop", &tasks);
    let end = records.iter().find(|r| matches!(r.event, Event::PollEnd { task, .. } if task.0 == 0)).expect("it ends");
    // Half of 50 to 170 ms.
    assert!((25_000_000..85_000_000).contains(&end.at.0), "{}", end.at);
    // A thread whose task has ended may take the next one that waits: then that one has no start of its own.
    let starts = count(&records, |e| matches!(e, Event::ThreadStart { role: Role::Pool, .. }));
    assert!((1_500..=5_001).contains(&starts), "{starts}");
}

#[test]
fn e_a_pair_that_wakes_each_other_hops_through_the_global_queue_of_smol_with_a_notify_each() {
    let tasks = r#"{"left": {"label": "L", "arrive": [{"at": "0 ns"}], "program": [{"repeat": {"times": 300, "do": [{"cpu": "100 us"}, {"send": "ping"}, {"recv": "pong"}]}}]},
                    "right": {"label": "R", "arrive": [{"at": "0 ns"}], "program": [{"repeat": {"times": 300, "do": [{"recv": "ping"}, {"cpu": "100 us"}, {"send": "pong"}]}}]}}"#;
    let smol = run(&named("smol", 2), 2, "server", tasks);
    let wakes = count(&smol, |event| matches!(event, Event::Wake { .. }));
    assert!(wakes > 100);
    assert!(smol.iter().all(|r| !matches!(r.event, Event::Enqueue { place, .. } if place != Place::Global)));
    let tokio = run(&named("tokio", 2), 2, "server", tasks);
    let unparks = |records: &[Record]| count(records, |event| matches!(event, Event::Unpark { .. }));
    assert!(unparks(&tokio) * 2 < unparks(&smol), "{} and {}", unparks(&tokio), unparks(&smol));
    // Two threads take turns: every message is a wake.
    let threads = run(r#""thread-per-task""#, 2, "server", tasks);
    let woken = count(&threads, |event| matches!(event, Event::Wake { .. }));
    assert_eq!(unparks(&threads), woken);
}

/// 400 tasks of 100 us that one task spawns: by which workers they are run, and how many thefts that took.
fn spread(policy: &str) -> (usize, usize) {
    let tasks = r#"{"root": {"label": "R", "arrive": [{"at": "1 ms"}], "program": [{"spawn": {"kind": "unit", "count": 400}}]},
                    "unit": {"label": "U", "program": [{"cpu": "100 us"}]}}"#;
    let records = run(policy, 4, "server", tasks);
    let mut on = [0; 4];
    polls(&records).iter().for_each(|&(_, worker, ..)| on[usize::from(worker)] += 1);
    let busy = on.iter().filter(|&&polls| polls > 20).count();
    (busy, count(&records, |event| matches!(event, Event::Steal { .. })))
}

#[test]
fn f_load_that_begins_on_one_worker_spreads_by_halves_one_by_one_or_never() {
    for policy in ["tokio", "tokio-0.1", "smol", "work-stealing", "global-queue"] {
        let (busy, steals) = spread(&named(policy, 4));
        assert_eq!(busy, 4, "{policy}");
        assert!(steals < 80, "{policy}: {steals} thefts for 400 tasks");
    }
    let (busy, steals) = spread(r#"{"name": "work-stealing", "workers": 4, "steal": "one"}"#);
    assert_eq!(busy, 4);
    assert!(steals > 200, "one theft for each task: {steals}");
    for policy in ["thread-per-core", "sharded"] {
        assert_eq!(spread(&named(policy, 4)), (1, 0), "{policy}");
    }
    assert_eq!(spread(r#"{"name": "work-stealing", "workers": 4, "steal": "none"}"#), (1, 0));
}

/// The longest time from a deadline of the ticker of W1 to W4, in milliseconds, to its next poll.
fn lateness(scenario: &str, policy: &str) -> f64 {
    let registry = Registry::standard();
    let scenario = library::get(scenario).expect("named").under(policy, &registry).expect("it fits");
    let (mut due, mut worst) = (None, 0);
    for record in Sim::new(&scenario, &registry).expect("valid").finish().trace.iter() {
        match record.event {
            // The ticker comes first.
            Event::Timer { task, due: at, .. } if task.0 == 0 => due = Some(at),
            Event::PollStart { task, .. } if task.0 == 0 => {
                worst = due.take().map_or(worst, |due| worst.max(record.at.since(due).0));
            }
            _ => {}
        }
    }
    worst as f64 / 1e6
}

/// smol 2.0.2 on two threads and two CPUs, jobs inside their tasks, measured on 22 November 2026: three runs each.
#[test]
fn smol_is_as_late_as_measured_within_a_fifth_where_jobs_block_and_twice_where_they_compute() {
    for (scenario, measured, within) in
        [("w1", 390.3, 1.2), ("w2", 3_596.0, 1.2), ("w3", 1_700.0, 2.0), ("w4", 1_850.0, 2.0)]
    {
        let late = lateness(scenario, "smol");
        assert!(
            (measured / within..measured * within).contains(&late),
            "{scenario}: {late} ms, measured {measured} ms"
        );
    }
}
