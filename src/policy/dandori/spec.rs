//! What the dandori policy says about itself: its parameters and what it leaves out.

use crate::policy::parts::blocking;
use crate::policy::spec::{Assumption, Nouns, Param, Range, Spec};

/// Capacities of the ring that can be chosen: powers of two.
const CAPACITIES: &[&str] = &["4", "8", "16", "32", "64", "128", "256", "512", "1024"];

/// What the policy says about itself.
pub const SPEC: Spec = Spec {
    name: "dandori",
    title: "Dandori",
    summary: "Ours: a monitor hands on the worker of a stuck thread, and a task too small for a wake wakes nobody.",
    params: &[
        Param {
            name: "workers",
            what: "How many workers run tasks.",
            range: Range::Integer { min: 1, max: 1024, default: None, unit: "workers" },
            source: "one per CPU, as everywhere",
        },
        Param {
            name: "patience",
            what: "A thread is stuck once it has been seen in the same poll for so long.",
            range: Range::Duration { min: 1_000, max: 1_000_000_000, default: 1_000_000 },
            source: "40 times what the replacement costs: 24 us until a sleeping thread runs (measured, Zen 5 guest)",
        },
        Param {
            name: "period",
            what: "The monitor sleeps so long between two looks while there is something to find.",
            range: Range::Duration { min: 10_000, max: 1_000_000_000, default: 1_000_000 },
            source: "a look costs about 20 us of CPU time: 2 % of a CPU (measured, Zen 5 guest)",
        },
        Param {
            name: "linger",
            what: "It goes on looking for so long after there was something to find, then sleeps until it is roused.",
            range: Range::Duration { min: 0, max: 3_600_000_000_000, default: 20_000_000 },
            source: "taste: to rouse it costs 31 us, a look 20 us, so this is as dear as rousing it 13 times",
        },
        Param {
            name: "max_computing",
            what: "So many threads per worker may compute without a worker; a stuck one beyond that keeps its worker.",
            range: Range::Integer { min: 1, max: 1_000, default: Some(2), unit: "threads per worker" },
            source: "with the workers' own threads and the monitor at most four threads per CPU",
        },
        Param {
            name: "worth",
            what: "A sleeping worker is woken for waiting tasks that would last so long.",
            range: Range::Duration { min: 0, max: 1_000_000_000, default: 20_000 },
            source: "a sleeping thread runs 24 us after it was woken (measured, Zen 5 guest); below that its waker is quicker",
        },
        Param {
            name: "grain",
            what: "Tasks whose polls are shorter than this are left where they are.",
            range: Range::Duration { min: 0, max: 1_000_000_000, default: 1_000 },
            source: "a task touches about ten cache lines, each 55 ns from another CPU (measured, Zen 5 guest); doubled",
        },
        Param {
            name: "keep_driver",
            what: "A worker that leaves the driver to poll wakes nobody to take it over.",
            range: Range::Flag { default: false },
            source: "tokio-rs/tokio#8010, where the opposite is an option",
        },
        Param {
            name: "fair_interval",
            what: "A worker looks at the inject queue first every so many passes.",
            range: Range::Integer { min: 1, max: 1_000_000, default: Some(61), unit: "passes" },
            source: "Go's and tokio's number",
        },
        Param {
            name: "max_slot_polls",
            what: "So many polls in a row may come from the slot while the ring has something.",
            range: Range::Integer { min: 1, max: 1_000_000, default: Some(3), unit: "polls" },
            source: "tokio 1.53.1, multi_thread/worker.rs, MAX_LIFO_POLLS_PER_TICK",
        },
        Param {
            name: "local_queue_capacity",
            what: "So many tasks fit in a worker's ring; one more goes to the inject queue.",
            range: Range::Choice { options: CAPACITIES, default: "256" },
            source: "Go's and tokio's number",
        },
        Param {
            name: "coop_budget",
            what: "So many budgeted operations before a task must yield; 0: no budget.",
            range: Range::Integer { min: 0, max: 1_000_000, default: Some(128), unit: "operations" },
            source: "tokio 1.53.1, task/coop/mod.rs, Budget::initial",
        },
        blocking::max_blocking_threads(blocking::TOKIO_THREADS, blocking::AS_TOKIO),
        blocking::keep_alive(blocking::TOKIO_KEEP_ALIVE, blocking::AS_TOKIO),
    ],
    assumptions: &[
        Assumption {
            text: "Whether a thread computes or sleeps is asked of the system, and known on Linux only: elsewhere each stuck \
                   thread counts as one that sleeps, so jobs that compute may take as many threads as the pool has.",
            source: "proc(5), /proc/self/task/ID/stat, field state",
        },
        Assumption {
            text: "A thread is asked at one moment: one that computes but waits for the disk just then counts as asleep until it \
                   is asked again.",
            source: "proc(5)",
        },
        Assumption {
            text: "As many tasks that compute without end as may compute without a worker leave nothing for tasks that were not \
                   started yet; what timers, I/O and other such tasks wake goes on.",
            source: "the alternative is a thread for each",
        },
        Assumption {
            text: "A task that was woken from elsewhere than a worker waits with the new ones while workers start nothing new.",
            source: "the inject queue is one queue",
        },
        Assumption {
            text: "A wake on a worker that wakes another one takes the inject lock at once, without waiting for it.",
            source: "as in the policy tokio",
        },
        Assumption {
            text: "On real threads the worker lies behind a lock during each poll, so that the monitor can take it: polls cost \
                   some 30 ns more than without.",
            source: "two uses of a free lock",
        },
    ],
    nouns: Nouns { worker: "Worker", slot: "slot", local: "run queue", global: "inject queue", monitor: "monitor" },
    refuses: &[],
};
