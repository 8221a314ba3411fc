//! Parts that several schedulers are built from. A policy puts them together by its own rules.
//!
//! | part | what it is |
//! | --- | --- |
//! | [`ring`] | a worker's own queue of fixed size, from which others steal without a lock |
//! | [`inject`] | a queue behind a lock, its length readable without: for all, or as a worker's mailbox or deque |
//! | [`idle`] | who is awake and who searches; the stack of sleepers |
//! | [`bells`] | one bell per worker, where a task waits for one certain worker |
//! | [`mod@bench`] | workers that no thread holds |
//! | [`homes`] | where each task lives, where tasks never change their worker |
//! | [`local_loop`] | the loop of a thread that runs only its own tasks |
//! | [`victims`] | a thief's way through the others |
//! | [`blocking`] | the blocking pool's parameters and rules |
//! | [`pooled`] | a policy of a bench and that rule, which only says where tasks wait |

pub mod bells;
pub mod bench;
pub mod blocking;
pub mod homes;
pub mod idle;
pub mod inject;
pub mod local_loop;
pub mod pooled;
pub mod ring;
#[cfg(loom)]
mod ring_double;
pub mod victims;

pub use bells::Bells;
pub use bench::Bench;
pub use blocking::Blocking;
pub use homes::Homes;
pub use idle::{Idle, Sleepers};
pub use inject::Inject;
pub use local_loop::{LocalLoop, LoopRules, Mailbox};
pub use pooled::{Pooled, Queues};
pub use ring::{Ring, Stealer, Stolen, Taken};
pub use victims::Victims;

/// A worker's unbounded queue, first in first out, from which others may take.
pub type Deque<E> = Inject<E, ()>;
