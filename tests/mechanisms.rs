//! What the library's scenarios are there to show, checked on what happens in them: an order, a bound, an exact count.
//! `docs/mechanisms.md` names the test of each mechanism; tests of schedulers' rules are in `vectors.rs`.

use dandori::id::TaskId;
use dandori::policy::Registry;
use dandori::runtime;
use dandori::scenario::library;
use dandori::sim::Sim;
use dandori::trace::{Cause, Ended, Event, Place, PollEnd, Record, Role, Waits, What};

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
        let over =
            |event: &Event| matches!(event, Event::PollEnd { task: ended, end: PollEnd::Ready } if *ended == task);
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

#[test]
fn a_std_mutex_across_a_long_poll_stops_workers_and_an_async_one_only_its_tasks() {
    let (std, asynchronous) = (run("std-mutex", &[]), run("async-mutex", &[]));
    // Six jobs of 20 ms, one after the other: the mutex decides how long that takes, not its kind.
    for run in [&std, &asynchronous] {
        let took = (run.end(run.task("main")) - 50 * MS) / MS;
        assert_eq!(took, 120);
    }
    let stuck = |event: &Event| matches!(event, Event::StretchStart { what: What::Lock, .. });
    assert!(std.count(stuck) >= 5 && asynchronous.count(stuck) == 0);
    assert!(std.worst_tick("ticker") > 50 * MS && asynchronous.worst_tick("ticker") < 2 * MS);
}

#[test]
fn an_async_mutex_is_had_in_the_order_of_asking_and_its_convoy_is_a_finding() {
    let run = run("async-mutex", &[]);
    let order = |is: fn(&Event) -> Option<TaskId>| run.records.iter().filter_map(|r| is(&r.event)).collect::<Vec<_>>();
    let asked = order(|event| match *event {
        Event::MutexWait { task, .. } => Some(task),
        _ => None,
    });
    let had = order(|event| match *event {
        Event::MutexHeld { task, .. } => Some(task),
        _ => None,
    });
    assert_eq!(asked.len(), 5);
    assert_eq!(had[1..], asked[..], "the first had it at once");
}

#[test]
fn a_std_mutex_held_across_an_await_leaves_nobody_who_could_go_on() {
    let stuck = |run: &Run| run.count(|event| matches!(event, Event::Stuck { on: Waits::Mutex(_), .. }));
    let two = run("mutex-across-await", &[]);
    assert_eq!((two.run_end(), stuck(&two)), ((Ended::Deadlock, 3), 2));
    // Its holder is not forgotten by anybody: its time has come, and no worker will.
    assert_eq!(two.count(|event| matches!(event, Event::Stuck { on: Waits::Worker, .. })), 1);
    let three = run("mutex-across-await", &[("policy.workers", "3")]);
    assert_eq!(three.run_end(), (Ended::Complete, 0));
    let registry = Registry::standard();
    for policy in ["async-std-monitor", "dandori"] {
        let scenario = library::get("mutex-across-await").expect("named").under(policy, &registry).expect("it fits");
        let last = Sim::new(&scenario, &registry).expect("valid").finish().trace.iter().last().map(|r| r.event);
        assert_eq!(last, Some(Event::RunEnd { why: Ended::Complete, left: 0 }), "{policy} takes the worker away");
    }
}

#[test]
fn nested_block_on_waits_for_what_only_its_own_worker_could_run() {
    let end = |set: &[(&str, &str)]| run("nested-block-on", set).run_end();
    assert_eq!(end(&[]), (Ended::Deadlock, 4));
    // More workers are no cure: what it waits for lies in the LIFO slot of the worker that it holds.
    assert_eq!(end(&[("policy.workers", "4")]), (Ended::Deadlock, 4));
    assert_eq!(end(&[("policy.workers", "3"), ("policy.disable_lifo_slot", "true")]), (Ended::Complete, 0));
}

#[test]
fn a_timeout_is_looked_at_after_the_poll_and_stops_none() {
    let run = run("timeout", &[]);
    let took = |kind| (run.end(run.task(kind)) - MS) / MS;
    assert_eq!((took("waits"), took("computes")), (6, 40), "both after 5 ms");
    assert_eq!(run.count(|event| matches!(event, Event::Cancel { .. })), 0, "what is dropped is no task");
}

#[test]
fn a_message_from_outside_goes_to_the_global_queue_and_waits_for_its_turn() {
    let run = run("outside-thread", &[]);
    let reader = run.task("reader");
    assert!(run.count(|event| matches!(event, Event::OutsideSend { .. })) >= 5);
    let after = |at: u64| run.polls(reader).into_iter().find(|poll| *poll >= at);
    for sent in run.times(|event| matches!(event, Event::OutsideSend { .. })) {
        let place = run.records.iter().find_map(|record| match record.event {
            Event::Enqueue { task, place } if task == reader && record.at.0 >= sent => Some(place),
            _ => None,
        });
        assert_eq!(place, Some(Place::Global));
        let Some(polled) = after(sent) else { continue };
        let between = run.count(|event| matches!(event, Event::PollStart { task, .. } if *task != reader));
        assert!(polled - sent < 61 * 11_000 && between > 100, "at most 61 turns of 10 us: {}", polled - sent);
    }
}

#[test]
fn an_abort_ends_nothing_in_the_middle_of_a_poll_and_no_job_that_runs() {
    let run = run("abort", &[]);
    let dropped = |kind| {
        let task = run.task(kind);
        run.times(|event| matches!(event, Event::Cancel { task: dropped } if *dropped == task))[0] / MS
    };
    assert_eq!((dropped("waits"), dropped("computes")), (12, 31), "the abort is at 12 ms");
    let job = run.times(|event| matches!(event, Event::StretchEnd { what: What::Block, .. }));
    let joined = run.end(run.task("main"));
    assert!(job.len() == 1 && job[0] / MS == 61 && joined >= job[0], "the job runs on, and the join waits for it");
}

#[test]
fn a_panic_ends_its_task_and_whoever_joins_it_goes_on() {
    let run = run("panic", &[]);
    let (main, child) = (run.task("main"), run.task("child"));
    let panicked =
        run.times(|event| matches!(event, Event::PollEnd { task, end } if *task == child && *end == PollEnd::Panicked));
    let free = run.times(|event| matches!(event, Event::MutexReleased { task, .. } if *task == child));
    let held = run.times(|event| matches!(event, Event::MutexHeld { task, .. } if *task == main));
    assert_eq!((panicked.len(), free.len(), held.len()), (1, 1, 1));
    assert!(free[0] <= panicked[0] && panicked[0] <= held[0], "what it held is free for whoever comes next");
    assert!(run.end(main) > held[0] && run.worst_tick("ticker") < 2 * MS, "and nobody else notices");
}

#[test]
fn a_client_that_waits_for_its_answer_hides_what_its_others_would_have_waited() {
    let slow = |name| {
        let run = run(name, &[]);
        let waited = run.tasks("request").into_iter().map(|request| {
            let spawned = run.times(|event| matches!(event, Event::Spawn { task, .. } if *task == request))[0];
            run.polls(request).first().map_or(0, |poll| poll - spawned)
        });
        let waited: Vec<u64> = waited.collect();
        (waited.iter().filter(|&&wait| wait > MS).count(), waited.iter().max().copied().unwrap_or_default() / MS)
    };
    let ((open, worst), (closed, worst_closed)) = (slow("open-loop"), slow("closed-loop"));
    assert_eq!((worst, worst_closed), (99, 99), "the same stall");
    assert!(open >= 100 && closed == 1, "{open} requests met it, or {closed}");
}

#[test]
fn branches_of_a_join_share_one_budget_and_the_second_gets_what_the_first_leaves() {
    let run = run("budget-siblings", &[]);
    let both = run.task("both");
    let first_of_second = run.times(|event| matches!(event, Event::Recv { channel, .. } if channel.0 == 1))[0];
    let polls = run.polls(both);
    assert_eq!(polls.iter().filter(|&&poll| poll <= first_of_second).count(), 6, "640 messages, 128 each time");
    assert_eq!(polls.len(), 10);
}

#[test]
fn messages_of_a_channel_that_spends_no_budget_take_one_poll() {
    let run = run("always-ready", &[("channels.inbox.budget", "false")]);
    let drain = run.task("drain");
    let last = *run.times(|event| matches!(event, Event::Recv { .. })).last().expect("messages");
    assert_eq!(run.polls(drain).iter().filter(|&&poll| poll <= last).count(), 1);
}

#[test]
fn every_push_wakes_a_worker_where_nothing_holds_it_back() {
    let registry = Registry::standard();
    let scenario = library::get("herd").expect("named").under("tokio-0.1", &registry).expect("it fits");
    let trace = Sim::new(&scenario, &registry).expect("valid").finish().trace;
    let by_arrivals = trace.iter().filter(|r| r.worker.is_none() && matches!(r.event, Event::Unpark { .. })).count();
    assert_eq!(by_arrivals, 8, "one for each of the eight workers, though one would have been enough");
}

#[test]
fn a_thread_for_each_task_costs_as_many_threads_as_tasks_wait() {
    let threads = |policy| {
        let registry = Registry::standard();
        let scenario = library::get("w3").expect("named").under(policy, &registry).expect("it fits");
        let trace = Sim::new(&scenario, &registry).expect("valid").finish().trace;
        trace.iter().filter(|r| matches!(r.event, Event::ThreadStart { .. })).count()
    };
    let (few, many) = (threads("tokio"), threads("thread-per-task"));
    assert!(few < 5 && many > 200, "{few} and {many}");
}

#[test]
fn polls_without_a_bound_are_waits_without_a_bound() {
    let worst = |set: &[(&str, &str)]| {
        let run = run("global-interval", set);
        let wait = |guest: TaskId| {
            let spawned = run.times(|event| matches!(event, Event::Spawn { task, .. } if *task == guest))[0];
            // To the end of the run where it never came.
            run.polls(guest).first().map_or(50 * MS, |&poll| poll) - spawned
        };
        run.tasks("guest").into_iter().map(wait).max().expect("guests")
    };
    // 10 us a poll, and a look at the global queue at least every 61 of them.
    assert!(worst(&[]) < 61 * 11_000);
    let long = worst(&[("tasks.busy.program.0.forever.0.cpu", "1 ms")]);
    assert!(long > 40 * MS, "61 polls of 1 ms do not fit into the run: {long}");
}

#[test]
fn block_in_place_has_nobody_to_hand_over_to_on_one_thread() {
    let registry = Registry::standard();
    for policy in ["tokio-current-thread", "event-loop"] {
        let refused =
            library::get("in-place-join").expect("named").under(policy, &registry).expect_err("it panics there");
        assert!(refused.iter().all(|problem| problem.path.contains("join!")) && refused.len() == 2, "{refused:?}");
    }
}

#[test]
fn a_future_that_moved_wakes_who_polled_it_last_unless_it_keeps_its_first_waker() {
    let woken = |run: &Run| {
        let messages = run.records.iter().filter_map(|record| match record.event {
            Event::Wake { task, cause: Cause::Task, .. } => Some(task),
            _ => None,
        });
        messages.collect::<Vec<_>>()
    };
    let right = run("moved-future", &[]);
    let (former, owner) = (right.task("former"), right.task("owner"));
    assert_eq!(woken(&right), [owner], "one message, one wake");
    assert_eq!((right.polls(former).len(), right.run_end()), (2, (Ended::Complete, 0)));
    assert!(right.end(owner) < 13 * MS, "soon after its message at 10 ms: {}", right.end(owner));
    // The old ticket: the message lies there, who may take it sleeps, and who is woken finds nothing of its own.
    let stale = run("stale-waker", &[]);
    let (former, owner) = (stale.task("former"), stale.task("owner"));
    assert_eq!(woken(&stale), [former]);
    assert_eq!((stale.polls(former).len(), stale.polls(owner).len()), (3, 1));
    assert_eq!(stale.run_end(), (Ended::Deadlock, 1));
    assert_eq!(stale.count(|event| matches!(event, Event::Stuck { task, on: Waits::Channel(_) } if *task == owner)), 1);
}

#[test]
fn a_token_of_its_own_cannot_be_taken_and_the_threads_can() {
    let parks = |run: &Run| run.count(|event| matches!(event, Event::StretchStart { what: What::Park, .. }));
    // The message comes in the middle of the poll: its token waits for the park.
    let early = run("park-token", &[]);
    let given = early.times(|event| matches!(event, Event::OutsideSend { .. }))[0];
    let parked = early.times(|event| matches!(event, Event::StretchStart { what: What::Park, .. }));
    let gone_on = early.times(|event| matches!(event, Event::StretchEnd { what: What::Park, .. }));
    assert!(given < parked[0] && gone_on[0] < parked[0] + MS / 10, "it does not sleep");
    assert_eq!((parks(&early), early.run_end()), (1, (Ended::Complete, 0)));
    // User code took it: the second park, that of `block_on`, has none.
    let stolen = run("stolen-token", &[]);
    assert_eq!((parks(&stolen), stolen.run_end()), (2, (Ended::Deadlock, 1)));
    // The inner call took it at 5 ms, parked again, and had its own at 10 ms; the outer one has none.
    let shared = run("shared-parker", &[]);
    assert_eq!((parks(&shared), shared.run_end()), (3, (Ended::Deadlock, 1)));
    let own = run("own-parker", &[]);
    assert_eq!((parks(&own), own.run_end()), (2, (Ended::Complete, 0)));
    assert!(own.end(own.task("caller")) < 11 * MS, "both messages are there at 10 ms");
}

#[test]
fn without_signals_go_cannot_stop_a_loop() {
    let (with, without) = (run("sysmon", &[]), run("no-signals", &[]));
    let preempted = |run: &Run| run.count(|event| matches!(event, Event::PollEnd { end: PollEnd::Preempted, .. }));
    assert!(preempted(&with) > 0 && with.worst_tick("ticker") < 20 * MS);
    assert_eq!(preempted(&without), 0);
    assert!(without.worst_tick("ticker") > 180 * MS, "the whole loop of 200 ms");
}

/// The quiz: which of these stop the neighbours of the task that does them?
#[test]
fn what_holds_its_thread_blocks_and_what_answers_pending_does_not() {
    let late = |step: &str| {
        let mutexes = r#"{"std": {"kind": "std"}, "async": {}}"#;
        let job = format!(r#"[{step}]"#);
        let fields = [
            ("mutexes", mutexes),
            ("channels", r#"{"never": {}}"#),
            ("limits.end", "1 s"),
            ("tasks.job.program", job.as_str()),
        ];
        run("w1", &fields).worst_tick("ticker") / MS
    };
    let blocks = [
        r#"{"block": "400 ms"}"#,
        r#"{"syscall": "400 ms"}"#,
        r#"{"cpu": "400 ms"}"#,
        r#"{"lock": {"mutex": "std", "do": [{"cpu": "400 ms"}]}}"#,
        r#"{"block_on": [{"spawn_blocking": [{"block": "400 ms"}]}]}"#,
    ];
    for step in blocks {
        assert!(late(step) > 300, "{step}: {} ms late", late(step));
    }
    let waits = [
        r#"{"sleep": "400 ms"}"#,
        r#"{"io": "400 ms"}"#,
        r#"{"lock": {"mutex": "async", "do": [{"sleep": "200 ms"}]}}"#,
        r#"{"timeout": {"after": "400 ms", "do": [{"recv": "never"}]}}"#,
        r#"{"spawn_blocking": [{"cpu": "400 ms"}]}"#,
    ];
    for step in waits {
        assert!(late(step) < 10, "{step}: {} ms late", late(step));
    }
}

#[test]
fn no_monitor_helps_a_sibling_in_the_same_task() {
    let registry = Registry::standard();
    let mut draft = library::get("in-place-sibling").expect("named").draft();
    draft.with_policy("async-std-monitor", &registry);
    draft.set("tasks.both.program.0.join!.0", r#"[{"block": "300 ms"}]"#).expect("a field");
    let scenario = draft.build(&registry).expect("valid");
    let recording = Sim::new(&scenario, &registry).expect("valid").finish();
    let kinds = scenario.kinds.iter().map(|kind| kind.name.clone()).collect();
    let run = Run { records: recording.trace.iter().collect(), kinds };
    let both = run.task("both");
    let began = run.times(|event| matches!(event, Event::Timer { task, .. } if *task == both))[0];
    assert!(began >= 350 * MS, "the other branch begins when the call is over: {began}");
    assert!(run.worst_tick("ticker") < 30 * MS, "a task of its own is saved");
}

/// On threads by order and count: what must come before what, and how often.
#[test]
fn real_threads_show_the_same_by_order_and_count() {
    // With time enough for a machine that has others to serve.
    let on_threads = |name: &str, set: &[(&str, &str)]| {
        let registry = Registry::standard();
        let scenario = library::get(name).expect("named").scenario(&registry).expect("valid");
        let scenario = scenario.set_all(set, &registry).expect("still valid");
        let kinds = scenario.kinds.iter().map(|kind| kind.name.clone()).collect();
        let recording = runtime::run(&scenario, &registry, &runtime::Options::default()).expect("it runs");
        Run { records: recording.trace.iter().collect(), kinds }
    };
    let job =
        [("limits.end", "1 s"), ("tasks.job.program", r#"[{"lock": {"mutex": "cache", "do": [{"block": "5 ms"}]}}]"#)];
    let held = |run: &Run| run.count(|event| matches!(event, Event::MutexHeld { .. }));
    let stuck = |run: &Run| run.count(|event| matches!(event, Event::StretchStart { what: What::Lock, .. }));
    let (std, asynchronous) = (on_threads("std-mutex", &job), on_threads("async-mutex", &job));
    assert_eq!((held(&std), held(&asynchronous), stuck(&asynchronous)), (6, 6, 0));
    assert!(stuck(&std) > 0, "a thread waits");
    let across = on_threads("mutex-across-await", &[]);
    assert_eq!((held(&across), across.run_end()), (1, (Ended::Time, 3)), "the second never has it");
    let (why, left) = on_threads("nested-block-on", &[]).run_end();
    assert!(why == Ended::Time && left >= 3, "{why:?}, {left} left");
    let abort = on_threads("abort", &[("limits.end", "10 s")]);
    let job = abort.times(|event| matches!(event, Event::StretchEnd { what: What::Block, .. }));
    assert_eq!((job.len(), abort.count(|event| matches!(event, Event::Cancel { .. }))), (1, 2));
    assert!(abort.end(abort.task("main")) >= job[0], "the join waits for the job that cannot be aborted");
    let panic = on_threads("panic", &[("limits.end", "1 s")]);
    let panicked = panic.times(|event| matches!(event, Event::PollEnd { end: PollEnd::Panicked, .. }));
    assert!(panicked.len() == 1 && panic.end(panic.task("main")) >= panicked[0]);
    let (moved, stale) = (on_threads("moved-future", &[]), on_threads("stale-waker", &[]));
    let read = |run: &Run| run.count(|event| matches!(event, Event::Recv { .. }));
    assert_eq!((read(&moved), moved.run_end()), (1, (Ended::Complete, 0)));
    assert_eq!((read(&stale), stale.run_end()), (0, (Ended::Time, 1)), "nobody wakes the owner");
    for (name, end) in [
        ("park-token", (Ended::Complete, 0)),
        ("own-parker", (Ended::Complete, 0)),
        ("stolen-token", (Ended::Time, 1)),
        ("shared-parker", (Ended::Time, 1)),
    ] {
        assert_eq!(on_threads(name, &[("limits.end", "100 ms")]).run_end(), end, "{name}");
    }
    let siblings = on_threads("budget-siblings", &[("limits.end", "1 s")]);
    assert_eq!(siblings.polls(siblings.task("both")).len(), 10);
    let outside = on_threads("outside-thread", &[("limits.end", "200 ms")]);
    let reader = outside.task("reader");
    let queued = |event: &Event| *event == Event::Enqueue { task: reader, place: Place::Global };
    assert!(outside.count(queued) > 1, "first its arrival, then messages");
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
        include_str!("go.rs"),
        include_str!("async_std.rs"),
        include_str!("vectors_policies.rs"),
        include_str!("view_answers.rs"),
        include_str!("view_panels.rs"),
        include_str!("../src/policy/tokio/loom_models.rs"),
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
