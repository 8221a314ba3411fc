//! What the lessons claim in their questions, answers and takeaways, seen in runs.

use dandori::id::TaskId;
use dandori::policy::Registry;
use dandori::scenario::lesson::{self, Control, Lesson};
use dandori::scenario::{Draft, Json};
use dandori::sim::Sim;
use dandori::trace::{Event, PollEnd, Recording};

const MS: u64 = 1_000_000;

fn lesson(name: &str) -> Lesson {
    lesson::get(name).unwrap_or_else(|| panic!("no lesson {name}"))
}

/// The lesson's scenario with a try, by its English label, or as it is.
fn with_try(lesson: &Lesson, label: Option<&str>) -> Recording {
    let mut draft = lesson.draft();
    if let Some(label) = label {
        let found = lesson.tries.iter().find(|one| one.label.en == label);
        for (path, value) in &found.unwrap_or_else(|| panic!("{} has no try {label}", lesson.name)).set {
            draft.put(path, value.clone()).expect("a path");
        }
    }
    run(&draft)
}

/// The lesson's scenario with options of its knobs, by path and English label.
fn with_options(lesson: &Lesson, options: &[(&str, &str)]) -> Recording {
    let mut draft = lesson.draft();
    for (path, label) in options {
        let knob = lesson.knobs.iter().find(|knob| knob.path == *path).unwrap_or_else(|| panic!("no knob {path}"));
        let value = match &knob.control {
            Control::Options(choices) => {
                choices.iter().find(|choice| choice.label.en == *label).expect("an option").value.clone()
            }
            Control::Integer { .. } => Json::integer(label.parse::<u64>().expect("a number")),
            Control::Policies(_) => Json::text(label),
        };
        draft.put(path, value).expect("a path");
    }
    run(&draft)
}

fn run(draft: &Draft) -> Recording {
    let registry = Registry::standard();
    let scenario = draft.build(&registry).unwrap_or_else(|problems| panic!("{problems:?}"));
    Sim::new(&scenario, &registry).expect("a known policy").finish()
}

/// Tasks of a kind, without jobs of the pool.
fn tasks(recording: &Recording, kind: &str) -> Vec<TaskId> {
    let index = recording.meta.kinds.iter().position(|known| known.name == kind).expect("a kind");
    let spawned = recording.trace.iter().filter_map(|record| match record.event {
        Event::Spawn { task, kind, job: false, .. } if usize::from(kind.0) == index => Some(task),
        _ => None,
    });
    spawned.collect()
}

fn count(recording: &Recording, is: impl Fn(&Event) -> bool) -> usize {
    recording.trace.iter().filter(|record| is(&record.event)).count()
}

fn polls(recording: &Recording, kind: &str) -> usize {
    let of = tasks(recording, kind);
    count(recording, |event| matches!(event, Event::PollStart { task, .. } if of.contains(task)))
}

/// The longest time from due, or else from the wake, to the poll, among tasks of a kind, in nanoseconds.
fn worst_wait(recording: &Recording, kind: &str) -> u64 {
    let mut worst = 0;
    for of in tasks(recording, kind) {
        let mut since = None;
        for record in recording.trace.iter() {
            match record.event {
                Event::Due { task, .. } | Event::Wake { task, .. } | Event::Spawn { task, .. } if task == of => {
                    since.get_or_insert(record.at.0);
                }
                Event::PollStart { task, .. } if task == of => {
                    worst = worst.max(since.take().map_or(0, |since| record.at.0 - since));
                }
                _ => {}
            }
        }
        // Still waiting at the end.
        worst = worst.max(since.map_or(0, |since| recording.meta.end.0 - since));
    }
    worst
}

#[test]
fn of_a_future_that_is_not_awaited_no_line_runs() {
    let staircase = lesson("staircase");
    assert_eq!(polls(&with_try(&staircase, None), "fetch"), 4);
    let called = with_try(&staircase, Some("called, not awaited"));
    assert_eq!(count(&called, |event| matches!(event, Event::At { .. } | Event::StretchStart { .. })), 0);
    assert_eq!(polls(&with_options(&staircase, &[("tasks.fetch.program", "polled once")]), "fetch"), 1);
}

#[test]
fn the_waiter_waits_for_the_busy_task_unless_there_is_a_second_worker() {
    let ticket = lesson("waker-ticket");
    assert_eq!(worst_wait(&with_try(&ticket, None), "waiter") / MS, 4);
    assert!(worst_wait(&with_try(&ticket, Some("a second worker")), "waiter") < MS);
    let silent = with_options(&ticket, &[("tasks.waiter.program", "no")]);
    assert_eq!(polls(&silent, "waiter"), 1);
}

#[test]
fn a_thread_that_parks_needs_two_polls_and_a_busy_one_thousands() {
    let one = lesson("one-future");
    assert_eq!(polls(&with_try(&one, None), "sleeper"), 2);
    let busy = polls(&with_try(&one, Some("poll again and again")), "sleeper");
    assert!((2_000..10_000).contains(&busy), "{busy}");
}

#[test]
fn with_the_shortest_tasks_eight_workers_finish_later_than_two() {
    let queue = lesson("one-queue");
    let took = |workers| {
        let options = [("tasks.item.program.0.repeat.do.0.cpu", "0.1 µs"), ("policy.workers", workers)];
        with_options(&queue, &options).meta.end
    };
    assert!(took("8") > took("2"));
}

#[test]
fn no_idle_worker_takes_the_task_from_the_slot_but_one_more_spawn_frees_it() {
    let slot = lesson("lifo-slot");
    assert_eq!(worst_wait(&with_try(&slot, None), "hidden") / MS, 500);
    assert_eq!(worst_wait(&with_try(&slot, Some("more workers")), "hidden") / MS, 500);
    for cure in ["one more spawn", "LIFO slot off"] {
        assert!(worst_wait(&with_try(&slot, Some(cure)), "hidden") < MS, "{cure}");
    }
}

#[test]
fn the_last_of_six_hundred_jobs_ends_after_800_ms() {
    let pool = with_try(&lesson("blocking-pool"), None);
    let main = tasks(&pool, "main")[0];
    let is_over = |event: &Event| *event == Event::PollEnd { task: main, end: PollEnd::Ready };
    let over = pool.trace.iter().find(|record| is_over(&record.event)).expect("it ends").at.0 - 10 * MS;
    assert!((800 * MS..805 * MS).contains(&over), "{over}");
    assert!(worst_wait(&pool, "ticker") < 3 * MS);
}

#[test]
fn more_workers_do_not_help_a_branch_of_the_task_that_blocks() {
    let place = lesson("block-in-place");
    assert!(worst_wait(&with_try(&place, None), "both") < 3 * MS, "after the block it keeps its time");
    let first_tick = |recording: &Recording| {
        let both = tasks(recording, "both")[0];
        let sleeps =
            recording.trace.iter().find(|record| matches!(record.event, Event::At { task, step: 4 } if task == both));
        sleeps.expect("it ticks").at.0 / MS
    };
    let of = |label| first_tick(&with_try(&place, label));
    assert_eq!((of(None), of(Some("more workers"))), (350, 350), "it begins to tick only after the block");
    assert_eq!(of(Some("the branch in spawn_blocking")), 50);
}

#[test]
fn a_budget_of_128_makes_eleven_polls_of_1280_messages() {
    let ready = lesson("always-ready");
    assert_eq!(polls(&with_try(&ready, None), "drain"), 11);
    assert_eq!(polls(&with_try(&ready, Some("no budget")), "drain"), 1);
    let worst = |label| worst_wait(&with_try(&ready, label), "ticker");
    assert!(worst(Some("no budget")) > 2 * worst(None) && worst(None) > 2 * worst(Some("a budget of 32")));
}

#[test]
fn stealing_puts_all_four_to_work_and_without_it_one_does_everything() {
    let stealing = lesson("work-stealing");
    let took = |label| with_try(&stealing, label).meta.end.0 / MS;
    assert_eq!((took(None), took(Some("steal half")), took(Some("steal one"))), (65, 17, 17));
}

#[test]
fn a_loop_without_calls_is_stopped_by_a_signal_or_never() {
    let sysmon = lesson("sysmon");
    let preempted = |recording: &Recording| {
        count(recording, |event| matches!(event, Event::PollEnd { end: PollEnd::Preempted, .. }))
    };
    let run = with_try(&sysmon, None);
    assert!(preempted(&run) >= 5 && worst_wait(&run, "ticker") < 25 * MS);
    let run = with_try(&sysmon, Some("cooperative preemption"));
    assert!(preempted(&run) <= 1 && worst_wait(&run, "ticker") > 190 * MS, "at its end it calls a function");
    let run = with_try(&sysmon, Some("a system call instead"));
    assert!(worst_wait(&run, "ticker") < 5 * MS, "the P leaves the thread");
}

#[test]
fn a_monitor_cannot_tell_blocked_from_busy() {
    let watchman = lesson("watchman");
    let threads = |recording: &Recording| count(recording, |event| matches!(event, Event::ThreadStart { .. }));
    let run = with_try(&watchman, None);
    let worst = worst_wait(&run, "ticker");
    assert!(worst < 25 * MS && (20..40).contains(&threads(&run)), "{worst} ns, {} threads", threads(&run));
    let run = with_try(&watchman, Some("jobs that compute 20 ms"));
    let worst = worst_wait(&run, "ticker");
    assert!(threads(&run) > 100 && worst > 100 * MS, "{worst} ns, {} threads", threads(&run));
    assert!(worst_wait(&with_try(&watchman, Some("jobs that compute 2 ms")), "ticker") > 50 * MS, "no help");
    assert!(worst_wait(&with_try(&watchman, Some("no monitor")), "ticker") > 1_000 * MS);
}

#[test]
fn only_go_keeps_the_ticker_within_100_ms_whatever_the_jobs_do() {
    let four = lesson("four-answers");
    let jobs = ["2 block 400 ms", "20 block 400 ms", "200 compute 20 ms", "2,000 compute 2 ms"];
    for policy in ["tokio", "go", "async-std-monitor", "smol"] {
        let registry = Registry::standard();
        let kept = jobs.iter().all(|job| {
            let knob = four.knobs.iter().find(|knob| knob.path == "tasks.main.program").expect("a knob");
            let Control::Options(choices) = &knob.control else { unreachable!("it has options") };
            let choice = choices.iter().find(|choice| choice.label.en == *job).expect("an option");
            let mut draft = four.draft();
            draft.with_policy(policy, &registry);
            draft.put(&knob.path, choice.value.clone()).expect("a path");
            worst_wait(&run(&draft), "ticker") < 100 * MS
        });
        assert_eq!(kept, policy == "go", "{policy}");
    }
}
