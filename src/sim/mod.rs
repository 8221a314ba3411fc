//! The world in virtual time: a deterministic simulation that runs the real policies over a simulated machine.
//!
//! ```no_run
//! # use dandori::{policy::Registry, scenario::Scenario, sim::Sim};
//! # fn scenario() -> Scenario { unimplemented!() }
//! let mut sim = Sim::new(&scenario(), &Registry::standard()).expect("a valid scenario");
//! while !sim.advance(100_000).done {}
//! println!("{:016x}", sim.finish().trace.digest());
//! ```
//!
//! Same scenario, same seed, same version: the same digest, on every target.

mod acts;
mod agenda;
mod decide;
mod driver;
mod engine;
mod host;
mod kernel;
mod poll;
mod pool;
mod sleep;
mod state;

pub use engine::{Options, Progress, Sim};
