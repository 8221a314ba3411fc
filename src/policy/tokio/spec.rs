//! What the tokio policy says about itself: its parameters and what it leaves out.

use crate::policy::parts::blocking;
use crate::policy::spec::{Assumption, Nouns, Param, Range, Spec};

const BUILDER: &str = "tokio 1.53.1, runtime/builder.rs";
const WORKER: &str = "tokio 1.53.1, runtime/scheduler/multi_thread/worker.rs";

/// Capacities of the ring that can be chosen: powers of two.
const CAPACITIES: &[&str] = &["4", "8", "16", "32", "64", "128", "256", "512", "1024"];

/// The scheduler's times, oldest first; what sets them apart is in `era`.
pub(super) const ERAS: &[&str] = &["2019-design", "0.2.19", "2023-slot-cap", "1.51-stealable-slot", TODAY];
/// tokio 1.53.
pub(super) const TODAY: &str = "today";

/// What the policy says about itself.
pub const SPEC: Spec = Spec {
    name: "tokio",
    title: "tokio 1.53, multi-thread",
    summary: "Every worker has a ring and a LIFO slot, steals when it has nothing, and trusts tasks to yield.",
    params: &[
        Param {
            name: "workers",
            what: "How many workers run tasks (tokio: worker_threads).",
            range: Range::Integer { min: 1, max: 1024, default: None, unit: "workers" },
            source: "tokio 1.53.1, loom/std/mod.rs, num_cpus: one per CPU",
        },
        Param {
            name: "event_interval",
            what: "A worker looks at timers and I/O at least every so many ticks, even if it has tasks.",
            range: Range::Integer { min: 1, max: 1_000_000, default: Some(61), unit: "ticks" },
            source: BUILDER,
        },
        Param {
            name: "global_queue_interval",
            what: "A worker looks at the inject queue first every so many ticks; 0: tuned so that 200 us pass.",
            range: Range::Integer { min: 0, max: 1_000_000, default: Some(0), unit: "ticks" },
            source: "tokio 1.53.1, runtime/scheduler/multi_thread/stats.rs, tuned_global_queue_interval",
        },
        Param {
            name: "disable_lifo_slot",
            what: "A woken task goes to the back of the ring, never into the slot.",
            range: Range::Flag { default: false },
            source: BUILDER,
        },
        Param {
            name: "max_lifo_polls",
            what: "So many polls from the LIFO slot may follow the first poll of a tick.",
            range: Range::Integer { min: 1, max: 1_000_000, default: Some(3), unit: "polls" },
            source: "tokio 1.53.1, multi_thread/worker.rs, MAX_LIFO_POLLS_PER_TICK",
        },
        Param {
            name: "local_queue_capacity",
            what: "So many tasks fit in a worker's ring; half of it overflows at once.",
            range: Range::Choice { options: CAPACITIES, default: "256" },
            source: "tokio 1.53.1, multi_thread/queue.rs, LOCAL_QUEUE_CAPACITY",
        },
        Param {
            name: "overflow_half",
            what: "Which half of a full ring goes to the inject queue, together with the new task.",
            range: Range::Choice { options: &["newer", "older"], default: "newer" },
            source: "tokio 1.53.1, multi_thread/queue.rs, push_overflow; older up to 1.51 (tokio-rs/tokio#8029)",
        },
        Param {
            name: "coop_budget",
            what: "So many budgeted operations before a task must yield; 0: no budget.",
            range: Range::Integer { min: 0, max: 1_000_000, default: Some(128), unit: "operations" },
            source: "tokio 1.53.1, task/coop/mod.rs, Budget::initial",
        },
        Param {
            name: "eager_driver_handoff",
            what: "A worker that held the driver wakes another one before it polls a task.",
            range: Range::Flag { default: false },
            source: "tokio 1.53.1, runtime/builder.rs, enable_eager_driver_handoff (unstable)",
        },
        Param {
            name: "timer_resolution",
            what: "Deadlines are rounded up to multiples of this.",
            range: Range::Duration { min: 1, max: 1_000_000_000, default: 1_000_000 },
            source: "tokio 1.53.1, runtime/time/",
        },
        blocking::max_blocking_threads(blocking::TOKIO_THREADS, BUILDER),
        blocking::keep_alive(
            blocking::TOKIO_KEEP_ALIVE,
            "tokio 1.53.1, runtime/blocking/pool.rs, KEEP_ALIVE (the option thread_keep_alive)",
        ),
        Param {
            name: "era",
            what: "The scheduler of which time: it sets every other parameter that is not set, and rules that have none.",
            range: Range::Choice { options: ERAS, default: TODAY },
            source: "tokio 0.2.0, 0.2.19, 1.29.1, 1.51.0 and 1.53.1, the multi-thread scheduler of each",
        },
    ],
    assumptions: &[
        Assumption {
            text: "There is one driver with one timer wheel; the unstable wheels per worker are left out.",
            source: "tokio 1.53.1, runtime/time_alt/, enable_alt_timer",
        },
        Assumption {
            text: "The blocking pool has one queue; the unstable sharded queue is left out.",
            source: "tokio after 1.53.1, runtime/blocking/, enable_sharded_blocking_queue",
        },
        Assumption {
            text: "There is no LocalSet, no current_thread runtime, and no main future polled by the caller of block_on.",
            source: "tokio 1.53.1, task/local.rs, runtime/scheduler/current_thread/",
        },
        Assumption {
            text: "A wake on a worker that overflows or wakes another worker takes the inject lock at once, without \
                   waiting for it, and a push from outside takes it once instead of twice.",
            source: WORKER,
        },
        Assumption {
            text: "Shutdown is the world's business: workers do not take the inject lock at every maintenance to see \
                   whether the runtime was closed.",
            source: WORKER,
        },
        Assumption {
            text: "A waiter for the inject lock spins while the holder runs, else it sleeps and asks again; spinners get it \
                   first come, first served. A real mutex also lets newcomers overtake.",
            source: "std::sync::Mutex on Linux is unfair (rust-lang/rust, sys/sync/mutex/futex.rs)",
        },
        Assumption {
            text: "On threads, a ring that is being stolen from counts its leaving tasks until the thief is done, so a \
                   worker may be woken once more than in tokio.",
            source: "st3 0.4.1, fifo.rs, spare_capacity and book_items",
        },
        Assumption {
            text: "A tick is counted in 64 bits; in tokio it starts again from 0 after 2^32.",
            source: WORKER,
        },
        Assumption {
            text: "In 0.2.14 to 0.2.21 an operation that had to wait used up budget, too; here only those that succeed do.",
            source: "tokio-rs/tokio#2549",
        },
        Assumption {
            text: "In the era 2023-slot-cap a task whose budget is used up is deferred, as today; then it was queued at once.",
            source: "tokio 1.29.1, runtime/coop.rs, poll_proceed",
        },
        Assumption {
            text: "A driver turn wakes everything that is due; tokio takes at most 1024 I/O events per turn.",
            source: BUILDER,
        },
    ],
    nouns: Nouns { worker: "Worker", slot: "LIFO slot", local: "run queue", global: "inject queue", monitor: "" },
    refuses: &[],
};
