//! The world in virtual time: a deterministic simulation that runs the real policies over a simulated machine.
//!
//! ```
//! # use dandori::{policy::Registry, scenario::{Problem, Scenario}, sim::Sim};
//! fn digest(scenario: &Scenario) -> Result<u64, Vec<Problem>> {
//!     let mut sim = Sim::new(scenario, &Registry::standard())?;
//!     while !sim.advance(100_000).done {}
//!     Ok(sim.finish().trace.digest())
//! }
//! ```
//!
//! Same scenario, same seed, same version: the same digest, on every target.

mod acts;
mod agenda;
mod decide;
mod driver;
mod ends;
mod engine;
mod host;
mod kernel;
mod monitor;
mod poll;
mod pool;
mod recorder;
mod sleep;
mod state;
mod waits;

pub use engine::{Options, Progress, Sim};
