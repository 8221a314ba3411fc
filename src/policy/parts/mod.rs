//! Parts that several schedulers are built from: a worker's ring, the lock-protected queue that all share, the count
//! of searching and sleeping workers. A policy puts them together by its own rules.

pub mod idle;
pub mod inject;
pub mod ring;
#[cfg(loom)]
mod ring_double;

pub use idle::{Idle, Sleepers};
pub use inject::Inject;
pub use ring::{Ring, Stealer, Stolen, Taken};
