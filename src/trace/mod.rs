//! The stream of events, and everything that is read from it.

pub mod chrome;
mod decode;
pub mod diverge;
pub mod event;
pub mod import;
pub mod jsonl;
pub mod laws;
pub mod metrics;
pub mod names;
pub mod record;
pub mod recording;

pub use event::{Cause, Ended, Event, Line, OffCpu, Place, PollEnd, Release, Role, Sleep, Waits, What};
pub use record::{Record, Sink, Trace};
pub use recording::{KindMeta, Meta, Recording};
