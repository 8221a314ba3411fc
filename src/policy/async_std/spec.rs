//! What the two async-std policies say about themselves.

use crate::policy::spec::{Assumption, Feature, Nouns, Param, Range, Refusal, Spec};

const POOL: &str = "async-std 1.5.0, src/task/executor/pool.rs";
const RUNTIME: &str = "async-std pull request 631 (ceba324), src/rt/runtime.rs";

const WORKERS: Param = Param {
    name: "workers",
    what: "How many processors there are.",
    range: Range::Integer { min: 1, max: 1024, default: None, unit: "processors" },
    source: "num_cpus: one per CPU, at least one",
};

const QUEUES: Assumption = Assumption {
    text: "The queues have locks where crossbeam's have none; a thief that finds somebody there counts as refused.",
    source: "crossbeam-deque 0.7, src/lib.rs",
};
const NAPS: Assumption = Assumption {
    text: "A worker without work computes through its yields and short sleeps instead of leaving its CPU.",
    source: "a sleep of 10 us lasts about 60 us on Linux, whose timers have 50 us of slack",
};
const NO_BUDGET: Assumption = Assumption {
    text: "There is no coop budget: a task whose input is always ready keeps its thread.",
    source: "async-std had none",
};

/// async-std 1.5.
pub const STABLE: Spec = Spec {
    name: "async-std",
    title: "async-std 1.5",
    summary: "Fixed threads with a queue and a slot each; nobody watches them, timers have a thread of their own.",
    params: &[
        WORKERS,
        Param {
            name: "slot_limit",
            what: "So many tasks in a row may run from the slot before the queue has its turn.",
            range: Range::Integer { min: 1, max: 1_000_000, default: Some(16), unit: "runs" },
            source: "async-std 1.5.0, src/task/executor/pool.rs, SLOT_LIMIT",
        },
        Param {
            name: "yields",
            what: "A worker that finds nothing yields its thread so often before it naps.",
            range: Range::Integer { min: 0, max: 1_000, default: Some(3), unit: "yields" },
            source: POOL,
        },
        Param {
            name: "sleeps",
            what: "It naps so often before it sleeps until it is notified.",
            range: Range::Integer { min: 0, max: 1_000, default: Some(1), unit: "naps" },
            source: POOL,
        },
        Param {
            name: "sleep",
            what: "How long a nap is.",
            range: Range::Duration { min: 1, max: 1_000_000_000, default: 10_000 },
            source: POOL,
        },
        Param {
            name: "max_blocking_threads",
            what: "Most threads for blocking jobs (async-std has no limit).",
            range: Range::Integer { min: 1, max: 10_000, default: Some(10_000), unit: "threads" },
            source: "taste: more than a scenario needs",
        },
        Param {
            name: "keep_alive",
            what: "A thread for blocking jobs ends after idling this long.",
            range: Range::Duration { min: 1_000_000, max: 3_600_000_000_000, default: 1_000_000_000 },
            source: "async-std 1.5.0, src/task/spawn_blocking.rs",
        },
    ],
    assumptions: &[
        QUEUES,
        NAPS,
        NO_BUDGET,
        Assumption {
            text: "Timers and I/O are looked after by one thread; async-std has one for each.",
            source: "async-std 1.5.0, src/net/driver/, and the crate futures-timer",
        },
        Assumption {
            text: "The worker that has slept longest is notified; a condition variable wakes any.",
            source: "async-std 1.5.0, src/task/executor/sleepers.rs",
        },
        Assumption {
            text: "Surplus threads for blocking jobs idle until their time is over; in async-std they end at once.",
            source: "async-std 1.5.0, src/task/spawn_blocking.rs",
        },
    ],
    nouns: Nouns { worker: "Processor", slot: "slot", local: "local queue", global: "injector", monitor: "" },
    refuses: &[Refusal {
        feature: Feature::BlockInPlace,
        reason: "async-std has no block_in_place: a processor never leaves its thread",
    }],
};

/// Pull request 631.
pub const MONITORED: Spec = Spec {
    name: "async-std-monitor",
    title: "async-std, pull request 631",
    summary: "A monitor gives the processor of a thread that made no progress to a new thread.",
    params: &[
        WORKERS,
        Param {
            name: "monitor_min",
            what: "The monitor sleeps so long between two looks while it finds something to do.",
            range: Range::Duration { min: 1_000, max: 1_000_000_000, default: 1_000_000 },
            source: RUNTIME,
        },
        Param {
            name: "monitor_max",
            what: "The longest sleep of the monitor.",
            range: Range::Duration { min: 1_000, max: 1_000_000_000, default: 10_000_000 },
            source: RUNTIME,
        },
        Param {
            name: "quiet_rounds",
            what: "After more than so many looks without a new machine the monitor sleeps twice as long each time.",
            range: Range::Integer { min: 0, max: 1_000_000, default: Some(10), unit: "looks" },
            source: RUNTIME,
        },
        Param {
            name: "runs",
            what: "After so many tasks in a row a machine looks at the reactor and the injector, and empties its slot.",
            range: Range::Integer { min: 1, max: 1_000_000, default: Some(64), unit: "runs" },
            source: RUNTIME,
        },
        Param {
            name: "yields",
            what: "A machine that finds nothing yields its thread so often before it naps.",
            range: Range::Integer { min: 0, max: 1_000, default: Some(3), unit: "yields" },
            source: RUNTIME,
        },
        Param {
            name: "sleeps",
            what: "It naps so often before it waits in the reactor or ends.",
            range: Range::Integer { min: 0, max: 1_000, default: Some(10), unit: "naps" },
            source: RUNTIME,
        },
        Param {
            name: "sleep",
            what: "How long a nap is.",
            range: Range::Duration { min: 1, max: 1_000_000_000, default: 10_000 },
            source: RUNTIME,
        },
        Param {
            name: "max_threads",
            what: "Most threads (the pull request has no limit); beyond it a processor waits for one.",
            range: Range::Integer { min: 1, max: 10_000, default: Some(10_000), unit: "threads" },
            source: "taste: more than a scenario needs",
        },
    ],
    assumptions: &[
        QUEUES,
        NAPS,
        NO_BUDGET,
        Assumption {
            text: "A task that wakes itself counts as one that yields: its slot is emptied when the machine's loop comes round.",
            source: RUNTIME,
        },
        Assumption {
            text: "The last search under the scheduler's lock only looks whether there is something; the task is then taken as \
                   always.",
            source: RUNTIME,
        },
        Assumption {
            text: "In the simulator the monitor has a CPU as soon as it wakes. On Linux it may wait for a tick of up to 4 ms \
                   beside threads that compute; then jobs of 2 ms are never seen twice, and W4 starts next to no threads.",
            source: "W4 measured on two CPUs, Linux 6.18; with monitor_min at 4 ms the simulator does the same",
        },
        Assumption {
            text: "On real threads the worker lies behind a lock during each poll, so that the monitor can take it: polls cost \
                   some 30 ns more than without.",
            source: "two uses of a free lock",
        },
    ],
    nouns: Nouns { worker: "Processor", slot: "slot", local: "local queue", global: "injector", monitor: "monitor" },
    refuses: &[
        Refusal {
            feature: Feature::SpawnBlocking,
            reason: "pull request 631 removed spawn_blocking: a task simply blocks and the monitor takes care of it",
        },
        Refusal {
            feature: Feature::BlockInPlace,
            reason: "async-std has no block_in_place: a task simply blocks and the monitor takes care of it",
        },
    ],
};
