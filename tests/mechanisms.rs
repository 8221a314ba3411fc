//! What the library's scenarios are there to show, checked on what happens in them: an order, a bound, an exact count.
//! `docs/mechanisms.md` names the test of each mechanism; tests of schedulers' rules are in `vectors.rs`.

use dandori::id::TaskId;
use dandori::policy::Registry;
use dandori::scenario::library;
use dandori::sim::Sim;
use dandori::trace::{Cause, Ended, Event, Record, Role, Waits, What};

const MS: u64 = 1_000_000;

/// A run of a named scenario under its own policy, with fields changed.
struct Run {
    records: Vec<Record>,
    /// Names of the kinds, by id.
    kinds: Vec<String>,
}

fn run(name: &str, set: &[(&str, &str)]) -> Run {
    let registry = Registry::standard();
    let named = library::get(name).unwrap_or_else(|| panic!("the library has no {name}"));
    let scenario = named.scenario(&registry).expect("valid").set_all(set, &registry).expect("still valid");
    let kinds = scenario.kinds.iter().map(|kind| kind.name.clone()).collect();
    let records = Sim::new(&scenario, &registry).expect("a known policy").finish().trace.iter().collect();
    Run { records, kinds }
}

impl Run {
    /// Tasks of a kind, without jobs of the blocking pool.
    fn tasks(&self, kind: &str) -> Vec<TaskId> {
        let index = self.kinds.iter().position(|known| known == kind).expect("a kind of the scenario");
        let spawned = self.records.iter().filter_map(|record| match record.event {
            Event::Spawn { task, kind, job: false, .. } if usize::from(kind.0) == index => Some(task),
            _ => None,
        });
        spawned.collect()
    }

    /// The only task of a kind.
    fn task(&self, kind: &str) -> TaskId {
        let tasks = self.tasks(kind);
        assert_eq!(tasks.len(), 1, "{kind}");
        tasks[0]
    }

    /// Times at which such things happen, in nanoseconds.
    fn times(&self, is: impl Fn(&Event) -> bool) -> Vec<u64> {
        self.records.iter().filter(|record| is(&record.event)).map(|record| record.at.0).collect()
    }

    fn count(&self, is: impl Fn(&Event) -> bool) -> usize {
        self.times(is).len()
    }

    fn polls(&self, task: TaskId) -> Vec<u64> {
        self.times(|event| matches!(event, Event::PollStart { task: polled, .. } if *polled == task))
    }

    /// When a task was over.
    fn end(&self, task: TaskId) -> u64 {
        let over = |event: &Event| matches!(event, Event::PollEnd { task: ended, end: dandori::trace::PollEnd::Ready } if *ended == task);
        *self.times(over).last().expect("it ends")
    }

    /// The longest time between a point of a ticker's schedule and the poll after it, for a period of 10 ms.
    fn worst_tick(&self, kind: &str) -> u64 {
        let ticker = self.task(kind);
        let due = self.times(|event| matches!(event, Event::Due { task, .. } if *task == ticker));
        let polls = self.polls(ticker);
        let late = due.iter().filter_map(|due| polls.iter().find(|poll| *poll >= due).map(|poll| poll - due));
        late.max().expect("a ticker ticks")
    }

    fn run_end(&self) -> (Ended, u32) {
        match self.records.last().expect("a run has records").event {
            Event::RunEnd { why, left } => (why, left),
            other => panic!("a run ends with its end, not with {other:?}"),
        }
    }
}

#[test]
fn a_future_climbs_a_stair_for_each_await_and_two_in_the_poll_where_one_is_ready() {
    let run = run("staircase", &[]);
    let fetch = run.task("fetch");
    assert_eq!(run.polls(fetch).len(), 4);
    let mut steps: Vec<Vec<u32>> = Vec::new();
    for record in &run.records {
        match record.event {
            Event::PollStart { task, .. } if task == fetch => steps.push(Vec::new()),
            Event::At { task, step } if task == fetch => steps.last_mut().expect("inside a poll").push(step),
            _ => {}
        }
    }
    // Awaits are steps 1, 3, 5 and 7; 3 is ready at once.
    assert_eq!(steps, [vec![0, 1], vec![2, 3, 4, 5], vec![6, 7], vec![8]]);
}

#[test]
fn a_wake_puts_a_task_in_a_queue_and_runs_nothing() {
    let run = run("waker-ticket", &[]);
    let waiter = run.task("waiter");
    let woken = run.times(|event| matches!(event, Event::Wake { task, .. } if *task == waiter));
    let busy_over = run.end(run.task("busy"));
    let polled = run.polls(waiter)[1];
    assert!(woken[0] / MS == 10 && woken[0] < busy_over, "woken in the middle of the other's poll");
    assert!(polled >= busy_over, "and polled after it");
}

#[test]
fn a_task_that_keeps_no_waker_is_silent_for_ever_though_its_message_is_there() {
    let run = run("waker-ticket", &[]);
    let forgetful = run.task("forgetful");
    assert_eq!(run.run_end(), (Ended::Deadlock, 1));
    assert_eq!(run.count(|event| *event == Event::Stuck { task: forgetful, on: Waits::Nobody }), 1);
    assert_eq!(run.polls(forgetful).len(), 1);
}

#[test]
fn a_task_that_wakes_itself_lets_others_run_in_between() {
    let run = run("backoff", &[]);
    let (polite, other) = (run.task("polite"), run.task("other"));
    assert_eq!(run.polls(polite).len(), 8, "seven times not yet, and once for good");
    let (mine, theirs) = (run.polls(polite), run.polls(other));
    assert!(mine.windows(2).take(5).all(|pair| theirs.iter().any(|at| (pair[0]..pair[1]).contains(at))));
}

#[test]
fn sharing_one_queue_costs_once_per_task() {
    // How much longer two workers take than eight.
    let gain = |name: &str, policy: &str| {
        let took = |workers: &str| {
            let registry = Registry::standard();
            let scenario = library::get(name).expect("in the library").under(policy, &registry).expect("it fits");
            let scenario = scenario.set("policy.workers", workers).expect("a number of workers");
            Sim::new(&scenario, &registry).expect("a known policy").finish().meta.end.0 as f64
        };
        took("2") / took("8")
    };
    assert!(gain("queue-lock", "global-queue") < 1.0, "with short tasks eight are slower than two");
    assert!(gain("queue-lock-long-tasks", "global-queue") > 3.5, "with long ones nobody sees the lock");
    assert!(gain("queue-lock", "tokio") > 2.0, "with queues of their own they help each other again");
}

#[test]
fn three_steals_of_half_are_enough_for_four_workers() {
    let run = run("imbalance", &[]);
    let steals: Vec<u32> = run
        .records
        .iter()
        .filter_map(|record| match record.event {
            Event::Steal { count, .. } if count > 0 => Some(count),
            _ => None,
        })
        .collect();
    assert_eq!(steals, [32, 16, 16]);
    let total = run.end(run.task("root")) - MS;
    assert!((16 * MS..17 * MS).contains(&total), "64 ms of work on four workers took {total} ns");
}

#[test]
fn the_push_that_does_not_fit_takes_half_of_the_ring_with_it() {
    let run = run("overflow", &[]);
    assert_eq!(run.count(|event| matches!(event, Event::Overflow { .. })), 1);
    assert_eq!(run.count(|event| *event == Event::Overflow { count: 129 }), 1);
}

#[test]
fn a_pair_that_wakes_each_other_cannot_starve_who_comes_from_outside() {
    let run = run("starving-pair", &[]);
    for stander in run.tasks("stander") {
        let waited = run.polls(stander)[0] - 5 * MS;
        assert!(waited < 5 * MS, "{stander} waited {waited} ns");
    }
}

#[test]
fn a_burst_wakes_one_worker_and_each_that_finds_work_wakes_the_next() {
    let run = run("herd", &[]);
    let mut by_arrivals = 0;
    let mut by_workers = 0;
    for record in run.records.iter().filter(|record| record.at.0 >= 5 * MS) {
        if let Event::Unpark { .. } = record.event {
            *(if record.worker.is_none() { &mut by_arrivals } else { &mut by_workers }) += 1;
        }
    }
    assert_eq!((by_arrivals, by_workers), (1, 7));
}

#[test]
fn the_pool_takes_512_jobs_and_the_ticker_stays_on_time() {
    let run = run("pool-limit", &[]);
    assert_eq!(run.count(|event| matches!(event, Event::ThreadStart { role: Role::Pool, .. })), 512);
    let starts = run.times(|event| matches!(event, Event::StretchStart { what: What::Block, .. }));
    let first = starts.iter().filter(|at| **at < 400 * MS).count();
    assert_eq!((first, starts.len()), (512, 600), "88 wait");
    let over = run.end(run.task("main"));
    assert!((800 * MS..850 * MS).contains(&over), "the last job ended at {over} ns");
    assert!(run.worst_tick("ticker") < 4 * MS);
}

#[test]
fn siblings_in_one_join_wait_for_block_in_place_but_not_for_spawn_blocking() {
    let took = |name| {
        let run = run(name, &[]);
        (run.end(run.task("both")) - MS) / MS
    };
    assert_eq!((took("in-place-join"), took("in-place-join-spawn-blocking")), (600, 300));
}

#[test]
fn the_budget_counts_operations_and_not_time() {
    let run = run("budget-blind", &[]);
    let drain = run.task("drain");
    assert_eq!(run.polls(drain).len(), 4, "512 messages, 128 each time");
    let worst = run.worst_tick("ticker");
    assert!(worst > 120 * MS, "128 operations of 1 ms each, and the ticker was only {worst} ns late");
    let forced = run.count(|event| matches!(event, Event::Wake { task, cause: Cause::Deferred, .. } if *task == drain));
    assert!(forced >= 3, "{forced}");
}

/// Every test that the document names exists, and every scenario of the library is in it.
#[test]
fn the_table_of_mechanisms_is_true() {
    let table = include_str!("../docs/mechanisms.md");
    let sources = [
        include_str!("mechanisms.rs"),
        include_str!("vectors.rs"),
        include_str!("machine.rs"),
        include_str!("scenario_library.rs"),
        include_str!("lessons.rs"),
    ];
    let mut named = Vec::new();
    for row in table.lines().filter(|line| line.starts_with("| ") && line.contains('`')) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        assert_eq!(cells.len(), 5, "mechanism, scenarios, test: {row}");
        for name in cells[2].split(", ").map(|cell| cell.trim_matches('`')) {
            assert!(library::get(name).is_some(), "the library has no {name}: {row}");
            named.push(name.to_owned());
        }
        let test = cells[3].trim_matches('`');
        let exists = sources.iter().any(|source| source.contains(&format!("fn {test}()")));
        assert!(exists, "there is no test {test}");
    }
    for scenario in &library::ALL {
        assert!(named.iter().any(|name| name == scenario.name), "{} shows no mechanism", scenario.name);
    }
}
