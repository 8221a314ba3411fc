//! See why a task waited: async schedulers, simulated and run on real threads with one code.
//!
//! An async runtime decides, thousands of times a second, which task a thread runs next. When it decides badly a
//! request waits, and nothing on the screen says why. This crate runs a *scenario* (tasks, a machine, a scheduler, as
//! data) in virtual time or on real threads, writes down everything that happens, and answers from that record.
//!
//! # One task, from wake to poll
//!
//! One worker, two tasks. The sleeper waits 1 ms through a timer. Half a millisecond later a second task arrives and
//! computes for 5 ms without an `.await`. When does the sleeper go on?
//!
//! ```
//! use dandori::id::TaskId;
//! use dandori::policy::Registry;
//! use dandori::scenario::Scenario;
//! use dandori::sim::Sim;
//! use dandori::trace::{laws, names};
//!
//! let scenario = Scenario::parse(
//!     r#"{
//!         "dandori": 1,
//!         "machine": {"cpus": 1, "costs": "ideal"},
//!         "policy": {"name": "tokio", "workers": 1},
//!         "limits": {"end": "20 ms"},
//!         "tasks": {
//!             "sleeper": {"arrive": [{"at": "0 ns"}], "program": [{"sleep": "1 ms"}, {"cpu": "1 us"}]},
//!             "hog": {"arrive": [{"at": "500 us"}], "program": [{"cpu": "5 ms"}]}
//!         }
//!     }"#,
//! )
//! .expect("a valid scenario");
//! let recording = Sim::new(&scenario, &Registry::standard()).expect("tokio is a known policy").finish();
//!
//! // The sleeper arrived first, so it is task 0. Its life:
//! let sleeper = recording.trace.iter().filter(|record| record.event.task() == Some(TaskId(0)));
//! let life: Vec<String> = sleeper.map(|record| format!("{} {}", record.at, names::event(&record.event))).collect();
//! assert_eq!(
//!     life,
//!     [
//!         "0 ns spawn",            // it arrives,
//!         "0 ns enqueue",          // waits in a queue,
//!         "0 ns poll_start",       // is polled for the first time,
//!         "0 ns at",               // and is at the first step of its program:
//!         "0 ns timer",            // a deadline is registered with the driver,
//!         "0 ns poll_end",         // and the poll answers Pending.
//!         "1 ms due",              // The deadline passes. Nobody looks: the only worker is inside the other task.
//!         "5.5 ms wake",           // The worker is back, looks at its timers and wakes the sleeper,
//!         "5.5 ms enqueue",        // which is put in a queue
//!         "5.5 ms poll_start",     // and taken out again at once.
//!         "5.5 ms at",
//!         "5.5 ms stretch_start",  // It computes for 1 us
//!         "5.501 ms stretch_end",
//!         "5.501 ms poll_end",     // and is done.
//!     ]
//! );
//!
//! // Whoever wrote a stream, it obeys the same laws.
//! assert!(laws::check(&recording).is_clean());
//! ```
//!
//! From *due* to *poll_start* it waited 4.5 ms, and none of that was time in a queue: it was noticed late. That is the
//! difference between **lateness** (from due) and **scheduling delay** (from wake), and why both are measured.
//!
//! What happened on the way, and where it is written:
//!
//! 1. [`scenario`] reads the JSON and reports everything that is wrong with it at once. Each arrival becomes a task: an
//!    ordinary [`Future`] that walks over the steps of its program.
//! 2. [`task`] is all that this future sees of its world: a handle to sleep, compute, spawn and send with. *Computing*
//!    is what a future cannot say by itself. On a thread it takes its time inside `poll`; in the simulator the poll
//!    freezes until that time is over (the freeze rule).
//! 3. The deadline goes to the *driver*, which looks after timers and I/O. Under tokio's rules a worker does that when
//!    it sleeps, or between two polls; here the only worker was inside one.
//! 4. The driver's waker makes the task runnable again. Where it then waits, and which task a worker polls next, is
//!    decided by a [`policy`]: the one part that both worlds share to the letter. A policy decides and never acts.
//! 5. The world acts: [`sim`] on a simulated machine, where every operation has a cost and threads share CPUs and
//!    locks, and `runtime` on threads of the operating system.
//! 6. Every step of this is a record in one stream. [`trace`] holds it, checks it and folds it into numbers; [`view`]
//!    folds it into rows, pictures and the parts of a wait, and [`words`] says them in two languages. None of them can
//!    tell which world wrote the stream.
//!
//! # The same on threads
//!
//! ```
//! # use dandori::{policy::Registry, scenario::library};
//! # #[cfg(not(target_arch = "wasm32"))]
//! # {
//! use dandori::runtime::{self, Options};
//! use dandori::trace::{laws, metrics};
//!
//! let registry = Registry::standard();
//! let scenario = library::get("one-sleep").expect("in the library").scenario(&registry).expect("valid");
//! let recording = runtime::run(&scenario, &registry, &Options::default()).expect("this machine has threads");
//! assert!(laws::check(&recording).is_clean());
//! println!("{:?}", metrics::fold(&recording).tasks.lateness.max());
//! # }
//! ```
//!
//! # Where to go on
//!
//! - [`scenario::library`] has the named scenarios, [`policy::registry`] the schedulers; [`policy`] says how to write
//!   one. It joins the others with [`policy::Registry::with`] and then runs in both worlds.
//! - `compare` puts policies and worlds side by side.
//! - `ARCHITECTURE.md` is the map of the whole project, `docs/scenario.md` and `docs/events.md` describe the formats, and
//!   `examples/own_policy.rs` is a policy written outside of the crate.
//!
//! # Features and targets
//!
//! `command` (on by default) is what only the `dandori` command needs; a program that uses the library switches it off
//! with `default-features = false`. The target decides the rest: on `wasm32` there are no threads, so `runtime` and
//! `compare` are not there.

#[cfg(not(target_arch = "wasm32"))]
pub mod compare;
pub mod id;
#[cfg(not(target_arch = "wasm32"))]
pub mod net;
pub mod policy;
pub mod rng;
#[cfg(not(target_arch = "wasm32"))]
pub mod runtime;
pub mod scenario;
pub mod sim;
pub mod sync;
pub mod task;
pub mod time;
pub mod trace;
pub mod view;
#[cfg(target_arch = "wasm32")]
pub mod wasm;
pub mod words;

/// The example of the README is a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;
