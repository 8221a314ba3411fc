//! async-std before it became smol: its own scheduler of 2020, and the one that was to replace it and never did.
//!
//! [`AsyncStd`] is the scheduler of 1.5, [`AsyncStdMonitor`] that of pull request 631 with its monitor. Both have a queue
//! without a limit and a slot for each processor, and steal in batches (`deque`).

mod deque;
mod monitored;
mod spec;
mod stable;

pub use monitored::AsyncStdMonitor;
pub use spec::{MONITORED as MONITOR_SPEC, STABLE as SPEC};
pub use stable::AsyncStd;
