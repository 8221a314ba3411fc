//! The blocking pool's parameters and rules, the same words in every policy.

use crate::policy::PoolView;
use crate::policy::spec::{Args, Param, Range};
use crate::time::Nanos;

/// Where textbook policies have their pool's numbers from.
pub const AS_TOKIO: &str = "taste: tokio's number, so that the two compare";
/// Threads of tokio's blocking pool (`runtime/builder.rs`).
pub const TOKIO_THREADS: u64 = 512;
/// How long a thread of tokio's blocking pool idles, in nanoseconds (`runtime/blocking/pool.rs`, `KEEP_ALIVE`).
pub const TOKIO_KEEP_ALIVE: u64 = 10_000_000_000;

/// The parameter for the size of the pool.
#[must_use]
pub const fn max_blocking_threads(default: u64, source: &'static str) -> Param {
    Param {
        name: "max_blocking_threads",
        what: "Most threads of the blocking pool, besides one per worker.",
        range: Range::Integer { min: 1, max: 10_000, default: Some(default), unit: "threads" },
        source,
    }
}

/// The parameter for how long its threads idle. `default` in nanoseconds.
#[must_use]
pub const fn keep_alive(default: u64, source: &'static str) -> Param {
    Param {
        name: "keep_alive",
        what: "A thread of the blocking pool ends after idling this long.",
        range: Range::Duration { min: 1_000_000, max: 3_600_000_000_000, default },
        source,
    }
}

/// What the two parameters are set to.
#[derive(Clone, Copy, Debug)]
pub struct Blocking {
    /// Most threads, with those that hold workers: these come from the pool, too.
    pub pool_max: u32,
    /// How long a thread idles.
    pub keep_alive: Nanos,
}

impl Blocking {
    /// Reads them, for a policy with so many workers.
    #[must_use]
    pub fn new(args: &Args<'_>, workers: u16) -> Blocking {
        Blocking { pool_max: Blocking::pool_max(args, workers), keep_alive: args.duration("keep_alive") }
    }

    /// The first of them alone, where threads do not end by idling.
    #[must_use]
    pub fn pool_max(args: &Args<'_>, workers: u16) -> u32 {
        let threads = u32::try_from(args.integer("max_blocking_threads")).expect("validated against the range");
        threads + u32::from(workers)
    }
}

/// One thread for a job that finds nobody idle; no other rule. tokio's, and the textbook's.
#[must_use]
pub fn one_if_nobody_idles(pool: PoolView) -> u32 {
    u32::from(pool.idle == 0)
}
