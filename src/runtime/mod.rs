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

pub mod calibrate;
mod clock;
mod driver;
mod handle;
mod hands;
mod here;
mod host;
mod job;
mod merge;
mod monitor;
mod owned;
mod parker;
mod pool;
mod run;
mod shared;
mod shelf;
mod spawn;
mod thread;
mod tracer;
mod watch;

pub use handle::{Builder, Runtime, spawn};
pub use run::{Options, Tap, run};
pub use spawn::{JoinError, JoinHandle};
