//! From figures to the fields of the cost model. Each line says what it rests on.

use super::{How, Measure, Samples, quantile};
use crate::scenario::Costs;

/// Shown in the report besides the costs: probe, and its name for people.
pub(super) const FIGURES: [(&str, &str); 4] = [
    ("self-wake", "wake, enqueue and poll of a task that wakes itself"),
    ("spawn", "spawn and the only poll of a task"),
    ("wake hot", "wake of a thread that has slept for 2 µs, until it runs"),
    ("hand-over", "sleep and switch to the next thread on a busy CPU"),
];

/// Share of a poll's price that is paid at its start: taking from the queue and entering the future are dearer than
/// leaving it. Nothing in a run tells the two apart; 4 to 1 as in the profiles.
const START: f64 = 0.8;

/// Share of falling asleep in what a busy CPU needs from the sleep of one thread to the run of the next: 1 to 1.5 with
/// the switch, as in the profiles.
const SLEEP: f64 = 0.4;

/// Lines of cache that a task, its future and its queue entry are thought to have: a few (64 bytes each).
const LINES: f64 = 5.0;

/// One field: its value in each round, from the figures that it rests on.
struct Row {
    cost: &'static str,
    how: How,
    what: &'static str,
    /// Median, lower and upper quartile, in nanoseconds.
    at: [f64; 3],
}

pub(super) fn put_together(samples: &Samples, cpus: u16) -> (Costs, Vec<Measure>) {
    let at = |name: &str| [0.5, 0.25, 0.75].map(|share| quantile(samples.of(name), share));
    let half = |name: &str| at(name).map(|ns| ns / 2.0);
    // The difference of two figures: as unsteady as the larger one.
    let less = |name: &str, less: f64| at(name).map(|ns| (ns - less).max(0.0));
    let push = samples.median("ring") / 2.0;
    let poll = less("self-wake", push);
    let measured = |cost, probe, what| Row { cost, how: How::Measured, what, at: at(probe) };
    let derived = |cost, at, what| Row { cost, how: How::Derived, what, at };
    let grain = if samples.median("short sleep") > 500_000.0 { 1_000_000 } else { 0 };
    let factor = Costs { slice: 1_000_000, ..Costs::IDEAL }.slice_on(cpus).0 as f64 / 1_000_000.0;
    let rows = [
        derived("poll_start", poll.map(|ns| ns * START), "four fifths of a poll: a self-wake without its push"),
        derived("poll_end", poll.map(|ns| ns * (1.0 - START)), "one fifth of a poll"),
        derived("push_local", half("ring"), "half of a push and pop of a worker's ring"),
        derived("global", half("inject"), "half of a push and pop of the global queue"),
        derived(
            "contention",
            less("inject contended", samples.median("inject")).map(|ns| ns / 2.0),
            "what a second thread adds to a push or pop of the global queue",
        ),
        derived("push_pool", at("inject"), "twice the global queue: a lock and a look at who is idle"),
        derived(
            "spawn",
            less("spawn", push + samples.median("self-wake")),
            "a spawn without the push and the poll of its task",
        ),
        measured("overflow", "overflow", "a full ring of 256 gives 129 to the global queue"),
        measured("probe", "probe", "a thief looks at a ring that its owner has just emptied"),
        measured("steal", "steal one", "a steal of one task from a ring that its owner has just filled"),
        derived(
            "move_one",
            less("steal many", samples.median("steal one")).map(|ns| ns / 127.0),
            "a steal of 128 tasks without that of one, for each of the others",
        ),
        measured("peek", "peek", "a read of the global queue's length"),
        derived("rescan", at("probe"), "as a look at one ring"),
        measured("unpark", "unpark", "the wake of a thread that has slept for 500 µs: what the waker pays"),
        measured("wake_latency", "wake idle", "the same, until the thread runs"),
        derived(
            "park",
            at("hand-over").map(|ns| ns * SLEEP),
            "two fifths of a sleep with the switch to the next thread, where no CPU is ever idle",
        ),
        measured("driver_turn", "look", "a look at the selector without waiting"),
        measured("timer", "timer", "a timer registered or taken back, among 100"),
        derived("timer_slack", at("sleep"), "how late the selector ends a sleep of 3 ms"),
        Row {
            cost: "driver_grain",
            how: How::Measured,
            what: "whether the selector ends a sleep of 0.3 ms before 0.8 ms; if not, it counts whole ms",
            at: [f64::from(grain); 3],
        },
        measured("thread_start", "thread start", "the start of a thread: what the starter pays"),
        measured("thread_latency", "thread latency", "the same, until the thread runs"),
        derived("context_switch", at("hand-over").map(|ns| ns * (1.0 - SLEEP)), "three fifths of it"),
        derived("slice", at("slice").map(|ns| ns / factor), "how long a computing thread keeps its CPU, on one CPU"),
        derived(
            "migration",
            at("probe").map(|ns| LINES * ns),
            "five looks at a ring that another CPU wrote: so many lines of cache a task is thought to have",
        ),
        measured("syscall", "syscall", "a short system call"),
        derived("message", half("inject"), "as a push to the global queue: a lock that nobody else wants"),
        derived(
            "preempt",
            at("hand-over").map(|ns| 2.0 * ns),
            "two hand-overs, one for the signal: nobody can be stopped here, so nothing shows it",
        ),
    ];
    let mut costs = Costs::SERVER;
    let measures = rows.map(|row| {
        let [ns, low, high] = row.at;
        let ns = ns.round().max(0.0) as u64;
        *costs.field(row.cost).unwrap_or_else(|| panic!("{} is no cost", row.cost)) = ns;
        Measure { cost: row.cost.to_owned(), ns, low, high, how: row.how, what: row.what.to_owned() }
    });
    (costs, measures.into())
}
