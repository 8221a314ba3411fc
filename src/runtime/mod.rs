//! The world in real time: the policies on threads of the operating system.
//!
//! ```text
//! thread   holds at most one worker (here), asks it for a step and does it (thread)
//! poll     async-task calls back into shared: a wake goes to the worker in the seat, else to the policy's inject
//! park     parker (a token per worker); one sleeper may hold the driver (timers, interrupt)
//! pool     jobs that block, and threads for workers that were given away
//! tracer   a buffer per thread; merge makes one stream of them
//! run      a scenario from its first arrival to its end
//! ```
//!
//! Which policies run: all that never take a worker from a thread in the middle of its poll. What a task sees is
//! [`crate::task::Env`], as in the simulator.

#![allow(clippy::disallowed_methods, reason = "this is the real world: it reads the clock and has threads")]

mod blocking;
mod builder;
pub mod calibrate;
mod clock;
mod context;
mod coop;
mod driver;
mod existing;
mod handle;
mod hands;
mod here;
mod host;
mod interval;
mod job;
mod join;
#[cfg(all(test, loom))]
mod loom_models;
mod merge;
mod metrics;
mod monitor;
pub(crate) mod net;
mod owned;
#[cfg(all(test, loom))]
mod owned_models;
mod parker;
mod pool;
mod recorded;
mod run;
mod runnable;
mod shared;
mod shelf;
mod sleep;
mod spawn;
pub(crate) mod sync;
mod system_thread;
mod thread;
mod tracer;
mod watch;
#[cfg(all(test, not(loom)))]
mod whole;

pub use builder::{BuildError, Builder};
pub use context::{EnterGuard, Handle, TryCurrentError};
pub use handle::Runtime;
pub use metrics::RuntimeMetrics;
pub use run::{Options, Tap, run};
pub use runnable::Runnable;

/// What `crate::task` shows of this module.
pub(crate) mod tasks {
    pub use super::blocking::{block_in_place, spawn, spawn_blocking};
    pub use super::coop::{Budgeted, Unconstrained, consume_budget, has_budget_remaining, unconstrained, yield_now};
    pub use super::join::{AbortHandle, JoinError, JoinHandle};
}

/// What `crate::time` shows of this module.
pub(crate) mod times {
    pub use std::time::{Duration, Instant};

    pub use super::interval::{Interval, MissedTickBehavior, interval, interval_at};
    pub use super::sleep::{Elapsed, Sleep, Timeout, sleep, sleep_until, timeout, timeout_at};
}
